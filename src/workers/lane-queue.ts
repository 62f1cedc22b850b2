/** What waits in one lane: a bounded first-in-first-out queue that gives out batches, and second tries singly. */

/** The limits of a lane. */
export interface LaneLimits {
  /** The most batches of this lane that threads work on at once. */
  readonly concurrency: number
  /** The most items of one batch: worth it where an item costs less than some hops (50 µs each). */
  readonly batchMax: number
  /** The most items that wait; one more is refused. */
  readonly queueMax: number
}

/** Entries in the order of their coming. Invariant: `size` is at most `queueMax` plus the second tries. */
export class LaneQueue<Entry> {
  readonly #queueMax: number
  readonly #batchMax: number
  // A Set keeps the order of insertion and forgets any entry at once, which an array does not.
  readonly #waiting = new Set<Entry>()
  readonly #alone = new Set<Entry>()

  constructor(limits: LaneLimits) {
    this.#queueMax = limits.queueMax
    this.#batchMax = limits.batchMax
  }

  /** Entries that wait. */
  get size(): number {
    return this.#waiting.size + this.#alone.size
  }

  /** Appends an entry; false when the queue is full. */
  push(entry: Entry): boolean {
    if (this.size >= this.#queueMax) return false
    this.#waiting.add(entry)
    return true
  }

  /** Takes back entries of a batch that failed: each goes out alone, before all others. They had a place, so no limit. */
  pushAlone(entries: Iterable<Entry>): void {
    for (const entry of entries) this.#alone.add(entry)
  }

  /** Takes an entry out, wherever it stands; false when it does not wait here. */
  remove(entry: Entry): boolean {
    return this.#waiting.delete(entry) || this.#alone.delete(entry)
  }

  /**
   * Takes the next batch.
   *
   * @param takers how many batches may be taken now: what waits is spread over them, so that none idles
   */
  takeBatch(takers: number): readonly Entry[] {
    for (const entry of this.#alone) {
      this.#alone.delete(entry)
      return [entry]
    }
    const count = Math.min(this.#batchMax, Math.ceil(this.#waiting.size / takers))
    const batch: Entry[] = []
    for (const entry of this.#waiting) {
      if (batch.length === count) break
      this.#waiting.delete(entry)
      batch.push(entry)
    }
    return batch
  }
}
