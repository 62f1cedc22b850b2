/**
 * A mailbox: one thread's end of a pair of rings to another thread, with the doorbell that wakes a
 * sleeping reader. Records are taken in batches within the event loop's turn; while messages keep
 * coming the reader looks again by `setImmediate` and nobody has to be woken.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { createRing, type RecordHandler, type RingMemory, RingReader, RingWriter } from './ring.ts'

/** What a thread needs to hold its end of a mailbox; can be sent to a worker (`port` must be transferred). */
export interface MailboxEnd {
  readonly inbox: RingMemory
  readonly outbox: RingMemory
  readonly port: MessagePort
}

/** Makes the two ends of a mailbox pair. Capacities in bytes, powers of two. */
export function createMailboxPair(sizes: { toFirstBytes: number; toSecondBytes: number }): {
  first: MailboxEnd
  second: MailboxEnd
} {
  const toFirst = createRing(sizes.toFirstBytes)
  const toSecond = createRing(sizes.toSecondBytes)
  const { port1, port2 } = new MessageChannel()
  return {
    first: { inbox: toFirst, outbox: toSecond, port: port1 },
    second: { inbox: toSecond, outbox: toFirst, port: port2 },
  }
}

// What the doorbell says.
const RING_DATA = 1
const RING_SPACE = 2

/** Looks without a find before the reader sleeps. More would burn a core that the other thread could use. */
const idleLooksMax = 2
/** Records taken before the event loop gets its turn where nothing else is said, so that sockets and timers are never starved. */
const recordsPerTurnDefault = 1024

/** What the owner of a mailbox does with what comes. */
export interface MailboxHandlers {
  /** Takes one record; see {@link RecordHandler}. After a false, call `resume` when records can be taken again. */
  readonly record: RecordHandler
  /** Called after every batch of which records were taken: the moment to flush what the batch caused. */
  readonly batchEnd: () => void
  /** The outbox has space again after `waitForSpace`. */
  readonly space: () => void
  /** The other end is closed or its thread gone; what it had published was offered before. Not called after one's own `close`. */
  readonly closed: () => void
}

/** One thread's end, at work. */
export class Mailbox {
  readonly inbox: RingReader
  readonly outbox: RingWriter
  readonly #port: MessagePort
  readonly #handlers: MailboxHandlers
  readonly #recordsPerTurn: number
  #state: 'polling' | 'sleeping' | 'refusing' | 'closed' = 'polling'
  #idleLooks = 0
  readonly #look = (): void => this.#drain()
  readonly #space = (): void => {
    if (this.#state !== 'closed') this.#handlers.space()
  }
  readonly #take: RecordHandler = (kind, offset, payloadBytes) => {
    // The record before may have closed the mailbox.
    if (this.#state !== 'polling') return false
    const isTaken = this.#handlers.record(kind, offset, payloadBytes)
    if (!isTaken && this.#isPolling()) this.#state = 'refusing'
    return isTaken
  }

  /** @param recordsPerTurn the largest batch; a thread that does nothing else may take more than others */
  constructor(end: MailboxEnd, handlers: MailboxHandlers, recordsPerTurn: number = recordsPerTurnDefault) {
    this.inbox = new RingReader(end.inbox)
    this.outbox = new RingWriter(end.outbox)
    this.#port = end.port
    this.#handlers = handlers
    this.#recordsPerTurn = recordsPerTurn
    this.#port.on('message', (signal: number) => this.#onSignal(signal))
    this.#port.on('close', () => this.#onClose())
    setImmediate(this.#look)
  }

  /** Shows the other thread what was committed to `outbox`, and wakes it when it sleeps. */
  publish(): void {
    if (this.outbox.publish()) this.#port.postMessage(RING_DATA)
  }

  /** Asks for a call of `space` when the outbox has room; calls it soon when it has already. */
  waitForSpace(): void {
    this.publish()
    if (!this.outbox.waitForSpace()) setImmediate(this.#space)
  }

  /** Goes on after the record handler refused a record. */
  resume(): void {
    if (this.#state !== 'refusing') return
    this.#state = 'polling'
    setImmediate(this.#look)
  }

  /** Ends this end; the other one is told. No handler is called any more, also when one of them calls this. */
  close(): void {
    this.#state = 'closed'
    this.#port.close()
  }

  #onSignal(signal: number): void {
    if (signal === RING_SPACE) {
      this.#space()
    } else if (this.#state === 'sleeping') {
      this.#state = 'polling'
      this.#look()
    }
  }

  #onClose(): void {
    if (this.#state === 'closed') return
    // What the other side published before its end is still whole: take it first.
    this.#state = 'polling'
    this.#takeBatch(Number.MAX_SAFE_INTEGER)
    if (this.#isClosed()) return
    this.#state = 'closed'
    this.#handlers.closed()
  }

  #drain(): void {
    if (this.#state !== 'polling') return
    const goesOn = this.#takeBatch(this.#recordsPerTurn)
    if (goesOn && this.#isPolling()) this.#lookAgainOrSleep()
  }

  /** Gives whether no record was refused. */
  #takeBatch(recordsMax: number): boolean {
    const taken = this.inbox.drain(this.#take, recordsMax)
    // Noted before `batchEnd`, which may make room and call `resume`.
    const goesOn = this.#isPolling()
    if (this.inbox.owesSpaceSignal()) this.#port.postMessage(RING_SPACE)
    if (taken > 0 && !this.#isClosed()) {
      this.#idleLooks = 0
      this.#handlers.batchEnd()
    }
    return goesOn
  }

  // The compiler does not know that a handler may change the state: these ask anew.

  #isPolling(): boolean {
    return this.#state === 'polling'
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #lookAgainOrSleep(): void {
    if (this.inbox.hasMore() || this.#idleLooks++ < idleLooksMax) {
      setImmediate(this.#look)
      return
    }
    this.#idleLooks = 0
    if (this.inbox.sleep()) this.#state = 'sleeping'
    else setImmediate(this.#look)
  }
}
