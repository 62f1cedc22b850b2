/**
 * The bounded ring between two threads: one writer, one reader, records of bytes in shared memory.
 * It never grows. A full ring is an outcome that the writer handles; an empty one lets the reader sleep.
 *
 * A record is a header of 8 bytes and a payload, padded to 8 bytes, never cut by the end of the memory:
 *
 *      0               4               8            8 + payload
 *     +---------------+---------------+------------+---------+
 *     | payload bytes | kind          | payload    | padding |
 *     +---------------+---------------+------------+---------+
 *
 * Positions are counts of 8-byte units modulo 2^32. Invariant: head <= published tail <= tail, and
 * tail - head <= capacity. The writer alone moves the tail, the reader alone the head. What was not
 * published does not exist for the reader, so a writer that dies leaves a whole ring behind.
 *
 * Nobody sleeps for good. Going to sleep is: announce it, then look again (`sleep`); publishing is: move the tail,
 * then look for a sleeper (`publish`). All four are sequentially consistent (ECMAScript, Atomics), so they
 * have one order, and in it at least one of the two looks comes after the other's announcement: either the reader
 * sees the record and stays awake, or the writer sees the sleeper. When both do, the exchange of the flag decides:
 * one of them gets the 1. If the writer got it, it wakes a reader that then still sleeps, since it sleeps until
 * it is woken; if the reader got it, it is awake and nobody is woken. So each sleep ends by exactly one
 * waking. Waiting for space is the same with the roles changed: `waitForSpace`, and `drain` with `owesSpaceSignal`.
 */

/** The memory of one ring, to be handed to both threads. */
export interface RingMemory {
  readonly memory: SharedArrayBuffer
}

// Control words, each on a cache line of its own so that the two threads do not share one by accident.
const HEAD = 0
const TAIL = 16
/** 1 while the reader sleeps. Set by the reader; who sets it back owes, or is spared, the waking. */
const READER_SLEEPS = 32
/** How many free units the writer waits for, 0 while it does not wait. Set by the writer; who sets it back owes, or is spared, the signal. */
const WRITER_WAITS = 48
const CONTROL_BYTES = 256

const UNIT_SHIFT = 3
const HEADER_BYTES = 8
/** The kind of the record that fills the end of the memory when the next one does not fit there. */
const KIND_PADDING = 0xffff_ffff

/**
 * Makes the memory of a ring.
 *
 * @param bytes capacity for records, a power of two from 1 KiB to 1 GiB
 */
export function createRing(bytes: number): RingMemory {
  const isPowerOfTwo = Number.isInteger(bytes) && (bytes & (bytes - 1)) === 0
  if (!isPowerOfTwo || bytes < 1024 || bytes > 2 ** 30) {
    throw new RangeError(`a ring's capacity must be a power of two from 1 KiB to 1 GiB, not ${bytes}`)
  }
  return { memory: new SharedArrayBuffer(CONTROL_BYTES + bytes) }
}

function unitsOf(payloadBytes: number): number {
  return (HEADER_BYTES + payloadBytes + 7) >>> UNIT_SHIFT
}

/** What both ends share. */
interface RingView {
  readonly control: Int32Array
  readonly bytes: Buffer
  readonly words: Uint32Array
  readonly capacityUnits: number
}

function viewOf(ring: RingMemory): RingView {
  const capacity = ring.memory.byteLength - CONTROL_BYTES
  return {
    control: new Int32Array(ring.memory, 0, CONTROL_BYTES / 4),
    bytes: Buffer.from(ring.memory, CONTROL_BYTES, capacity),
    words: new Uint32Array(ring.memory, CONTROL_BYTES, capacity / 4),
    capacityUnits: capacity >>> UNIT_SHIFT,
  }
}

/**
 * The writing end. `reserve` a place, fill it through `bytes`, `commit` it; `publish` after a batch.
 * Not reentrant: one record is open at a time.
 */
