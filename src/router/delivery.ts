/** Messages from users to users: who gets them, and what their senders hear. */
import type { RelayMessage, WrittenMessage } from '../mailbox/router-messages.ts'
import { type ErrorCode, fault } from '../protocol/errors.ts'
import { confirmSent, refuse, succeed } from './answer.ts'
import type { Asker, UserFound } from './events.ts'
import { acceptorOf, type PendingDelivery, type Receipt, type Session, type Step, sessionOf } from './state.ts'

/** The type by which refusals of user messages are answered; any that is no request to the server does. */
const userMessage = 'TextMsgRequest'

/** Passes a run of frames on to all sessions of its receiver. */
export function relay(step: Step, run: RelayMessage): void {
  const sender = sessionOf(step.state, run.connection)
  // Its session has ended, of which it was told; what it sent after that does not count.
  if (sender === undefined) return
  const receivers = step.state.users.get(run.to)
  if (receivers === undefined) lookUp(step, run.to, askerOf(run))
  else deliver(step, receivers, run.frames, run.callbackIds.length === 0 ? undefined : askerOf(run))
}

function askerOf({ connection, callbackIds, count }: RelayMessage): Asker {
  return { kind: 'sender', connection, callbackIds, silent: count - callbackIds.length }
}

/** Sends frames to sessions; with an asker, the first write that completes is its answer. */
export function deliver(step: Step, receivers: readonly Session[], frames: Uint8Array, asker: Asker | undefined): void {
  const pending = asker === undefined ? undefined : open(step, asker, receivers.length)
  if (asker !== undefined && pending === undefined) {
    reject(step, asker, 'server_busy', undefined)
    return
  }
  for (const { connection } of receivers) {
    const receipt = pending === undefined ? 0 : newReceipt(step, { connection, delivery: pending })
    step.effects.push({ kind: 'send', connection, message: { kind: 'deliver', connection, receipt, frames } })
  }
}

function open(step: Step, asker: Asker, receivers: number): PendingDelivery | undefined {
  const { receipts, options } = step.state
  if (receipts.size + receivers > options.pendingReceiptsMax) return undefined
  return { asker, open: receivers, isAnswered: false }
}

function newReceipt(step: Step, entry: Receipt): number {
  const { state } = step
  const receipt = state.nextReceipt
  state.nextReceipt = receipt === 0xffff_ffff ? 1 : receipt + 1
  state.receipts.set(receipt, entry)
  return receipt
}

/** Writes have completed, or never will. */
export function written(step: Step, message: WrittenMessage): void {
  const { receipts } = step.state
  for (const receipt of message.receipts) {
    const pending = receipts.get(receipt)?.delivery
    if (pending === undefined) continue
    receipts.delete(receipt)
    pending.open--
    if (pending.isAnswered) continue
    if (message.completed) {
      pending.isAnswered = true
      confirm(step, pending.asker)
    } else if (pending.open === 0) {
      pending.isAnswered = true
      reject(step, pending.asker, 'user_offline', undefined)
    }
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

/**
 * Tells whoever asked that what was sent was not delivered.
 *
 * @param to the receiver, to be named to senders who gave no `CallbackID`; undefined when they are not told
 */
export function reject(step: Step, asker: Asker, code: ErrorCode, to: string | undefined): void {
  switch (asker.kind) {
    case 'command':
      step.effects.push({ kind: 'commandReply', id: asker.id, reply: { name: 'send', status: 'rejected', code } })
      break
    case 'session':
      refuse(
        step,
        { ...asker, toUser: true },
        fault(code),
        to === undefined ? {} : { detail: { ToUserId: to, Count: 1 } },
      )
      break
    case 'sender': {
      const { connection } = asker
      for (const callbackId of asker.callbackIds) {
        refuse(step, { connection, type: userMessage, callbackId, toUser: true }, fault(code))
      }
      if (asker.silent > 0 && to !== undefined) {
        const detail = { ToUserId: to, Count: asker.silent }
        refuse(step, { connection, type: userMessage, callbackId: undefined, toUser: true }, fault(code), { detail })
      }
      break
    }
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
}
