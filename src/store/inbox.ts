/**
 * One user's inbox in memory: which segments lie in it, in order, and how far they are needed still. Pure: it says
 * what is to be removed, and others write. Invariants: segments are sorted and don't overlap; none lies wholly at or
 * before the floor; `count` and `bytes` are what comes after the floor; the floor never moves back.
 */
import { beginning, comparePositions, laterPosition, type Position } from '../mailbox/position.ts'
import { type Device, Devices } from './devices.ts'
import {
  bytesOfPart,
  countAfter,
  firstIndexAfter,
  lastSeqOf,
  partAfter,
  type Segment,
  type SegmentPart,
} from './segment.ts'

/** What `restore` needs to put an inbox back. */
export interface InboxSnapshot {
  readonly segments: Segment[]
  readonly length: number
  readonly devices: Map<string, Device>
  readonly dropped: Position
  readonly delivered: Position
  readonly floor: Position
  readonly count: number
  readonly bytes: number
}

/** The part of a run that is not there yet: `count` frames after the first `skip`. */
export interface NewPart {
  readonly skip: number
  readonly count: number
}

/** See the head of the file. */
export class Inbox {
  readonly user: string
  /** Added to at its end only, and replaced where anything else changes: so a snapshot need not copy it. */
  #segments: Segment[] = []
  #devices = new Devices()
  /** Up to where messages were dropped to make room. */
  #dropped: Position = beginning
  /** Up to where the first device has acknowledged. */
  #delivered: Position = beginning
  #floor: Position = beginning
  #count = 0
  #bytes = 0

  constructor(user: string) {
    this.user = user
  }

  get segments(): readonly Segment[] {
    return this.#segments
  }

  get devices(): Devices {
    return this.#devices
  }

  get dropped(): Position {
    return this.#dropped
  }

  get delivered(): Position {
    return this.#delivered
  }

  /** Nothing up to here is to be had any more. */
  get floor(): Position {
    return this.#floor
  }

  /** Messages that wait. */
  get count(): number {
    return this.#count
  }

  /** Their bytes, where a segment has gone in part by the mean of its messages. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether nothing at all is known of the user. */
  get isBlank(): boolean {
    return this.#segments.length === 0 && this.#devices.byName.size === 0 && this.#dropped.epoch === 0
  }