export class RingWriter {
  /** The ring's memory; valid to write from the offset that `reserve` gave. */
  readonly bytes: Buffer
  /** The largest payload that this ring ever takes: half of it, so that padding never blocks a record for good. */
  readonly payloadBytesMax: number
  readonly #control: Int32Array
  /** The same memory in words of 4 bytes: payloads begin at multiples of 8, so their heads can be written so, faster. */
  readonly words: Uint32Array
  readonly #capacityUnits: number
  #tailUnits: number
  #publishedUnits: number
  /** The head as last seen; read again only when the ring looks full, which saves a shared cache line a record. */
  #headUnits: number
  /** Where the open record begins, and the largest payload that it may get: -1 when no record is open. */
  #openUnit = 0
  #openBytes = -1
  /** What the record needs that found no room last, padding counted; 0 when the last one found some. */
  #wantedUnits = 0

  constructor(ring: RingMemory) {
    const view = viewOf(ring)
    this.bytes = view.bytes
    this.#control = view.control
    this.words = view.words
    this.#capacityUnits = view.capacityUnits
    this.payloadBytesMax = (view.capacityUnits << UNIT_SHIFT) / 2 - HEADER_BYTES
    this.#tailUnits = Atomics.load(view.control, TAIL) >>> 0
    this.#publishedUnits = this.#tailUnits
    this.#headUnits = Atomics.load(view.control, HEAD) >>> 0
  }

