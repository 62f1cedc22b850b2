/**
 * What waits to be written to one connection: frames are gathered and leave in one write at a time.
 * Pure; its owner does the writing. Receipts are due when the write that holds their frames has completed.
 */

/** Buffers up to this size are kept for the next batch while the connection is busy. */
const keptBytesMax = 65_536
const initialBytes = 512

/** See the head of the file. */
export class OutputQueue {
  #gathering: Buffer | undefined
  #gatheredBytes = 0
  #gatheredReceipts: number[] | undefined
  #writing: Buffer | undefined
  #writingBytes = 0
  #writingReceipts: number[] | undefined
  #spare: Buffer | undefined
  /** Whether something besides the answer to the login has left: a connection that only rests keeps no memory. */
  #isUsed = false

  /** Bytes that have not left yet, the write under way included. */
  waitingBytes(): number {
    return this.#gatheredBytes + this.#writingBytes
  }

  /** Bytes that wait for the next write. */
  gatheredBytes(): number {
    return this.#gatheredBytes
  }

  /** Whether a write is under way. */
  isWriting(): boolean {
    return this.#writing !== undefined
  }

  /** Adds whole frames, copied. A receipt other than 0 comes back from `completed` or `abandon`. */
  append(frames: Uint8Array, receipt: number): void {
    const needed = this.#gatheredBytes + frames.length
    let buffer = this.#gathering
    if (buffer === undefined || buffer.length < needed) {
      buffer = this.#grown(buffer, needed)
      this.#gathering = buffer
    }
    buffer.set(frames, this.#gatheredBytes)
    this.#gatheredBytes = needed
    if (receipt !== 0) {
      this.#gatheredReceipts ??= []
      this.#gatheredReceipts.push(receipt)
    }
  }

  #grown(buffer: Buffer | undefined, needed: number): Buffer {
    if (buffer === undefined && this.#spare !== undefined && this.#spare.length >= needed) {
      const spare = this.#spare
      this.#spare = undefined
      return spare
    }
    // In memory of its own: a piece of a slab that stays would keep all of the slab.
    const larger = Buffer.allocUnsafeSlow(Math.max(initialBytes, needed, 2 * (buffer?.length ?? 0)))
    buffer?.copy(larger, 0, 0, this.#gatheredBytes)
    return larger
  }

  /** Begins a write of all that was gathered; undefined when there is nothing or a write is under way. */
  begin(): Buffer | undefined {
    if (this.#writing !== undefined || this.#gathering === undefined) return undefined
    this.#writing = this.#gathering
    this.#writingBytes = this.#gatheredBytes
    this.#writingReceipts = this.#gatheredReceipts
    this.#gathering = undefined
    this.#gatheredBytes = 0
    this.#gatheredReceipts = undefined
    return this.#writing.subarray(0, this.#writingBytes)
  }

  /** The write under way has completed; gives the receipts that are due. */
  completed(): readonly number[] {
    const receipts = this.#writingReceipts
    if (this.#writing !== undefined && this.#isUsed && this.#writing.length <= keptBytesMax) this.#spare = this.#writing
    this.#isUsed = true
    this.#writing = undefined
    this.#writingBytes = 0
    this.#writingReceipts = undefined
    return receipts ?? none
  }

  /** Drops what was gathered but not begun; gives its receipts, which have failed. */
  dropGathered(): readonly number[] {
    const receipts = this.#gatheredReceipts
    this.#gathering = undefined
    this.#gatheredBytes = 0
    this.#gatheredReceipts = undefined
    return receipts ?? none
  }

  /** The connection is gone: drops all, and gives the receipts that have failed. */
  abandon(): readonly number[] {
    const writing = this.#writingReceipts ?? none
    this.#writing = undefined
    this.#writingBytes = 0
    this.#writingReceipts = undefined
    this.#spare = undefined
    return [...writing, ...this.dropGathered()]
  }

  /** Gives back memory that only a busy connection needs. */
  trim(): void {
    this.#spare = undefined
  }
}

const none: readonly number[] = []
