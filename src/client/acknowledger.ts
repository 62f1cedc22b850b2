/**
 * When the server is told what was handled: once a turn of the event loop, and within a long turn at the latest after 64
 * messages or 50 ms. Where the cursor is remembered by a store, it is saved first.
 */
import type { Cursor } from './cursor.ts'

/** What an acknowledger needs. */
export interface AcknowledgerOptions {
  /** Tells the server. */
  send(cursor: Cursor): void
  /** Saves the cursor; undefined: it is kept in memory only. */
  readonly save: ((cursor: Cursor) => Promise<void>) | undefined
  /** The cursor could not be saved. It is told to the server nevertheless. */
  saveFailed(cause: unknown): void
  /** Milliseconds of a clock that only goes on. */
  readonly clock?: () => number
}

/** Messages after which the server is told within a turn. */
export const acknowledgeMessagesMax = 64
/** The same as a time. */
export const acknowledgeAfterMs = 50

/** See the head of the file. */
export class Acknowledger {
  readonly #options: AcknowledgerOptions
  readonly #clock: () => number
  #cursor: Cursor | undefined
  #count = 0
  #since = 0
  #cancel: (() => void) | undefined
  #saving: Promise<void> | undefined

  constructor(options: AcknowledgerOptions) {
    this.#options = options
    this.#clock = options.clock ?? (() => performance.now())
  }

  /** The cursor has moved on, over so many messages. */
  advance(cursor: Cursor, count: number): void {
    this.#cursor = cursor
    this.#count += count
    if (this.#cancel === undefined) {
      this.#since = this.#clock()
      this.#cancel = atEndOfTurn(() => void this.flush())
    }
    if (this.#count >= acknowledgeMessagesMax || this.#clock() - this.#since >= acknowledgeAfterMs) void this.flush()
  }

  /** Tells the server now. Resolves when everything so far was told. */
  flush(): Promise<void> {
    this.#cancel?.()
    this.#cancel = undefined
    this.#count = 0
    if (this.#options.save === undefined) {
      const cursor = this.#cursor
      this.#cursor = undefined
      if (cursor !== undefined) this.#options.send(cursor)
      return Promise.resolve()
    }
    if (this.#saving === undefined && this.#cursor !== undefined) this.#saving = this.#save(this.#options.save)
    return this.#saving ?? Promise.resolve()
  }

  /** One save at a time; what comes meanwhile is saved by the next. */
  async #save(save: (cursor: Cursor) => Promise<void>): Promise<void> {
    for (let cursor = this.#cursor; cursor !== undefined; cursor = this.#cursor) {
      this.#cursor = undefined
      try {
        await save(cursor)
      } catch (cause) {
        this.#options.saveFailed(cause)
      }
      this.#options.send(cursor)
    }
    // In the same turn as the last look: what comes after it is saved by a save of its own.
    this.#saving = undefined
  }
}

/** Pages have no `setImmediate`. */
function atEndOfTurn(act: () => void): () => void {
  if (typeof setImmediate === 'function') {
    const immediate = setImmediate(act)
    return () => clearImmediate(immediate)
  }
  const timer = setTimeout(act, 0)
  return () => clearTimeout(timer)
}
