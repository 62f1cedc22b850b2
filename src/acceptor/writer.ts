/**
 * Writes to connections: what is gathered for each leaves in one write, when a batch of the router's messages or a turn of the
 * loop has ended. Receipts go to the router when the write that holds their frames has completed or can't complete any more.
 * Runs on: the acceptor thread.
 */
import type { Connection } from './connection.ts'
import type { Counters } from './counters.ts'
import type { RouterLink } from './router-link.ts'

/** What a writer needs. */
export interface WriterOptions {
  readonly link: Pick<RouterLink, 'send' | 'publish'>
  readonly counters: Counters
  /** As in the limits. */
  readonly outputBytesMax: number
  /** The peer does not read what is written to it: the connection must end. */
  readonly tooSlow: (connection: Connection) => void
}

/** See the head of the file. */
export class Writer {
  readonly #options: WriterOptions
  /** Connections that got output since the last flush. */
  #dirty: Connection[] = []
  #isFlushScheduled = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Gathers whole frames, copied, for an open connection. A receipt other than 0 is told of. */
  append(connection: Connection, frames: Uint8Array, receipt: number): void {
    if (!connection.isOpen()) {
      if (receipt !== 0) this.failed([receipt])
      return
    }
    const { output } = connection
    const gathered = output.gatheredBytes()
    this.#gather(connection, frames, receipt)
    // Only behind a write that the peer has not taken: what comes in one batch, however much, does not show that it
    // is slow. One message may be longer than the limit; what counts is that the peer reads what waits before it.
    if (output.isWriting() && gathered > 0 && gathered + frames.length > this.#options.outputBytesMax) {
      // What has not begun to leave is given up to make room for the reason.
      this.failed(output.dropGathered())
      this.#options.tooSlow(connection)
    }
  }

  /** Gathers the last frames of a connection, however much waits before them. */
  appendLast(connection: Connection, frames: Uint8Array): void {
    this.#gather(connection, frames, 0)
  }

  #gather(connection: Connection, frames: Uint8Array, receipt: number): void {
    if (connection.output.waitingBytes() === 0) this.#dirty.push(connection)
    connection.output.append(frames, receipt)
  }

  /** Ends the stream of a closing connection with the next flush, unless something is on its way out before. */
  endSoon(connection: Connection): void {
    this.#dirty.push(connection)
  }

  /**
   * Flushes after all sockets of this turn have been read: the router is then woken once for all of them,
   * where a wake-up costs more than reading ten frames.
   */
  flushSoon(): void {
    if (this.#isFlushScheduled) return
    this.#isFlushScheduled = true
    setImmediate(this.#flushScheduled)
  }

  readonly #flushScheduled = (): void => {
    this.#isFlushScheduled = false
    this.flush()
  }

  /** Writes what was gathered, and shows the router what was sent to it. */
  flush(): void {
    const dirty = this.#dirty
    if (dirty.length > 0) {
      this.#dirty = []
      for (const connection of dirty) this.#write(connection)
    }
    this.#options.link.publish()
  }

  /** The write under way has completed. */
  written(connection: Connection): void {
    if (connection.state.kind === 'closed') return
    const receipts = connection.output.completed()
    if (receipts.length > 0) {
      this.#options.link.send({ kind: 'written', receipts, completed: true })
      this.flushSoon()
    }
    this.#write(connection)
  }

  /** Tells the router of frames that do not leave any more. */
  failed(receipts: readonly number[]): void {
    if (receipts.length > 0) this.#options.link.send({ kind: 'written', receipts, completed: false })
  }

  #write(connection: Connection): void {
    if (connection.state.kind === 'closed') return
    const frames = connection.output.begin()
    if (frames !== undefined) {
      connection.sentBytes += frames.length
      this.#options.counters.sentBytes += frames.length
      hand(connection, frames)
    } else if (connection.state.kind === 'closing' && !connection.output.isWriting()) {
      connection.channel.end()
    }
  }
}

/** What can't be put into the form of one receiver must not harm the others. */
function hand(connection: Connection, frames: Buffer): void {
  try {
    connection.channel.write(frames)
  } catch (error) {
    connection.closeReason = 'internal_error'
    connection.closeDetail = error instanceof Error ? error.message : String(error)
    connection.channel.destroy()
  }
}
