/** Messages from users to users: who gets them, and what their senders hear. */
import { isBlankKey, messageKeyBytes } from '../mailbox/message-key.ts'
import type { RelayMessage, WrittenMessage } from '../mailbox/router-messages.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import { confirmSent, reject, succeed } from './answer.ts'
import type { Asker, UserFound } from './events.ts'
import { accept, entryWritten, isRecipient, recipientFound } from './inbox/accept.ts'
import { answer } from './inbox/answers.ts'
import { pageWritten } from './inbox/readers.ts'
import { rememberDirect } from './inbox/remembered.ts'
import { newParts } from './inbox/repeated.ts'
import { newReceipt } from './receipts.ts'
import { acceptorOf, type PendingDelivery, type Session, type Step, sessionOf } from './state.ts'

/** Passes a run of frames on: to the sessions of its receiver, or to its inbox. */
export function relay(step: Step, run: RelayMessage): void {
  const sender = sessionOf(step.state, run.connection)
  // Its session has ended, of which it was told; what it sent after that does not count.
  if (sender === undefined) return
  if (run.keys === undefined) pass(step, run, sender)
  else for (const part of newParts(step, run)) pass(step, part, sender)
}

function pass(step: Step, run: RelayMessage, sender: Session): void {
  const { to, isVolatile = false, frames, count, keys } = run
  const receivers = step.state.users.get(to)
  if (receivers !== undefined && (isVolatile || !isRecipient(step, to))) {
    const asker = run.callbackIds.length === 0 && keys === undefined ? undefined : askerOf(run)
    const isTaken = deliver(step, receivers, frames, asker, keys)
    if (isTaken && !isVolatile) rememberDirect(step, to, { from: sender.user, count, frames })
  } else if (isVolatile) {
    lookUp(step, to, askerOf(run))
  } else {
    accept(step, to, { count, frames, keys, asker: askerOf(run), from: sender.user }, existenceOf(receivers))
  }
}

/** Sends a message of the server's own to a user, or keeps it for one who is away. */
export function send(step: Step, to: string, frames: Uint8Array, asker: Asker | undefined): void {
  const receivers = step.state.users.get(to)
  if (receivers !== undefined && !isRecipient(step, to)) deliver(step, receivers, frames, asker)
  else accept(step, to, { count: 1, frames, keys: undefined, asker, from: undefined }, existenceOf(receivers))
}

function existenceOf(receivers: readonly Session[] | undefined): 'asked' | 'exists' {
  return receivers === undefined ? 'asked' : 'exists'
}

function askerOf({ connection, callbackIds, count }: RelayMessage): Asker {
  return { kind: 'sender', connection, callbackIds, silent: count - callbackIds.length }
}

/**
 * Sends frames to sessions; with an asker, the first write that completes is its answer.
 *
 * @param keys by which repeats of them are known; they need an asker
 * @returns false when they were refused
 */
function deliver(
  step: Step,
  receivers: readonly Session[],
  frames: Uint8Array,
  asker: Asker | undefined,
  keys?: Uint8Array,
): boolean {
  const pending = asker === undefined ? undefined : open(step, asker, receivers.length, keys)
  if (asker !== undefined && pending === undefined) {
    reject(step, asker, 'server_busy', undefined)
    return false
  }
  for (const { connection } of receivers) {
    const receipt = pending === undefined ? 0 : newReceipt(step, { kind: 'delivery', connection, delivery: pending })
    step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt, frames } })
  }
  return true
}

function open(step: Step, asker: Asker, receivers: number, keys: Uint8Array | undefined): PendingDelivery | undefined {
  const { receipts, options, inbox } = step.state
  if (receipts.size + receivers > options.pendingReceiptsMax) return undefined
  for (let at = 0; keys !== undefined && at < keys.length; at += messageKeyBytes) {
    // Without a number: its receiver does not count.
    if (!isBlankKey(keys, at)) inbox.repeats.add(keys, at, { status: 'pending', epoch: 0, seq: 0, now: step.now })
  }
  return { asker, open: receivers, isAnswered: false, keys: keys === undefined ? undefined : Buffer.from(keys) }
}

