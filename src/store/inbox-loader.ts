/** Reads the inboxes of a database into memory at the start, and says what is wrong with them. */
import type { Inbox } from './inbox.ts'
import type { InboxTable } from './inbox-table.ts'
import { countAfter, type Segment } from './segment.ts'
import type { SegmentTable } from './segment-table.ts'

/** What was found. */
export interface LoadedInboxes {
  readonly rows: number
  /** The largest id of a segment. */
  readonly lastId: number
  /** Segments that cannot be told to be whose, and so are in no inbox. */
  readonly damaged: number
  /** Rows of devices and of what was dropped that are not what was written. */
  readonly damagedPlaces: number
  /** Segments that nobody needs any more. */
  readonly stale: readonly Segment[]
}

/** Loads into the inboxes that `inboxOf` gives; they must be new. Throws what SQLite throws. */
export function loadInboxes(
  tables: { readonly segments: SegmentTable; readonly inboxes: InboxTable },
  inboxOf: (user: string) => Inbox,
): LoadedInboxes {
  let rows = 0
  let lastId = 0
  let damaged = 0
  const stale: Segment[] = []
  const damagedPlaces = tables.inboxes.load(inboxOf)
  for (const page of tables.segments.list()) {
    rows += page.length
    for (const { user, segment, sound } of page) {
      lastId = Math.max(lastId, segment.id)
      if (!sound) {
        damaged++
        continue
      }
      const inbox = inboxOf(user)
      const left = countAfter(segment, inbox.floor)
      const { epoch, firstSeq, count } = segment
      if (left === 0) stale.push(segment)
      else if (inbox.newPart({ epoch, seq: firstSeq, count }).count === left) inbox.add(segment)
      else damaged++
    }
  }
  return { rows, lastId, damaged, damagedPlaces, stale }
}
