/** What passes between the main thread and the storage thread beside the mailbox: at its start only. */
import type { HistorySettings } from '../mailbox/history-messages.ts'
import type { InboxSettings } from '../mailbox/inbox-messages.ts'
import type { MailboxEnd } from '../mailbox/mailbox.ts'
import type { PlainStoreError } from '../mailbox/store-error.ts'

/** The `workerData` of the storage thread. */
export interface StoreThreadData {
  readonly dataDir: string
  readonly mailbox: MailboxEnd
  /** Those of `inboxSettingsDefault` where not given. */
  readonly inboxes?: InboxSettings
  /** None is kept where not given. */
  readonly history?: HistorySettings
}

/** The one message that the thread posts: the store is open, or why not. */
export type StoreThreadStarted =
  | { readonly kind: 'open' }
  | { readonly kind: 'refused'; readonly error: PlainStoreError }
