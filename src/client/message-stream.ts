/**
 * Messages for loops: `for await (const message of client)`. Owns the bounded buffers between the
 * connection, which does not wait, and loops, which may.
 *
 * Reading is not paused when a buffer is full: the answers that the loop itself awaits come over the
 * same connection. The loop is told instead: it gets what is buffered and then `iterator_overflow`. A server that waits
 * for acknowledgements does not send so much.
 */
import { ParleyError } from './errors.ts'
import type { Handling } from './handling.ts'
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

/** A message on its way to loops. */
export interface StreamItem {
  readonly message: IncomingMessage
  /** That a handler has had it. One that nobody has had is kept for the next loop. */
  readonly isClaimed: boolean
  /** Held by each loop until it asks for the next message. Undefined: nobody waits for that. */
  readonly handling: Handling | undefined
}

/** Gives every message to every iterator. */
export class MessageStream {
  readonly #limits: StreamLimits
  readonly #iterators = new Set<MessageIterator>()
  /** What came while there was no iterator, and no handler took, for the next one. */
  readonly #early = new Buffered()
  #end: StreamEnd | undefined

  constructor(limits: StreamLimits) {
    this.#limits = limits
  }

  /**
   * Gives a message to the iterators. When there is none, one that is not claimed is kept, so that nothing is
   * missed between a login and the loop; over the limit the oldest go.
   */
  push(item: StreamItem): void {
    if (this.#iterators.size > 0) for (const iterator of this.#iterators) iterator.push(item)
    else if (!item.isClaimed) this.#keep(item)
  }

  /** What is kept for the next iterator. */
  get early(): StreamItem[] {
    return [...this.#early]
  }

  /** Does not keep an item any more: somebody has taken it. */
  dropEarly(item: StreamItem): void {
    if (this.#early.remove(item)) item.handling?.release(false)
  }

  /** Nobody waits for the handling of an item any more; it is still kept. */
  settleEarly(item: StreamItem): void {
    if (item.handling === undefined || !this.#early.replace(item, { ...item, handling: undefined })) return
    item.handling.release(true)
  }

  /** Ends all iterators, those that come later too, after what they hold. */
  end(end: StreamEnd): void {
    this.#end = end
    for (const iterator of this.#iterators) iterator.end(end)
    this.#iterators.clear()
  }

  /** Makes an iterator that gets every message from now on. */
  iterate(): AsyncIterableIterator<IncomingMessage> {
    const iterator = new MessageIterator(this.#early.takeAll(), this.#limits, (left) => {
      this.#iterators.delete(iterator)
      for (const item of left) this.#leave(item)
    })
    if (this.#end === undefined) this.#iterators.add(iterator)
    else iterator.end(this.#end)
    return iterator
  }

  /** A loop has ended without having taken an item. */
  #leave(item: StreamItem): void {
    if (!item.isClaimed && this.#iterators.size === 0 && this.#end === undefined) this.#keep(item)
    item.handling?.release(false)
  }

  #keep(item: StreamItem): void {
    item.handling?.hold()
    this.#early.add(item)
    while (this.#early.exceeds(this.#limits)) this.#early.take()?.handling?.release(false)
  }
}

type Result = IteratorResult<IncomingMessage, undefined>

/** One loop. */
class MessageIterator implements AsyncIterableIterator<IncomingMessage> {
  readonly #buffer: Buffered
  readonly #limits: StreamLimits
  readonly #left: (items: Iterable<StreamItem>) => void
  /** Calls of `next` that wait; only when the buffer is empty. */
  readonly #takers: { resolve(result: Result): void; reject(error: ParleyError): void }[] = []
  /** What the loop has got and works on. */
  #inHand: StreamItem[] = []
  #end: StreamEnd | undefined

  /** @param left is given what the loop did not take, when it ends before its time */
  constructor(buffer: Buffered, limits: StreamLimits, left: (items: Iterable<StreamItem>) => void) {
    this.#buffer = buffer
    this.#limits = limits
    this.#left = left
  }

  push(item: StreamItem): void {
    const taker = this.#takers.shift()
    if (taker === undefined && this.#buffer.isFull(this.#limits)) {
      this.#left([])
      this.end({ error: new ParleyError('iterator_overflow') })
      return
    }
    item.handling?.hold()
    if (taker === undefined) {
      this.#buffer.add(item)
      return
    }
    this.#inHand.push(item)
    taker.resolve({ done: false, value: item.message })
  }

  end(end: StreamEnd): void {
    if (this.#end !== undefined) return
    this.#end = end
    for (const taker of this.#takers.splice(0)) {
      if (end.error === undefined) taker.resolve({ done: true, value: undefined })
      else taker.reject(end.error)
    }
  }

  /** The loop asks for the next message: it has handled what it got before. */
  next(): Promise<Result> {
    this.#handled()
    const item = this.#buffer.take()
    if (item !== undefined) {
      this.#inHand.push(item)
      return Promise.resolve({ done: false, value: item.message })
    }
    const end = this.#end
    if (end === undefined) return new Promise((resolve, reject) => this.#takers.push({ resolve, reject }))
    // An error is thrown once; after that the iterator is over like any other.
    this.#end = { error: undefined }
    if (end.error !== undefined) return Promise.reject(end.error)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** What `break` in a loop calls. What was not taken is left for the next loop. */
  return(): Promise<Result> {
    this.#handled()
    this.#left(this.#buffer.takeAll())
    this.end({ error: undefined })
    this.#end = { error: undefined }
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #handled(): void {
    for (const { handling } of this.#inHand.splice(0)) handling?.release(true)
  }
}

/** A queue of messages that knows its size. */
class Buffered implements Iterable<StreamItem> {
  #items: (StreamItem | undefined)[] = []
  #first = 0
  #units = 0

  add(item: StreamItem): void {
    this.#items.push(item)
    this.#units += sizeOf(item.message)
  }

  take(): StreamItem | undefined {
    const item = this.#items[this.#first]
    if (item === undefined) return undefined
    this.#items[this.#first++] = undefined
    this.#units -= sizeOf(item.message)
    // The taken half is let go of at once, not one by one: constant time each.
    if (this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first)
      this.#first = 0
    }
    return item
  }

  /** Takes one out of the middle; false when it is not there. */
  remove(item: StreamItem): boolean {
    const index = this.#items.indexOf(item, this.#first)
    if (index === -1) return false
    this.#items.splice(index, 1)
    this.#units -= sizeOf(item.message)
    return true
  }

  /** Puts another in the place of one; false when that is not there. */
  replace(item: StreamItem, other: StreamItem): boolean {
    const index = this.#items.indexOf(item, this.#first)
    if (index === -1) return false
    this.#items[index] = other
    return true
  }

  /** Everything, as a queue of its own; this one is empty then. */
  takeAll(): Buffered {
    const all = new Buffered()
    for (const item of this) all.add(item)
    this.#items = []
    this.#first = 0
    this.#units = 0
    return all
  }

  /** Whether there is no room for one more. */
  isFull(limits: StreamLimits): boolean {
    return this.#count() >= limits.iteratorMessagesMax || this.#units >= limits.iteratorBytesMax
  }

  exceeds(limits: StreamLimits): boolean {
    return this.#count() > limits.iteratorMessagesMax || (this.#units > limits.iteratorBytesMax && this.#count() > 1)
  }

  *[Symbol.iterator](): Iterator<StreamItem> {
    for (const item of this.#items) if (item !== undefined) yield item
  }

  #count(): number {
    return this.#items.length - this.#first
  }
}

/** In UTF-16 units, of what makes a message large. */
function sizeOf(message: IncomingMessage): number {
  return 64 + (message.envelope.Content?.length ?? 0)
}
