/** What time does: messages that nobody acknowledges are stored, waits come to their end, and what is idle is forgotten. */
import type { Step } from '../state.ts'
import { forgetRecipient } from './inbox-state.ts'
import { isOverdue, settle, tidy } from './outcomes.ts'
import { readAgain } from './readers.ts'
import { isIdle, type Recipient } from './recipient.ts'
import { storeHeld } from './storing.ts'

/** To be called now and then. */
export function keepInboxes(step: Step): void {
  const { inbox } = step.state
  for (const recipient of inbox.waiting) {
    const oldest = recipient.window.oldestHeld()
    if (oldest !== undefined && isOverdue(step, oldest)) storeHeld(step, recipient)
    for (const entry of recipient.window.entries) settle(step, recipient, entry)
    readAgain(step, recipient)
    tidy(step, recipient)
    if (recipient.window.entries.length === 0 && !isAwaitingStore(recipient)) rest(step, recipient)
  }
  while (inbox.idle.size > inbox.options.idleMax) {
    const [first] = inbox.idle
    if (first === undefined) break
    forgetRecipient(inbox, first)
  }
}

function isAwaitingStore({ readers }: Recipient): boolean {
  for (const { stage } of readers.values()) if (stage.kind === 'waiting') return true
  return false
}

/** Who is online and needs none of this is told of messages as they come, without numbers. */
function rest({ state }: Step, recipient: Recipient): void {
  state.inbox.waiting.delete(recipient)
  const isOnline = state.users.has(recipient.user)
  if (!isIdle(recipient, isOnline)) return
  if (isOnline) forgetRecipient(state.inbox, recipient)
  else state.inbox.idle.add(recipient)
}

/** An account was changed: nothing that is known of it need be true any more. */
export function forgetIfIdle({ state }: Step, user: string): void {
  const recipient = state.inbox.recipients.get(user)
  if (recipient !== undefined && isIdle(recipient, state.users.has(user))) forgetRecipient(state.inbox, recipient)
}

/** The server stops, and the store has not answered in time: whoever waits is told that it may have happened or not. */
export function giveUpStore(step: Step): void {
  const { inbox } = step.state
  inbox.isStoreDown = true
  inbox.isEnding = true
  for (const recipient of inbox.waiting) {
    for (const entry of recipient.window.entries) settle(step, recipient, entry)
  }
}

/** The server stops: nothing waits for an acknowledgement any more. */
export function storeAll(step: Step): void {
  step.state.inbox.isEnding = true
  for (const recipient of step.state.inbox.waiting) storeHeld(step, recipient)
}