  /** Bytes that are free now, headers and padding not deducted. */
  freeBytes(): number {
    this.#headUnits = Atomics.load(this.#control, HEAD) >>> 0
    return (this.#capacityUnits - ((this.#tailUnits - this.#headUnits) >>> 0)) << UNIT_SHIFT
  }

  /**
   * Makes room for a record.
   *
   * @returns the offset in `bytes` at which its payload begins, or -1 when the ring is full: keep the
   * message, call `waitForSpace`, and come back when the reader has signalled.
   * @throws RangeError when the payload can never fit; senders bound sizes before they come here.
   */
  reserve(payloadBytes: number): number {
    if (payloadBytes > this.payloadBytesMax) {
      throw new RangeError(`a record of ${payloadBytes} bytes does not fit a ring that takes ${this.payloadBytesMax}`)
    }
    const units = unitsOf(payloadBytes)
    const position = this.#tailUnits & (this.#capacityUnits - 1)
    const untilEnd = this.#capacityUnits - position
    const needed = units <= untilEnd ? units : untilEnd + units
    if (!this.#hasFree(needed)) {
      this.#wantedUnits = needed
      return -1
    }
    this.#wantedUnits = 0
    let start = position
    if (units > untilEnd) {
      this.words[position * 2] = (untilEnd << UNIT_SHIFT) - HEADER_BYTES
      this.words[position * 2 + 1] = KIND_PADDING
      this.#tailUnits = (this.#tailUnits + untilEnd) >>> 0
      start = 0
    }
    this.#openUnit = start
    this.#openBytes = payloadBytes
    return (start << UNIT_SHIFT) + HEADER_BYTES
  }

  #hasFree(units: number): boolean {
    if (this.#capacityUnits - ((this.#tailUnits - this.#headUnits) >>> 0) >= units) return true
    this.#headUnits = Atomics.load(this.#control, HEAD) >>> 0
    return this.#capacityUnits - ((this.#tailUnits - this.#headUnits) >>> 0) >= units
  }

  /** Closes the record that `reserve` opened; its payload may be shorter than was reserved. */
  commit(kind: number, payloadBytes: number): void {
    if (payloadBytes > this.#openBytes) throw new Error('a record was committed that no reserve had made room for')
    this.words[this.#openUnit * 2] = payloadBytes
    this.words[this.#openUnit * 2 + 1] = kind
    this.#tailUnits = (this.#tailUnits + unitsOf(payloadBytes)) >>> 0
    this.#openBytes = -1
  }

  /**
   * Shows the reader all that was committed.
   *
   * @returns true when the reader sleeps and must be woken, which this caller then has to do; at most
   * one `publish` is told so for each sleep.
   */
  publish(): boolean {
    if (this.#publishedUnits === this.#tailUnits) return false
    this.#publishedUnits = this.#tailUnits
    Atomics.store(this.#control, TAIL, this.#tailUnits | 0)
    // The plain load first: an exchange on every batch would fight the reader for the cache line.
    if (Atomics.load(this.#control, READER_SLEEPS) === 0) return false
    return Atomics.exchange(this.#control, READER_SLEEPS, 0) === 1
  }

  /**
   * Asks the reader for a signal once half of the ring is free, or more if the last record that found no
   * room needs more. False when so much is free already. Publish before: nobody takes what was not shown.
   */
  waitForSpace(): boolean {
    const wanted = Math.max(this.#capacityUnits / 2, this.#wantedUnits)
    Atomics.store(this.#control, WRITER_WAITS, wanted)
    // Looks again after asking: the reader may have emptied the ring just before and then asks nobody.
    if (this.freeBytes() < wanted * 2 ** UNIT_SHIFT) return true
    return Atomics.exchange(this.#control, WRITER_WAITS, 0) === 0
  }
}

/** Takes one record. False leaves the record in the ring and ends the drain. */
export type RecordHandler = (kind: number, offset: number, payloadBytes: number) => boolean

/** The reading end. */
export class RingReader {
  /** The ring's memory; a record's bytes are valid until its handler returns. */
  readonly bytes: Buffer
  readonly #control: Int32Array
  /** The same memory in words of 4 bytes: payloads begin at multiples of 8, so their heads can be written so, faster. */
  readonly words: Uint32Array
  readonly #capacityUnits: number
  #headUnits: number

  constructor(ring: RingMemory) {
    const view = viewOf(ring)
    this.bytes = view.bytes
    this.#control = view.control
    this.words = view.words
    this.#capacityUnits = view.capacityUnits
    this.#headUnits = Atomics.load(view.control, HEAD) >>> 0
  }

  /**
   * Hands records to the handler, oldest first, until there is none, the handler refuses one, or
   * `recordsMax` were taken. The space of taken records is given back in one step at the end, also
   * when the handler throws: the record that it threw on counts as taken.
   *
   * @returns how many records were taken
   */
  drain(handler: RecordHandler, recordsMax: number): number {
    const tail = Atomics.load(this.#control, TAIL) >>> 0
    let taken = 0
    try {
      while (this.#headUnits !== tail && taken < recordsMax) {
        const position = this.#headUnits & (this.#capacityUnits - 1)
        const payloadBytes = this.words[position * 2] as number
        const kind = this.words[position * 2 + 1] as number
        const next = (this.#headUnits + unitsOf(payloadBytes)) >>> 0
        if (kind !== KIND_PADDING) {
          taken++
          const offset = (position << UNIT_SHIFT) + HEADER_BYTES
          let accepted = true
          try {
            accepted = handler(kind, offset, payloadBytes)
          } finally {
            if (accepted) this.#headUnits = next
          }
          if (!accepted) return taken - 1
        } else {
          this.#headUnits = next
        }
      }
    } finally {
      Atomics.store(this.#control, HEAD, this.#headUnits | 0)
    }
    return taken
  }

  /** Whether something is waiting. */
  hasMore(): boolean {
    return Atomics.load(this.#control, TAIL) >>> 0 !== this.#headUnits
  }

  /** Whether the writer waits for space and enough is free; the caller that is told so must signal it. */
  owesSpaceSignal(): boolean {
    const wanted = Atomics.load(this.#control, WRITER_WAITS)
    if (wanted === 0) return false
    const used = ((Atomics.load(this.#control, TAIL) >>> 0) - this.#headUnits) >>> 0
    if (this.#capacityUnits - used < wanted) return false
    return Atomics.exchange(this.#control, WRITER_WAITS, 0) !== 0
  }

  /**
   * Announces that the reader goes to sleep.
   *
   * @returns false when something came in between: then it must not sleep but drain again.
   */
  sleep(): boolean {
    Atomics.store(this.#control, READER_SLEEPS, 1)
    // Looks again after announcing: a writer that published just before saw no sleeper and wakes nobody.
    if (!this.hasMore()) return true
    return Atomics.exchange(this.#control, READER_SLEEPS, 0) === 0
  }
}
