/** Whether there is such a user: what is known of it decides whether messages may be stored. */
import type { Step } from '../state.ts'
import type { Recipient } from './recipient.ts'

/** There is: nobody waits to hear of it any more. */
export function proveExistence({ state }: Step, recipient: Recipient): void {
  if (recipient.existence === 'exists') return
  recipient.existence = 'exists'
  state.pendingLookups -= recipient.window.entries.length
}
