/** Splits the input of a protocol whose frames tell their length, or whose end is found by looking. Pure. */
import type { FrameHandler } from '../frame-reader.ts'
import type { Reader } from './wire.ts'

/** Says where the frame that begins at `start` ends; -1 when its end is not within the first `length` bytes. */
export type Measure = (bytes: Buffer, start: number, length: number) => number

/** Enough of a chunk to complete a frame that the last chunk began. */
const joinBytes = 4096

/** A reader over a measure. */
export class MeasuredReader implements Reader {
  handler: FrameHandler
  readonly #measure: Measure
  #rest: Buffer | undefined

  constructor(handler: FrameHandler, measure: Measure) {
    this.handler = handler
    this.#measure = measure
  }

  consume(bytes: Buffer, length: number): void {
    const rest = this.#rest
    if (rest === undefined) {
      this.#split(bytes, 0, length)
      return
    }
    const joined = Buffer.concat([rest, bytes.subarray(0, Math.min(length, joinBytes))])
    const end = this.#measure(joined, 0, joined.length)
    this.#rest = undefined
    if (end > rest.length) {
      this.handler(joined, 0, end)
      this.#split(bytes, end - rest.length, length)
      return
    }
    const all = length <= joinBytes ? joined : Buffer.concat([rest, bytes.subarray(0, length)])
    this.#split(all, 0, all.length)
  }

  #split(bytes: Buffer, from: number, length: number): void {
    let start = from
    while (start < length) {
      const end = this.#measure(bytes, start, length)
      if (end === -1) {
        this.#rest = Buffer.from(bytes.subarray(start, length))
        return
      }
      this.handler(bytes, start, end)
      start = end
    }
  }
}
