/**
 * What has arrived at a client by its numbers, and how much of that has been handled: finds repeats and holes, and knows
 * the cursor that may be acknowledged. Pure.
 *
 *              cursor                           last
 *     ───────────┼──────────────────────────────┼──────────▶ numbers
 *      handled,   entries: waiting, handled,      to come
 *      a repeat   abandoned (to be shown again)
 */
import { type Cursor, compareCursors } from './cursor.ts'

/** A message that has arrived and is not covered by the cursor yet. */
export interface Arrival {
  readonly at: Cursor
  /** `abandoned`: nobody handled it, and nobody will; when it comes again it is shown again. */
  phase: 'waiting' | 'handled' | 'abandoned'
}

/** Messages that will not come any more. */
export interface Loss {
  /** How many; undefined when that is not known. */
  readonly count: number | undefined
  /** They are after this place; undefined when this client had no place before. */
  readonly after: Cursor | undefined
  /** The last place that is lost, or where reading goes on. */
  readonly upTo: Cursor
}

/** What a message is that has just come. */
export type Arrived =
  /** To be shown, and handed back by `handled` or `abandon`. */
  | { readonly kind: 'new'; readonly arrival: Arrival; readonly loss: Loss | undefined }
  /** It came before, and nobody handled it. */
  | { readonly kind: 'again'; readonly arrival: Arrival }
  /** It was said to be lost, and comes after all, out of its order. */
  | { readonly kind: 'late'; readonly arrival: Arrival }
  /** It has been shown, or is being handled. */
  | { readonly kind: 'repeat' }
  /** Too many wait to be handled. It is not taken in, and neither is what follows; the next login brings it again. */
  | { readonly kind: 'full' }

/** What the server says of the place at a login. */
export interface LoginPlace {
  /** Everything up to here counts as acknowledged. */
  readonly at: Cursor
  /** False: something between this client's cursor and `at` is gone. */
  readonly recovered: boolean
  readonly missing: number | undefined
}

/** How many messages may wait to be handled. The server sends far fewer before it waits. */
export const arrivalsMax = 10_000
/** Holes that are remembered, for messages that come late. */
const holesMax = 64

/** See the head of the file. */
export class Arrivals {
  /** By their numbers. The first `#first` are done with. */
  #entries: (Arrival | undefined)[] = []
  #first = 0
  #holes: { readonly epoch: string; from: number; to: number }[] = []
  #last: Cursor | undefined
  #cursor: Cursor | undefined
  #isFull = false

  /** Everything up to here was handled. */
  get cursor(): Cursor | undefined {
    return this.#cursor
  }

  /** How many have arrived and are not covered by the cursor. */
  get count(): number {
    return this.#entries.length - this.#first
  }

  /** Begins where an earlier run of the program has stopped. */
  restore(cursor: Cursor): void {
    this.#cursor = cursor
    this.#last = cursor
  }

  /**
   * A login has succeeded: what the server sends now begins after its place. What is handled just now stays
   * known, so that it is not shown twice.
   *
   * @returns what is lost
   */
  begin({ at, recovered, missing }: LoginPlace): Loss | undefined {
    this.#isFull = false
    const before = this.#cursor
    const loss = recovered ? undefined : { count: missing, after: before, upTo: at }
    if (before === undefined || isEarlierEpoch(at, before)) {
      // Nothing is known yet, or the server was set back to an older state and numbers anew.
      this.#entries = []
      this.#first = 0
      this.#holes = []
      this.#cursor = at
      this.#last = at
      return loss
    }
    if (compareCursors(at, before) > 0) {
      this.#cursor = at
      while (this.count > 0 && compareCursors(this.#entryAt(this.#first).at, at) <= 0) this.#drop()
    }
    if (this.#last === undefined || compareCursors(at, this.#last) > 0) this.#last = at
    return loss
  }

  /** A message with a number has come. Without room, one that is new is not taken in. */
  arrive(at: Cursor, hasRoom = true): Arrived {
    if (this.#last === undefined || compareCursors(at, this.#last) > 0) return this.#next(at, hasRoom)
    if (this.#cursor !== undefined && compareCursors(at, this.#cursor) > 0) {
      const entry = this.#entries[this.#indexOf(at)]
      if (entry?.phase === 'abandoned' && compareCursors(entry.at, at) === 0) {
        entry.phase = 'waiting'
        return { kind: 'again', arrival: entry }
      }
    }
    return this.#fillsHole(at) ? this.#late(at) : { kind: 'repeat' }
  }

  /**
   * A message was handled.
   *
   * @returns by how many messages that moved the cursor on
   */
  handled(arrival: Arrival): number {
    if (arrival.phase !== 'waiting') return 0
    arrival.phase = 'handled'
    let count = 0
    while (this.count > 0 && this.#entryAt(this.#first).phase === 'handled') {
      const { at } = this.#entryAt(this.#first)
      if (this.#cursor === undefined || compareCursors(at, this.#cursor) > 0) this.#cursor = at
      this.#drop()
      count++
    }
    return count
  }

  /** Nobody will handle a message: the cursor stays before it until it has come again. */
  abandon(arrival: Arrival): void {
    if (arrival.phase === 'waiting') arrival.phase = 'abandoned'
  }

  #next(at: Cursor, hasRoom: boolean): Arrived {
    if (this.#isFull || !hasRoom || this.count >= arrivalsMax) {
      this.#isFull = true
      return { kind: 'full' }
    }
    const loss = this.#hole(at)
    this.#last = at
    const arrival: Arrival = { at, phase: 'waiting' }
    this.#entries.push(arrival)
    return { kind: 'new', arrival, loss }
  }

  /** The hole before a number, within its epoch: what another epoch lacks is told at the login. */
  #hole(at: Cursor): Loss | undefined {
    const last = this.#last
    if (last === undefined || last.epoch !== at.epoch || at.seq === last.seq + 1) return undefined
    const hole = { epoch: at.epoch, from: last.seq + 1, to: at.seq - 1 }
    this.#holes.push(hole)
    if (this.#holes.length > holesMax) this.#holes.shift()
    return { count: hole.to - hole.from + 1, after: last, upTo: { epoch: at.epoch, seq: hole.to } }
  }

  /** Whether a number lies in a hole; the hole is then without it. */
  #fillsHole({ epoch, seq }: Cursor): boolean {
    const index = this.#holes.findIndex((hole) => hole.epoch === epoch && hole.from <= seq && seq <= hole.to)
    const hole = this.#holes[index]
    if (hole === undefined) return false
    const rest = [
      { epoch, from: hole.from, to: seq - 1 },
      { epoch, from: seq + 1, to: hole.to },
    ]
    this.#holes.splice(index, 1, ...rest.filter(({ from, to }) => from <= to))
    return true
  }

  #late(at: Cursor): Arrived {
    const arrival: Arrival = { at, phase: 'waiting' }
    this.#entries.splice(this.#indexOf(at), 0, arrival)
    return { kind: 'late', arrival }
  }

  /** The index of the first entry that is not before a place. */
  #indexOf(at: Cursor): number {
    let [low, high] = [this.#first, this.#entries.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (compareCursors(this.#entryAt(middle).at, at) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #entryAt(index: number): Arrival {
    const entry = this.#entries[index]
    if (entry === undefined) throw new Error(`there is no arrival at ${index}`)
    return entry
  }

  #drop(): void {
    this.#entries[this.#first++] = undefined
    // The done half is let go of at once, not one by one: constant time each.
    if (this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }
}

function isEarlierEpoch(at: Cursor, than: Cursor): boolean {
  return at.epoch !== than.epoch && compareCursors(at, than) < 0
}
