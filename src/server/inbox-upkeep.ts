/** What has to be done to inboxes now and then: messages past their time leave, and devices that are gone are forgotten. Runs on: the main thread. */
import type { RemovedRun } from '../mailbox/inbox-messages.ts'
import type { Store } from '../mailbox/store-messages.ts'
import type { RouterShell } from '../router/router-shell.ts'

/** What the upkeep works on. */
export interface InboxUpkeepOptions {
  readonly store: Store
  /** Told of messages that left unread. */
  readonly onRemoved: (removed: readonly RemovedRun[]) => void
  readonly deviceMs: number
  readonly everyMs: number
  /** Segments, or devices, that are looked at in one go. */
  readonly lookMax: number
  /** Unix milliseconds. */
  readonly now: () => number
}

/** Begins; gives what ends it. */
export function keepInboxStore(options: InboxUpkeepOptions): () => void {
  let isAtWork = false
  const timer = setInterval(() => {
    if (isAtWork) return
    isAtWork = true
    // A disk that fails now may be well the next time; whoever needs the store hears of it.
    void lookOnce(options)
      .catch(() => {})
      .finally(() => {
        isAtWork = false
      })
  }, options.everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** Looks at everything once, in pieces, so that others get their turn. */
export async function lookOnce({ store, onRemoved, deviceMs, lookMax, now }: InboxUpkeepOptions): Promise<void> {
  for (let more = true; more; ) {
    const expired = await store.call('expire', { limit: lookMax })
    if (expired.removed.length > 0) onRemoved(expired.removed)
    more = expired.more
  }
  for (let more = true; more; )
    more = (await store.call('forgetDevices', { before: now() - deviceMs, limit: lookMax })).more
}

const usersAtOnce = 10_000
const journalBytesAtOnce = 1_048_576
const journalMs = 86_400_000

/** Tells the router what the store knows from before, page by page. */
export async function rememberInboxes(store: Store, shell: Pick<RouterShell, 'remember'>, now: number): Promise<void> {
  for (let from = 0, more = true; more; from += usersAtOnce) {
    const page = await store.call('listInboxes', { from, limit: usersAtOnce })
    shell.remember({ kind: 'inboxesKnown', users: page.users })
    more = page.more
  }
  for (let from = 0, more = true; more; from += usersAtOnce) {
    const page = await store.call('listReceiptAskers', { from, limit: usersAtOnce })
    shell.remember({ kind: 'receiptAskersKnown', askers: page.askers })
    more = page.more
  }
  for (let after: number | undefined = 0; after !== undefined; ) {
    const since = now - journalMs
    const page: { entries: Uint8Array; next: number | undefined } = await store.call('loadJournal', {
      after,
      since,
      bytesMax: journalBytesAtOnce,
    })
    shell.remember({ kind: 'journalLoaded', entries: page.entries })
    after = page.next
  }
}
