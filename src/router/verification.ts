/**
 * Signed messages: they go on when their signatures were found to be right, and whatever the same session sent after them
 * waits until then, so that its messages keep their order. A signature is checked elsewhere; a repeat is known here.
 */
import { messageKeyBytes } from '../mailbox/message-key.ts'
import type {
  RelayMessage,
  RelaySignedMessage,
  RequestMessage,
  SignedFacts,
  SignedItem,
} from '../mailbox/router-messages.ts'
import { type ErrorCode, fault } from '../protocol/errors.ts'
import { signatureVerdicts } from '../security/signature-bundle.ts'
import { refuse, reject } from './answer.ts'
import { relay } from './delivery.ts'
import { hasRoomFor, hold, takeHeld } from './held.ts'
import { request } from './requests.ts'
import { type Session, type Step, sessionOf } from './state.ts'

/** Takes a run of messages to a user. */
export function takeRelay(step: Step, run: RelayMessage): void {
  const session = sessionOf(step.state, run.connection)
  if (session === undefined || session.held.length === 0) {
    relay(step, run)
  } else if (hasRoomFor(step, run)) {
    const keys = run.keys === undefined ? undefined : Buffer.from(run.keys)
    hold(step, session, { ...run, keys, frames: Buffer.from(run.frames) }, 'unsigned')
  } else {
    const { connection, callbackIds, count, to } = run
    reject(step, { kind: 'sender', connection, callbackIds, silent: count - callbackIds.length }, 'server_busy', to)
  }
}

/** Takes a request to the server. */
export function takeRequest(step: Step, message: RequestMessage): void {
  const session = sessionOf(step.state, message.connection)
  if (session === undefined) return
  if (message.signed !== undefined) takeSigned(step, message)
  else if (session.held.length === 0) request(step, message)
  else if (hasRoomFor(step, message)) hold(step, session, message, 'unsigned')
  else refuse(step, { ...message, toUser: false }, fault('server_busy'))
}

/** Takes a run of signed messages, or a signed request: has the signatures checked. */
export function takeSigned(step: Step, message: RelaySignedMessage | RequestMessage): void {
  const { state, effects } = step
  const session = sessionOf(state, message.connection)
  if (session === undefined || message.bundle === undefined) return
  if (!hasRoomFor(step, message)) {
    // Without verdicts it is refused in its turn.
    hold(step, session, message, { verdicts: undefined })
    drain(step, session)
    return
  }
  const bundle = state.nextBundle++
  state.bundles.set(bundle, { session, held: hold(step, session, message, 'checking') })
  effects.push({ kind: 'verify', bundle, bytes: message.bundle })
}

/** A bundle was checked, or could not be: whoever waited for it goes on. */
export function verified(step: Step, bundle: number, verdicts: Uint8Array | undefined): void {
  const found = step.state.bundles.get(bundle)
  if (found === undefined) return
  step.state.bundles.delete(bundle)
  const { session, held } = found
  held.state = { verdicts }
  // It is empty when the session has ended meanwhile.
  if (session.held[0] === held) drain(step, session)
}

/** Decides on what is due, in order, up to the first that is still being checked. */
function drain(step: Step, session: Session): void {
  const refused = new Map<ErrorCode, number>()
  let count = 0
  for (let held = takeHeld(step, session); held !== undefined; held = takeHeld(step, session)) {
    const { message, state } = held
    if (typeof state !== 'string') count++
    const verdicts = typeof state === 'string' ? undefined : state.verdicts
    switch (message.kind) {
      case 'relay':
        relay(step, message)
        break
      case 'request':
        decideRequest(step, session, message, verdicts, refused)
        break
      case 'relaySigned':
        decideRun(step, session, message, verdicts, refused)
        break
      default:
        message satisfies never
    }
  }
  if (count === 0) return
  const { connection } = session
  const message = { kind: 'verified', connection, count, refused: Object.fromEntries(refused) } as const
  step.effects.push({ kind: 'send', connection, message })
}

/** What is wrong with a signed message, now that its signature was checked. */
function problemOf(
  step: Step,
  session: Session,
  facts: SignedFacts,
  verdict: number | undefined,
): ErrorCode | undefined {
  if (verdict === undefined) return 'server_busy'
  // The key may have been revoked meanwhile.
  if (verdict !== signatureVerdicts.good || !session.keys.has(facts.key)) return 'bad_signature'
  const claim = { userId: session.user, id: facts.id, time: facts.time }
  return step.state.replays.accept(claim, Math.floor(step.now / 1000)) === 'fresh' ? undefined : 'replayed'
}

const blankKey = new Uint8Array(messageKeyBytes)

/** Whether a message was accepted before, and by its sender's id is known to be the same. */
function isKnown({ state }: Step, { messageKey }: SignedItem): boolean {
  return messageKey !== undefined && state.inbox.repeats.find(messageKey, 0)?.isSame === true
}

/** Passes on what is right and refuses what is not, in pieces of neighbours with the same fate. */
function decideRun(
  step: Step,
  session: Session,
  run: RelaySignedMessage,
  verdicts: Uint8Array | undefined,
  refused: Map<ErrorCode, number>,
): void {
  const { connection, to, frames, items } = run
  const fates = items.map((item, index) => {
    const problem = problemOf(step, session, item, verdicts?.[index])
    // Whoever had no answer sends the same again, with the same signature.
    return problem === 'replayed' && isKnown(step, item) ? undefined : problem
  })
  let start = 0
  for (let first = 0, next = 0; first < items.length; first = next) {
    const problem = fates[first]
    const callbackIds: string[] = []
    const keys: Uint8Array[] = []
    // In a run all messages ask for answers, or none does.
    const asks = items[first]?.callbackId !== undefined
    let end = start
    for (; next < items.length && fates[next] === problem; next++) {
      const item = items[next]
      if ((item?.callbackId !== undefined) !== asks) break
      keys.push(item?.messageKey ?? blankKey)
      if (item?.callbackId !== undefined) callbackIds.push(item.callbackId)
      end += item?.byteCount ?? 0
    }
    const count = next - first
    if (problem === undefined) {
      relay(step, {
        kind: 'relay',
        connection,
        to,
        count,
        callbackIds,
        isVolatile: false,
        keys: Buffer.concat(keys),
        frames: frames.subarray(start, end),
      })
    } else {
      refused.set(problem, (refused.get(problem) ?? 0) + count)
      reject(step, { kind: 'sender', connection, callbackIds, silent: count - callbackIds.length }, problem, to)
    }
    start = end
  }
}

function decideRequest(
  step: Step,
  session: Session,
  message: RequestMessage,
  verdicts: Uint8Array | undefined,
  refused: Map<ErrorCode, number>,
): void {
  const problem = message.signed === undefined ? undefined : problemOf(step, session, message.signed, verdicts?.[0])
  if (problem === undefined) {
    request(step, message)
    return
  }
  refused.set(problem, (refused.get(problem) ?? 0) + 1)
  refuse(step, { ...message, toUser: false }, fault(problem))
}
