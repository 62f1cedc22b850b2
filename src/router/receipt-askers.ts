/** Who hears what becomes of messages after their answer: those who asked, also while they are away and after a restart. */
import type { ReceiptAsker } from '../mailbox/inbox-messages.ts'
import type { Step } from './state.ts'

/** So often the store is told again of one who asks at each login: nobody needs to know it better than to the day. */
const noteEveryMs = 86_400_000

/** A user has logged in, and wants receipts, or none, or says nothing about it. */
export function noteReceiptAsker(step: Step, user: string, wants: boolean | undefined): void {
  const { receiptAskers } = step.state
  if (wants === undefined) return
  const toldAt = receiptAskers.get(user)
  receiptAskers.delete(user)
  if (!wants) {
    if (toldAt !== undefined) tellStore(step, user, undefined)
    return
  }
  const isTold = toldAt !== undefined && Math.abs(step.now - toldAt) < noteEveryMs
  receiptAskers.set(user, isTold ? toldAt : step.now)
  if (!isTold) tellStore(step, user, step.now)
  dropOldest(step)
}

/** The store tells at the start who had asked, the one who did so longest ago first. */
export function receiptAskersKnown(step: Step, askers: readonly ReceiptAsker[]): void {
  for (const { user, askedAt } of askers) step.state.receiptAskers.set(user, askedAt)
  dropOldest(step)
}

/** Whether a user has asked. */
export function wantsReceipts({ state }: Step, user: string): boolean {
  return state.receiptAskers.has(user)
}

function dropOldest(step: Step): void {
  const { receiptAskers, options } = step.state
  for (const oldest of receiptAskers.keys()) {
    if (receiptAskers.size <= options.receiptAskersMax) return
    receiptAskers.delete(oldest)
    tellStore(step, oldest, undefined)
  }
}

function tellStore({ effects }: Step, user: string, askedAt: number | undefined): void {
  effects.push({ kind: 'noteReceiptAsker', user, askedAt })
}
