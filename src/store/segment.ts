/** Segments in memory: what is known of each piece of an inbox without reading it, and which of its messages a place leaves. */
import { comparePositions, type Position } from '../mailbox/position.ts'

/** Consecutive messages to one user that were committed together; one row in the database. Grows only until it is written. */
export interface Segment {
  readonly id: number
  readonly epoch: number
  readonly firstSeq: number
  count: number
  /** Of the frames. */
  bytes: number
  /** Unix milliseconds. */
  expires: number
  /** Whether a run in it has a note. */
  noted: boolean
}

/** Messages of a segment, by number, both ends included. */
export interface SegmentPart {
  readonly segment: Segment
  readonly from: number
  readonly to: number
}

/** The number of a segment's last message. */
export function lastSeqOf(segment: Segment): number {
  return segment.firstSeq + segment.count - 1
}

/** How many of its messages come after a place. */
export function countAfter(segment: Segment, place: Position): number {
  if (segment.epoch !== place.epoch) return segment.epoch > place.epoch ? segment.count : 0
  return Math.min(Math.max(lastSeqOf(segment) - place.seq, 0), segment.count)
}

/** The bytes of so many of its messages, by their mean. */
export function bytesOfPart(segment: Segment, count: number): number {
  return count === segment.count ? segment.bytes : Math.ceil((segment.bytes / segment.count) * count)
}

/** Its messages after a place; undefined when there are none. */
export function partAfter(segment: Segment, place: Position): SegmentPart | undefined {
  const count = countAfter(segment, place)
  const to = lastSeqOf(segment)
  return count === 0 ? undefined : { segment, from: to - count + 1, to }
}

/** The index of the first segment that has messages after a place; segments in their order. */
export function firstIndexAfter(segments: readonly Segment[], place: Position): number {
  let low = 0
  let high = segments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const segment = segments[middle] as Segment
    if (comparePositions({ epoch: segment.epoch, seq: lastSeqOf(segment) }, place) > 0) high = middle
    else low = middle + 1
  }
  return low
}