/** Writes have completed, or never will. */
export function written(step: Step, message: WrittenMessage): void {
  const { receipts } = step.state
  for (const number of message.receipts) {
    const receipt = receipts.get(number)
    if (receipt === undefined) continue
    receipts.delete(number)
    switch (receipt.kind) {
      case 'delivery':
        deliveryWritten(step, receipt.delivery, message.completed)
        break
      case 'page':
        pageWritten(step, receipt, number, message.completed)
        break
      case 'entry':
        entryWritten(step, receipt, message.completed)
        break
      default:
        receipt satisfies never
    }
  }
}

function deliveryWritten(step: Step, pending: PendingDelivery, isCompleted: boolean): void {
  pending.open--
  if (pending.isAnswered) return
  if (isCompleted) {
    pending.isAnswered = true
    confirm(step, pending.asker)
    settleKeys(step, pending, undefined)
  } else if (pending.open === 0) {
    pending.isAnswered = true
    reject(step, pending.asker, 'user_offline', undefined)
    settleKeys(step, pending, 'user_offline')
  }
}

/** Notes the answer for those who send again, and tells those who have done so already. */
function settleKeys(step: Step, { keys }: PendingDelivery, problem: ErrorCode | undefined): void {
  const { repeats, waitingRepeats } = step.state.inbox
  for (let at = 0; keys !== undefined && at < keys.length; at += messageKeyBytes) {
    if (isBlankKey(keys, at)) continue
    const number = problem === undefined ? repeats.settle(keys, at, 'sent') : repeats.remove(keys, at)
    if (number === undefined) continue
    for (const { connection, callbackId } of waitingRepeats.get(number) ?? []) {
      if (problem === undefined) {
        answer(step, connection, { callbackId, status: 'sent', messageId: undefined, isDuplicate: true })
      } else {
        reject(step, { kind: 'sender', connection, callbackIds: [callbackId], silent: 0 }, problem, undefined)
      }
    }
    waitingRepeats.delete(number)
  }
}

/** An acceptor is gone: what it had not written never will be. */
export function writesLost(step: Step, acceptor: number): void {
  const receipts: number[] = []
  for (const [receipt, { connection }] of step.state.receipts) {
    if (acceptorOf(connection) === acceptor) receipts.push(receipt)
  }
  written(step, { kind: 'written', receipts, completed: false })
}

function confirm(step: Step, asker: Asker): void {
  switch (asker.kind) {
    case 'sender':
      confirmSent(step, asker.connection, asker.callbackIds)
      break
    case 'session':
      succeed(step, asker)
      break
    case 'command':
      step.effects.push({ kind: 'commandReply', id: asker.id, reply: { name: 'send', status: 'sent' } })
      break
    default:
      asker satisfies never
  }
}

/** The receiver is not online: asks the store whether there is such a user at all. */
export function lookUp(step: Step, userId: string, asker: Asker): void {
  const { state } = step
  if (state.pendingLookups >= state.options.pendingLookupsMax) {
    reject(step, asker, 'server_busy', userId)
    return
  }
  state.pendingLookups++
  const waiting = state.lookups.get(userId)
  if (waiting !== undefined) {
    waiting.push(asker)
    return
  }
  state.lookups.set(userId, [asker])
  step.effects.push({ kind: 'findUser', userId })
}

/** The store has answered. */
export function userFound(step: Step, userId: string, found: UserFound): void {
  const { state } = step
  const waiting = state.lookups.get(userId) ?? []
  state.lookups.delete(userId)
  state.pendingLookups -= waiting.length
  const code = found === 'exists' ? 'user_offline' : found === 'unknown' ? 'user_unknown' : found
  for (const asker of waiting) reject(step, asker, code, userId)
  recipientFound(step, userId, found === 'exists' ? undefined : found === 'unknown' ? 'user_unknown' : found)
}
