/**
 * Finds the frames in what a connection reads. Most frames of a run have the same length, so the length of
 * the last one is tried first; only when there is no END at that place the bytes are searched. Pure.
 */
import { END, START } from './frame.ts'

/** Takes a frame: `bytes[start]` is START, `bytes[end - 1]` is END. The bytes are valid only during the call. */
export type FrameHandler = (bytes: Buffer, start: number, end: number) => void

/** Splits the input of one connection. */
export class FrameReader {
  /** Gets the frames; may be replaced between two frames. */
  handler: FrameHandler
  /** Length of the last frame; 1 at first, which none has, since START is not END. */
  #frameBytes = 1
  #rest: Buffer | undefined

  constructor(handler: FrameHandler) {
    this.handler = handler
  }

  /** Takes the first `length` bytes of `bytes`, which may be overwritten afterwards. */
  consume(bytes: Buffer, length: number): void {
    const rest = this.#rest
    if (rest === undefined) {
      this.#split(bytes, 0, length)
      return
    }
    // The frame that the last chunk began ends here, or not even here.
    const end = bytes.indexOf(END)
    if (end === -1 || end >= length) {
      this.#rest = Buffer.concat([rest, bytes.subarray(0, length)])
      return
    }
    const frame = Buffer.concat([rest, bytes.subarray(0, end + 1)])
    this.#rest = undefined
    this.handler(frame, 0, frame.length)
    this.#split(bytes, end + 1, length)
  }

  #split(bytes: Buffer, from: number, length: number): void {
    let start = from
    while (start < length) {
      let end = start + this.#frameBytes
      if (end > length || bytes[end - 1] !== END || bytes[start] !== START) {
        start = this.#skipNoise(bytes, start, length)
        if (start === length) return
        const endAt = bytes.indexOf(END, start)
        if (endAt === -1 || endAt >= length) break
        end = endAt + 1
        this.#frameBytes = end - start
      }
      this.handler(bytes, start, end)
      start = end
    }
    if (start < length) this.#rest = Buffer.from(bytes.subarray(start, length))
  }

  #skipNoise(bytes: Buffer, from: number, length: number): number {
    if (bytes[from] === START) return from
    const start = bytes.indexOf(START, from)
    return start === -1 || start >= length ? length : start
  }
}
