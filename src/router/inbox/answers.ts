/** What senders hear of their messages: one answer for each `CallbackID`, put together from text, one piece for each sender and step. */
import type { ConnectionId } from '../../mailbox/router-messages.ts'
import { frameOf } from '../../protocol/replies.ts'
import type { Step } from '../state.ts'

/** What became of a message that was not refused. */
export type DeliveryStatus = 'delivered' | 'stored' | 'sent'

/** One answer. */
export interface Answer {
  readonly callbackId: string
  readonly status: DeliveryStatus
  /** The message's name; undefined for one without a number. */
  readonly messageId: string | undefined
  readonly isDuplicate: boolean
}

/** Adds an answer to what this step says to a connection. */
export function answer(
  step: Step,
  connection: ConnectionId,
  { callbackId, status, messageId, isDuplicate }: Answer,
): void {
  const data = { Status: status, ...(messageId === undefined ? {} : { MsgId: messageId }) }
  const content = JSON.stringify({ Success: true, Data: isDuplicate ? { ...data, Duplicate: true } : data })
  const head = `{"MsgType":"CommonResponse","CreateTime":${Math.floor(step.now / 1000)},"CallbackID":`
  const body = `${head}${JSON.stringify(callbackId)},"Content":${JSON.stringify(content)}}`
  sayLater(step, connection, frameOf(step.state.options.delimiters, body))
}

/** Consecutive messages of one sender that came to the same. */
interface AnsweredRun {
  /** One for each message from the first one on; where they end, nobody asked. */
  readonly callbackIds: readonly string[]
  /** Those from one index up to another. */
  readonly from: number
  readonly until: number
  readonly status: DeliveryStatus
  /** The name of the message with an index. */
  readonly nameOf: (index: number) => string
}

/** Adds the answers to messages of a run, as one piece: as many pieces they cost a tenth of what storing a message does. */
export function answerRun(step: Step, connection: ConnectionId, run: AnsweredRun): void {
  const { callbackIds, from, status, nameOf } = run
  const until = Math.min(run.until, callbackIds.length)
  if (from >= until) return
  const head = `{"MsgType":"CommonResponse","CreateTime":${Math.floor(step.now / 1000)},"CallbackID":`
  // A name has nothing in it that JSON would write in another way.
  const middle = `,"Content":"{\\"Success\\":true,\\"Data\\":{\\"Status\\":\\"${status}\\",\\"MsgId\\":\\"`
  const texts: string[] = []
  let byteCount = 0
  for (let index = from; index < until; index++) {
    const text = `${head}${JSON.stringify(callbackIds[index])}${middle}${nameOf(index)}\\"}}"}`
    texts.push(text)
    byteCount += Buffer.byteLength(text) + 2
  }
  const { start, end } = step.state.options.delimiters
  const frames = Buffer.allocUnsafe(byteCount)
  let at = 0
  for (const text of texts) {
    frames[at++] = start
    at += frames.write(text, at)
    frames[at++] = end
  }
  sayLater(step, connection, frames)
}

/** Adds frames to what this step says to a connection. */
export function sayLater(step: Step, connection: ConnectionId, frames: Buffer): void {
  step.answers ??= new Map()
  const said = step.answers.get(connection)
  if (said === undefined) step.answers.set(connection, [frames])
  else said.push(frames)
}

/** Sends what was gathered: the last thing that a step does. */
export function sendAnswers(step: Step): void {
  if (step.answers === undefined) return
  for (const [connection, said] of step.answers) {
    const frames = said.length === 1 ? (said[0] as Buffer) : Buffer.concat(said)
    step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt: 0, frames } })
  }
  step.answers = undefined
}
