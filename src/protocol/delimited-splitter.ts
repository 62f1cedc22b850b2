/**
 * Turns a stream of bytes into frames `START body END`. It owns where chunks are cut; nobody else
 * knows. Linear in the bytes received at any chunking: no byte is looked at again when the next chunk
 * comes. Pure: no IO, no clock.
 *
 * Invariant: `carry` holds START and the part of one body that came in earlier chunks, and nothing
 * else; it is empty outside the state `body`. Positions cached within a chunk only move forward.
 */
import type { Delimiters } from './delimiters.ts'

/** What comes out of a splitter. */
export interface FrameSink {
  /**
   * A whole frame: its body is `bytes[start, end)`, and `bytes[start - 1]` and `bytes[end]` are the
   * delimiters. The bytes are valid until the call returns.
   *
   * @returns false to stop after this frame; the rest of the chunk is then not consumed.
   */
  frame(bytes: Buffer, start: number, end: number): boolean
  /** Bytes between frames are skipped; `isNew` for the first of a stretch, so that it can be told once wherever it is cut. */
  noise(byteCount: number, isNew: boolean): void
  /** A frame was given up because another START came before its END; `byteCount` counts its START too. */
  truncated(byteCount: number): void
  /** A body grew over the limit; the rest of it is skipped. Called once, before its END has come. */
  tooLarge(): void
}

/** What the next byte belongs to. */
type State = 'between' | 'body' | 'oversized'

const carryBytesInitial = 512
/** A carry buffer over this is not kept for the next frame: an idle connection holds no memory. */
const carryBytesKept = 1024

/** See the head of the file. */
export class DelimitedSplitter {
  /** The longest body, in bytes. May be changed between calls; a limit raised within a body counts for it. */
  bodyBytesMax: number
  readonly #startByte: number
  readonly #endByte: number
  #state: State = 'between'
  /** Whether the last byte was noise. */
  #isInNoise = false
  #carry: Buffer | undefined
  #carryBytes = 0

  constructor(delimiters: Delimiters, bodyBytesMax: number) {
    this.#startByte = delimiters.start
    this.#endByte = delimiters.end
    this.bodyBytesMax = bodyBytesMax
  }

  /** Whether a frame has begun and not ended. */
  isInFrame(): boolean {
    return this.#state !== 'between'
  }

  /**
   * Reads a chunk.
   *
   * @returns how many bytes were consumed: all of them, unless the sink said stop.
   */
  push(chunk: Buffer, sink: FrameSink): number {
    const length = chunk.length
    let position = 0
    // Where the next delimiters are, searched once for each stretch: both stay ahead of `position`.
    let nextStart = -1
    let nextEnd = -1
    while (position < length) {
      if (nextStart < position) nextStart = indexOrEnd(chunk, this.#startByte, position)
      if (this.#state === 'between') {
        if (nextStart > position) this.#skip(nextStart - position, sink)
        if (nextStart === length) return length
        this.#isInNoise = false
        this.#state = 'body'
        position = nextStart + 1
        this.#carryBytes = 0
        continue
      }
      if (nextEnd < position) nextEnd = indexOrEnd(chunk, this.#endByte, position)
      // The size comes first, so that what is said of a frame does not depend on where chunks are cut.
      if (this.#state === 'body' && this.#bodyBytes(Math.min(nextStart, nextEnd) - position) > this.bodyBytesMax) {
        this.#state = 'oversized'
        this.#dropCarry()
        sink.tooLarge()
      }
      if (nextStart < nextEnd) {
        this.#restart(nextStart - position, sink)
        position = nextStart + 1
        continue
      }
      if (this.#state === 'body') {
        // In the chunk where the frame began, the body starts at `position` and its START is the byte before.
        const isCarried = this.#carryBytes > 0
        if (nextEnd === length) {
          this.#append(chunk, isCarried ? position : position - 1, length)
          return length
        }
        this.#state = 'between'
        const goOn = isCarried
          ? this.#finishCarry(chunk, position, nextEnd, sink)
          : sink.frame(chunk, position, nextEnd)
        position = nextEnd + 1
        if (!goOn) return position
        continue
      }
      if (nextEnd === length) return length
      this.#state = 'between'
      position = nextEnd + 1
    }
    // A START at the very end of the chunk: the body begins with the next one.
    if (this.#state === 'body' && this.#carryBytes === 0) this.#append(chunk, length - 1, length)
    return length
  }

  /** How long the body is so far, with what this chunk has of it. The carry's first byte is START. */
  #bodyBytes(bytesInChunk: number): number {
    return this.#carryBytes > 0 ? this.#carryBytes - 1 + bytesInChunk : bytesInChunk
  }

  /** START before END: the frame so far is given up, and the state is `body` again. */
  #restart(bytesInChunk: number, sink: FrameSink): void {
    if (this.#state === 'body') sink.truncated(this.#bodyBytes(bytesInChunk) + 1)
    this.#state = 'body'
    this.#dropCarry()
  }

  #append(chunk: Buffer, start: number, end: number): void {
    const needed = this.#carryBytes + end - start
    let carry = this.#carry
    if (carry === undefined || carry.length < needed) {
      const larger = Buffer.allocUnsafeSlow(Math.max(carryBytesInitial, 2 * (carry?.length ?? 0), needed))
      carry?.copy(larger, 0, 0, this.#carryBytes)
      this.#carry = larger
      carry = larger
    }
    if (end - start === 1) carry[this.#carryBytes] = chunk[start] as number
    else chunk.copy(carry, this.#carryBytes, start, end)
    this.#carryBytes = needed
  }

  #finishCarry(chunk: Buffer, start: number, end: number, sink: FrameSink): boolean {
    this.#append(chunk, start, end + 1)
    const carry = this.#carry as Buffer
    const bytes = this.#carryBytes
    this.#dropCarry()
    return sink.frame(carry, 1, bytes - 1)
  }

  #skip(byteCount: number, sink: FrameSink): void {
    const isNew = !this.#isInNoise
    this.#isInNoise = true
    sink.noise(byteCount, isNew)
  }

  #dropCarry(): void {
    this.#carryBytes = 0
    if (this.#carry !== undefined && this.#carry.length > carryBytesKept) this.#carry = undefined
  }
}

/** A native search costs as much as looking at so many bytes; the next START mostly follows at once. */
const nearBytes = 8

function indexOrEnd(chunk: Buffer, byte: number, from: number): number {
  const nearEnd = Math.min(from + nearBytes, chunk.length)
  for (let at = from; at < nearEnd; at++) {
    if (chunk[at] === byte) return at
  }
  if (nearEnd === chunk.length) return nearEnd
  const index = chunk.indexOf(byte, nearEnd)
  return index === -1 ? chunk.length : index
}
