/**
 * Messages for loops: `for await (const message of client)`. Owns the bounded buffers between the
 * connection, which does not wait, and loops, which may.
 *
 * Reading is not paused when a buffer is full: the answers that the loop itself awaits come over the
 * same connection. The loop is told instead: it gets what is buffered and then `iterator_overflow`.
 */
import { ParleyError } from './errors.ts'
import type { IncomingMessage } from './message.ts'

/** How much one iterator holds. */
export interface StreamLimits {
  readonly iteratorMessagesMax: number
  readonly iteratorBytesMax: number
}

/** How a stream ended: in order, or by an error that loops throw. */
export interface StreamEnd {
  readonly error: ParleyError | undefined
}

/** Gives every message to every iterator. */
export class MessageStream {
  readonly #limits: StreamLimits
  readonly #iterators = new Set<MessageIterator>()
  /** What came before anybody listened, for the first iterator. */
  #early: Buffered | undefined
  #end: StreamEnd | undefined

  constructor(limits: StreamLimits) {
    this.#limits = limits
    this.#early = new Buffered()
  }

  /**
   * Gives a message to the iterators.
   *
   * @param claimed that a handler has had it. A message that nobody has had is kept for the first
   *   iterator, so that nothing is missed between a login and the loop; over the limit the oldest go.
   */
  push(message: IncomingMessage, claimed: boolean): void {
    for (const iterator of this.#iterators) iterator.push(message)
    if (this.#early === undefined || claimed) return
    this.#early.add(message)
    while (this.#early.exceeds(this.#limits)) this.#early.take()
  }

  /** Ends all iterators, those that come later too, after what they hold. */
  end(end: StreamEnd): void {
    this.#end = end
    for (const iterator of this.#iterators) iterator.end(end)
    this.#iterators.clear()
  }

  /** Makes an iterator that gets every message from now on. */
  iterate(): AsyncIterableIterator<IncomingMessage> {
    const iterator = new MessageIterator(this.#early ?? new Buffered(), this.#limits, () =>
      this.#iterators.delete(iterator),
    )
    this.#early = undefined
    if (this.#end === undefined) this.#iterators.add(iterator)
    else iterator.end(this.#end)
    return iterator
  }
}

type Result = IteratorResult<IncomingMessage, undefined>

class MessageIterator implements AsyncIterableIterator<IncomingMessage> {
  readonly #buffer: Buffered
  readonly #limits: StreamLimits
  readonly #forget: () => void
  /** Calls of `next` that wait; only when the buffer is empty. */
  readonly #takers: { resolve(result: Result): void; reject(error: ParleyError): void }[] = []
  #end: StreamEnd | undefined

  constructor(buffer: Buffered, limits: StreamLimits, forget: () => void) {
    this.#buffer = buffer
    this.#limits = limits
    this.#forget = forget
  }

  push(message: IncomingMessage): void {
    const taker = this.#takers.shift()
    if (taker !== undefined) {
      taker.resolve({ done: false, value: message })
      return
    }
    if (this.#buffer.isFull(this.#limits)) {
      this.#forget()
      this.end({ error: new ParleyError('iterator_overflow') })
      return
    }
    this.#buffer.add(message)
  }

  end(end: StreamEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    for (const taker of this.#takers.splice(0)) {
      if (end.error === undefined) taker.resolve({ done: true, value: undefined })
      else taker.reject(end.error)
    }
  }

  next(): Promise<Result> {
    const message = this.#buffer.take()
    if (message !== undefined) return Promise.resolve({ done: false, value: message })
    const end = this.#end
    if (end === undefined) return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
    // An error is thrown once; after that the iterator is over like any other.
    this.#end = { error: undefined }
    if (end.error !== undefined) return Promise.reject(end.error)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** What `break` in a loop calls. */
  return(): Promise<Result> {
    this.#forget()
    this.#buffer.clear()
    this.end({ error: undefined })
    this.#end = { error: undefined }
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** A queue of messages that knows its size. */
class Buffered {
  #messages: (IncomingMessage | undefined)[] = []
  #first = 0
  #units = 0

  add(message: IncomingMessage): void {
    this.#messages.push(message)
    this.#units += sizeOf(message)
  }

  take(): IncomingMessage | undefined {
    const message = this.#messages[this.#first]
    if (message === undefined) return undefined
    this.#messages[this.#first++] = undefined
    this.#units -= sizeOf(message)
    // The taken half is let go of at once, not one by one: constant time each.
    if (this.#first * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#first)
      this.#first = 0
    }
    return message
  }

  clear(): void {
    this.#messages = []
    this.#first = 0
    this.#units = 0
  }

  /** Whether there is no room for one more. */
  isFull(limits: StreamLimits): boolean {
    return this.#count() >= limits.iteratorMessagesMax || this.#units >= limits.iteratorBytesMax
  }

  exceeds(limits: StreamLimits): boolean {
    return this.#count() > limits.iteratorMessagesMax || (this.#units > limits.iteratorBytesMax && this.#count() > 1)
  }

  #count(): number {
    return this.#messages.length - this.#first
  }
}

/** In UTF-16 units, of what makes a message large. */
function sizeOf(message: IncomingMessage): number {
  return 64 + (message.envelope.Content?.length ?? 0)
}
