/** Takes out of a run what was sent before: it gets the first answer again, now or as soon as there is one. */
import { isBlankKey, messageKeyBytes } from '../../mailbox/message-key.ts'
import type { RelayMessage } from '../../mailbox/router-messages.ts'
import { messageId, receiverTag } from '../../security/message-id.ts'
import { reject } from '../answer.ts'
import type { Step } from '../state.ts'
import { answer } from './answers.ts'
import { offsetOf } from './frames.ts'
import type { Remembered } from './repeats.ts'

/**
 * Gives what of a run is new: the run itself, mostly. Each part has to be taken in before the next one is asked for, so that
 * an id that stands twice in one run is known the second time.
 */
export function* newParts(step: Step, run: RelayMessage): Generator<RelayMessage> {
  const { keys, count } = run
  if (keys === undefined) {
    yield run
    return
  }
  const { repeats } = step.state.inbox
  const inPart = new Set<string>()
  let first = 0
  for (let index = 0; index < count; index++) {
    const at = index * messageKeyBytes
    if (isBlankKey(keys, at)) continue
    const text = count === 1 ? '' : Buffer.from(keys.buffer, keys.byteOffset + at, messageKeyBytes).toString('latin1')
    if (!inPart.has(text) && repeats.find(keys, at) === undefined) {
      inPart.add(text)
      continue
    }
    if (index > first) yield partOf(step, run, keys, first, index)
    inPart.clear()
    first = index
    const known = repeats.find(keys, at)
    // What came first with this id was refused just now.
    if (known === undefined) continue
    repeat(step, run, run.callbackIds[index], known)
    first = index + 1
  }
  if (first === 0) yield run
  else if (first < count) yield partOf(step, run, keys, first, count)
}

function repeat(step: Step, run: RelayMessage, callbackId: string | undefined, known: Remembered): void {
  const { connection, to } = run
  if (!known.isSame) {
    const callbackIds = callbackId === undefined ? [] : [callbackId]
    reject(step, { kind: 'sender', connection, callbackIds, silent: 1 - callbackIds.length }, 'id_reused', to)
    return
  }
  if (callbackId === undefined) return
  const tag = receiverTag(to)
  if (known.status === 'pending') {
    const { waitingRepeats } = step.state.inbox
    const waiting = waitingRepeats.get(known.number)
    if (waiting === undefined) waitingRepeats.set(known.number, [{ connection, callbackId, tag }])
    else if (waiting.length < waitingRepeatsMax) waiting.push({ connection, callbackId, tag })
    return
  }
  const name = known.seq === 0 ? undefined : messageId(known.epoch, known.seq, tag)
  answer(step, connection, { callbackId, status: known.status, messageId: name, isDuplicate: true })
}

/** Somebody who sends one message more often while its first answer is due hears of it so many times. */
const waitingRepeatsMax = 16

function partOf(step: Step, run: RelayMessage, keys: Uint8Array, first: number, next: number): RelayMessage {
  const { end } = step.state.options.delimiters
  return {
    ...run,
    count: next - first,
    callbackIds: run.callbackIds.slice(first, next),
    keys: keys.subarray(first * messageKeyBytes, next * messageKeyBytes),
    frames: run.frames.subarray(offsetOf(run.frames, first, end), offsetOf(run.frames, next, end)),
  }
}