  snapshot(): InboxSnapshot {
    return {
      segments: this.#segments,
      length: this.#segments.length,
      devices: new Map(this.#devices.byName),
      dropped: this.#dropped,
      delivered: this.#delivered,
      floor: this.#floor,
      count: this.#count,
      bytes: this.#bytes,
    }
  }

  restore(snapshot: InboxSnapshot): void {
    this.#segments = snapshot.segments
    this.#segments.length = snapshot.length
    this.#devices = new Devices(snapshot.devices)
    this.#dropped = snapshot.dropped
    this.#delivered = snapshot.delivered
    this.#floor = snapshot.floor
    this.#count = snapshot.count
    this.#bytes = snapshot.bytes
  }

  /** Takes over what the database knows beside segments. Segments are added after. */
  load(state: { readonly dropped: Position; readonly delivered: Position }): void {
    this.#dropped = state.dropped
    this.#delivered = laterPosition(state.delivered, this.#devices.furthest())
    this.#floor = laterPosition(this.#floor, this.#dropped)
  }

  /** Which part of a run is neither here nor gone: all of it, but for a run that is appended again. */
  newPart(run: Position & { readonly count: number }): NewPart {
    const end = run.seq + run.count
    let first = run.seq
    if (this.#floor.epoch > run.epoch) return { skip: run.count, count: 0 }
    if (this.#floor.epoch === run.epoch) first = Math.max(first, this.#floor.seq + 1)
    const before = { epoch: run.epoch, seq: first - 1 }
    for (let index = firstIndexAfter(this.#segments, before); index < this.#segments.length; index++) {
      const segment = this.#segments[index] as Segment
      if (segment.epoch !== run.epoch || segment.firstSeq >= end) break
      // What is here already begins later: then the part before it is new, and what follows it was stored as well.
      if (segment.firstSeq > first) return { skip: first - run.seq, count: segment.firstSeq - first }
      first = lastSeqOf(segment) + 1
    }
    const skip = Math.min(first - run.seq, run.count)
    return { skip, count: run.count - skip }
  }

  /** Whether a message lies here and is still needed. */
  has(place: Position): boolean {
    const segment = this.#segments[firstIndexAfter(this.#segments, { epoch: place.epoch, seq: place.seq - 1 })]
    if (segment === undefined || comparePositions(place, this.#floor) <= 0) return false
    return segment.epoch === place.epoch && segment.firstSeq <= place.seq
  }

  /** Adds a segment in its place; it must not overlap another. */
  add(segment: Segment): void {
    const place = { epoch: segment.epoch, seq: segment.firstSeq }
    const index = firstIndexAfter(this.#segments, place)
    if (index === this.#segments.length) this.#segments.push(segment)
    else this.#segments = [...this.#segments.slice(0, index), segment, ...this.#segments.slice(index)]
    this.#account(segment, 1)
  }

  /** Adds messages at the end of a segment that is not written yet. */
  extend(segment: Segment, added: { readonly count: number; readonly bytes: number }): void {
    this.#account(segment, -1)
    segment.count += added.count
    segment.bytes += added.bytes
    this.#account(segment, 1)
  }

  /** Drops the oldest messages until there is room for so many more. Gives what was dropped. */
  dropOldest(room: { readonly countMax: number; readonly bytesMax: number }): readonly SegmentPart[] {
    const dropped: SegmentPart[] = []
    let { count, bytes } = { count: this.#count, bytes: this.#bytes }
    for (const segment of this.#segments) {
      if (count <= room.countMax && bytes <= room.bytesMax) break
      const waiting = partAfter(segment, this.#floor)
      if (waiting === undefined) continue
      const size = waiting.to - waiting.from + 1
      const byBytes = Math.ceil(((bytes - room.bytesMax) * segment.count) / segment.bytes)
      const taken = Math.min(size, Math.max(count - room.countMax, byBytes))
      const to = waiting.from + taken - 1
      dropped.push({ segment, from: waiting.from, to })
      count -= taken
      bytes -= bytesOfPart(segment, size) - bytesOfPart(segment, size - taken)
      this.#dropped = laterPosition(this.#dropped, { epoch: segment.epoch, seq: to })
    }
    return dropped
  }

  /** Messages past their time; they are out of the inbox when this returns, and `removed` has their segments. */
  expire(now: number): readonly SegmentPart[] {
    if (!this.#segments.some((segment) => segment.expires <= now)) return []
    const expired: SegmentPart[] = []
    this.#segments = this.#segments.filter((segment) => {
      if (segment.expires > now) return true
      const part = partAfter(segment, this.#floor)
      if (part !== undefined) expired.push(part)
      this.#account(segment, -1)
      return false
    })
    return expired
  }

  /** The first device came to a place. Gives the parts of segments that reached their first device by that. */
  deliver(place: Position): readonly SegmentPart[] {
    if (comparePositions(place, this.#delivered) <= 0) return []
    const parts: SegmentPart[] = []
    // What is before the floor went some other way, to a client that does not acknowledge, say.
    const after = laterPosition(this.#delivered, this.#floor)
    for (let index = firstIndexAfter(this.#segments, after); index < this.#segments.length; index++) {
      const segment = this.#segments[index] as Segment
      if (comparePositions({ epoch: segment.epoch, seq: segment.firstSeq }, place) > 0) break
      const part = partAfter(segment, after)
      if (part === undefined) continue
      const to = segment.epoch === place.epoch ? Math.min(part.to, place.seq) : part.to
      // All that the device has of it went some other way.
      if (to < part.from) continue
      parts.push({ segment, from: part.from, to })
    }
    this.#delivered = place
    return parts
  }

  /** Raises the floor to where devices and drops allow it, and takes out the segments that nobody needs any more. */
  settle(): readonly Segment[] {
    const floor = laterPosition(laterPosition(this.#dropped, this.#devices.floor()), this.#floor)
    if (comparePositions(floor, this.#floor) <= 0) return []
    const passed = firstIndexAfter(this.#segments, floor)
    const touched = Math.min(passed + 1, this.#segments.length)
    for (let index = 0; index < touched; index++) this.#account(this.#segments[index] as Segment, -1)
    this.#floor = floor
    const gone = this.#segments.slice(0, passed)
    if (passed > 0) this.#segments = this.#segments.slice(passed)
    if (touched > passed) this.#account(this.#segments[0] as Segment, 1)
    return gone
  }

  /** Takes out everything, as if the user had never been here. Gives the segments. */
  clear(): readonly Segment[] {
    const gone = this.#segments
    this.restore(new Inbox(this.user).snapshot())
    return gone
  }

  /** How much waits after a place. */
  waitingAfter(place: Position): { count: number; bytes: number } {
    const after = laterPosition(place, this.#floor)
    let count = 0
    let bytes = 0
    for (let index = firstIndexAfter(this.#segments, after); index < this.#segments.length; index++) {
      const segment = this.#segments[index] as Segment
      const left = countAfter(segment, after)
      count += left
      bytes += bytesOfPart(segment, left)
    }
    return { count, bytes }
  }

  /** Counts the messages of a segment in, or out of, what waits. */
  #account(segment: Segment, sign: 1 | -1): void {
    const left = countAfter(segment, this.#floor)
    this.#count += sign * left
    this.#bytes += sign * bytesOfPart(segment, left)
  }
}
