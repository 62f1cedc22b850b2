/** Senders are told of messages that had to leave an inbox unread, at once or when they come back. */
import type { NotedRun, RemovedRun } from '../../mailbox/inbox-messages.ts'
import type { ReceiptEvent } from '../../protocol/entities/index.ts'
import { messageId, receiverTag } from '../../security/message-id.ts'
import { serverFrame } from '../answer.ts'
import { send } from '../delivery.ts'
import { wantsReceipts } from '../receipt-askers.ts'
import type { Step } from '../state.ts'

/** Names in one event, so that it stays a small message. */
const namesMax = 64

/** Tells the senders who are noted. */
export function tellRemoved(step: Step, removed: readonly RemovedRun[]): void {
  for (const run of removed) tell(step, run, run.why)
}

/** Tells the senders who asked that a device of the receiver has acknowledged stored messages. */
export function tellDelivered(step: Step, delivered: readonly NotedRun[]): void {
  for (const run of delivered) {
    if (wantsReceipts(step, Buffer.from(run.note).toString('utf8'))) tell(step, run, 'delivered')
  }
}

function tell(step: Step, run: NotedRun, status: ReceiptEvent['Status']): void {
  const { user, epoch, from, to, note } = run
  const sender = Buffer.from(note).toString('utf8')
  if (sender === '') return
  const tag = receiverTag(user)
  for (let first = from; first <= to; first += namesMax) {
    const count = Math.min(namesMax, to - first + 1)
    const names = Array.from({ length: count }, (_, index) => messageId(epoch, first + index, tag))
    const content: ReceiptEvent = { ToUserId: user, Status: status, Items: names.map((name) => ({ MsgId: name })) }
    send(step, sender, serverFrame(step, 'ReceiptEvent', content), undefined)
  }
}
