/** Runs and segments for the tests of inboxes. */
import type { TicketedRun } from '../../src/mailbox/inbox-codec.ts'
import type { Segment } from '../../src/store/segment.ts'
import { framesOf } from './inbox-model.ts'

/** A moment that no test reaches. */
export const never = 4_000_000_000_000

const nothing = new Uint8Array(0)

export function runOf(user: string, seq: number, count: number, changes: Partial<TicketedRun> = {}): TicketedRun {
  const epoch = changes.epoch ?? 1
  const frames = framesOf(user, { epoch, seq }, count)
  return { user, epoch, seq, count, expires: never, note: nothing, ids: nothing, frames, ticket: 0, ...changes }
}

let lastId = 0

export function segmentOf(firstSeq: number, count: number, changes: Partial<Segment> = {}): Segment {
  return { id: ++lastId, epoch: 1, firstSeq, count, bytes: count * 10, expires: never, noted: false, ...changes }
}
