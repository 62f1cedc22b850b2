/** Reads messages out of an inbox: whole segments' frames, the first from within where the reader is there already. */
import type { DamagedRange, InboxCalls, StoredFrames } from '../mailbox/inbox-messages.ts'
import { laterPosition, type Position } from '../mailbox/position.ts'
import { bytesOfFrames } from './frame-bytes.ts'
import type { Inbox } from './inbox.ts'
import { firstIndexAfter, lastSeqOf, partAfter, type Segment } from './segment.ts'
import type { SegmentTable } from './segment-table.ts'

/**
 * Reads what comes after a place. Segments whose bytes are not those that were written are named and left out.
 *
 * @param end the delimiter that ends a frame
 */
export function readInbox(
  inbox: Inbox,
  table: Pick<SegmentTable, 'readFrames'>,
  take: { readonly after: Position; readonly bytesMax: number },
  end: number,
): InboxCalls['readInbox']['give'] {
  const segments: StoredFrames[] = []
  const damaged: DamagedRange[] = []
  const after = laterPosition(take.after, inbox.floor)
  let last = after
  let bytes = 0
  for (let index = firstIndexAfter(inbox.segments, after); index < inbox.segments.length; index++) {
    const segment = inbox.segments[index] as Segment
    if (bytes > 0 && bytes + segment.bytes > take.bytesMax) return { segments, end: last, more: true, damaged }
    const part = partAfter(segment, after)
    if (part === undefined) continue
    const frames = table.readFrames(inbox.user, segment)
    if (frames === undefined) {
      damaged.push({ user: inbox.user, epoch: segment.epoch, from: part.from, to: part.to })
    } else {
      const skipped = part.from === segment.firstSeq ? 0 : bytesOfFrames(frames, part.from - segment.firstSeq, end)
      const count = part.to - part.from + 1
      segments.push({ epoch: segment.epoch, seq: part.from, count, frames: frames.subarray(skipped) })
      bytes += frames.length - skipped
    }
    last = { epoch: segment.epoch, seq: lastSeqOf(segment) }
  }
  return { segments, end: last, more: false, damaged }
}
