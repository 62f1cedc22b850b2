/**
 * Turns a stream of bytes into bodies that each follow a length of 4 bytes, big-endian. Linear in the bytes
 * received; holds at most one body of the greatest length. Pure: no IO, no clock.
 */

/** What comes out. */
export interface BodySink {
  /** A whole body, valid until the call returns. False to stop after it. */
  body(bytes: Buffer): boolean
  /** A body over the limit; it is skipped. */
  tooLarge(): void
}

const lengthBytes = 4
/** A carry buffer over this is not kept for the next body: an idle connection holds no memory. */
const carryBytesKept = 1024
const noBytes = Buffer.alloc(0)

/** What the next byte belongs to. */
type State =
  | { readonly kind: 'length' }
  | { readonly kind: 'body'; readonly length: number }
  | { readonly kind: 'oversized'; remaining: number }

const atLength: State = { kind: 'length' }

/** See the head of the file. */
export class LengthSplitter {
  /** The longest body, in bytes. May be changed between calls. */
  bodyBytesMax: number
  #state: State = atLength
  /** What came of a length or a body in earlier chunks. */
  #carry: Buffer = Buffer.alloc(lengthBytes)
  #carryBytes = 0
  /** `#carryBytes` before the last call of `#gather`. */
  #carryBefore = 0

  constructor(bodyBytesMax: number) {
    this.bodyBytesMax = bodyBytesMax
  }

  /** Whether a body, or the length before it, has begun and not ended. */
  isInBody(): boolean {
    return this.#state.kind !== 'length' || this.#carryBytes > 0
  }

  /** Reads a chunk; gives how many bytes were consumed: all of them, unless the sink said stop. */
  push(chunk: Buffer, sink: BodySink): number {
    let at = 0
    while (at < chunk.length) {
      const state = this.#state
      if (state.kind === 'oversized') {
        const skipped = Math.min(state.remaining, chunk.length - at)
        at += skipped
        state.remaining -= skipped
        if (state.remaining === 0) this.#state = atLength
        continue
      }
      const wanted = state.kind === 'length' ? lengthBytes : state.length
      const piece = this.#gather(chunk, at, wanted)
      at += Math.min(wanted - this.#carryBefore, chunk.length - at)
      if (piece === undefined) continue
      const goOn = state.kind === 'length' ? this.#onLength(piece.readUInt32BE(0), sink) : this.#onBody(piece, sink)
      if (!goOn) return at
    }
    return at
  }

  /** The next `wanted` bytes as one piece, in place where they all lie in the chunk; undefined when more must come. */
  #gather(chunk: Buffer, at: number, wanted: number): Buffer | undefined {
    this.#carryBefore = this.#carryBytes
    if (this.#carryBytes === 0 && chunk.length - at >= wanted) return chunk.subarray(at, at + wanted)
    const needed = Math.min(wanted, this.#carryBytes + chunk.length - at)
    if (this.#carry.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.min(wanted, Math.max(needed, 2 * this.#carry.length)))
      this.#carry.copy(larger, 0, 0, this.#carryBytes)
      this.#carry = larger
    }
    chunk.copy(this.#carry, this.#carryBytes, at, at + needed - this.#carryBytes)
    this.#carryBytes = needed
    if (needed < wanted) return undefined
    this.#carryBytes = 0
    return this.#carry.subarray(0, wanted)
  }

  #onLength(length: number, sink: BodySink): boolean {
    if (length > this.bodyBytesMax) {
      this.#state = { kind: 'oversized', remaining: length }
      sink.tooLarge()
      return true
    }
    if (length === 0) return sink.body(noBytes)
    this.#state = { kind: 'body', length }
    return true
  }

  #onBody(body: Buffer, sink: BodySink): boolean {
    this.#state = atLength
    const goOn = sink.body(body)
    if (this.#carry.length > carryBytesKept) this.#carry = Buffer.alloc(lengthBytes)
    return goOn
  }
}
