/** Messages of one sender who wants an answer to each: numbered in their marks and in their requests. Pure. */
import { FrameBatch, type MessageShape, type Route } from './frame.ts'
import type { NumberWriter } from './wires/storing.ts'
import type { Wire } from './wires/wire.ts'

/** Room for up to `capacity` messages, encoded but for their numbers. */
export class RequestBatch {
  readonly #batch: FrameBatch
  readonly #writeNumber: NumberWriter
  readonly #frameBytes: number
  readonly #question: Buffer | undefined

  constructor(wire: Wire, route: Route, options: { shape: MessageShape; capacity: number }) {
    const { storing } = wire
    if (storing === undefined) throw new Error('nothing is stored over this wire')
    const frame = wire.encodeMessage(route, options.shape)
    this.#batch = new FrameBatch(route, options.shape, options.capacity, wire.encodeMessage)
    this.#writeNumber = storing.numberWriter(frame)
    this.#frameBytes = frame.length
    this.#question = storing.question
  }

  get capacity(): number {
    return this.#batch.capacity
  }

  /** The bytes of `count` messages, numbered from `first`, and what asks for their answers. Valid until the next call. */
  number(first: number, count: number): Buffer {
    const bytes = this.#batch.number(first, count)
    for (let index = 0; index < count; index++) this.#writeNumber(bytes, index * this.#frameBytes, first + index)
    return this.#question === undefined ? bytes : Buffer.concat([bytes, this.#question])
  }
}
