/**
 * The main thread's end of the storage thread: starts it, sends requests through the mailbox, matches the replies.
 * Everything that waits is counted and bounded; more than that is refused at once. Runs on: the main thread.
 */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { historyRecordBytes, storeHistoryDoneKind, writeHistoryRun } from '../mailbox/history-codec.ts'
import type { HistoryDoneMessage, HistoryRun, HistorySettings } from '../mailbox/history-messages.ts'
import { runRecordBytes, storeAppendedKind, writeRun } from '../mailbox/inbox-codec.ts'
import type { AppendedMessage, InboxRun, InboxSettings, Ticket } from '../mailbox/inbox-messages.ts'
import { createMailboxPair, Mailbox, type MailboxEnd } from '../mailbox/mailbox.ts'
import {
  packStoreRequest,
  storeReplyKind,
  storeRequestKind,
  unpackAppended,
  unpackHistoryDone,
  unpackStoreReply,
} from '../mailbox/store-codec.ts'
import { StoreError } from '../mailbox/store-error.ts'
import type { Store, StoreCallName, StoreCalls, StoreReply, StoreRequest } from '../mailbox/store-messages.ts'
import { threadFlags } from '../mailbox/thread-flags.ts'
import type { StoreThreadData, StoreThreadStarted } from './store-thread-messages.ts'

/** What the storage thread needs, and its limits. */
export interface StoreThreadOptions {
  readonly dataDir: string
  /** The thread ended although nobody closed it; every call has been answered `storage_failed`. Called once at most. */
  readonly onDied: (error: StoreError) => void
  /** Capacity of the ring of requests, a power of two; one request takes at most half of it. 8 MiB where not given. */
  readonly inboxBytes?: number
  /** Capacity of the ring of replies, a power of two. 8 MiB where not given. */
  readonly outboxBytes?: number
  /** The settings of inboxes; `inboxSettingsDefault` where not given. */
  readonly inboxes?: InboxSettings
  /** How much of conversations is kept; nothing where not given. */
  readonly history?: HistorySettings
  /** What became of runs for the history, in their order. Not called any more once `onDied` was. */
  readonly onHistoryDone?: (message: HistoryDoneMessage) => void
  /** What became of runs, in the order of their tickets. Not called any more once `onDied` was. */
  readonly onAppended?: (message: AppendedMessage) => void
  /** The most calls that may wait for their reply. 8192 where not given: more than all logins that may wait. */
  readonly callsMax?: number
}

const ringBytesDefault = 8 * 2 ** 20
const callsMaxDefault = 8192
/** After the last reply the thread only writes back its journal; then it is cut. */
const closeTimeoutMs = 5000

interface WaitingCall {
  readonly resolve: (give: unknown) => void
  readonly reject: (error: StoreError) => void
}

/** The thread's life: `open` until somebody closes it or it dies. */
type StoreClientState =
  | { readonly kind: 'open' }
  | { readonly kind: 'closing'; readonly done: Promise<void> }
  | { readonly kind: 'ended'; readonly error: StoreError }

/**
 * Starts the storage thread and waits until its store is open.
 *
 * @throws StoreError with a sentence for the operator when the store can't be opened
 */
export async function startStoreThread(options: StoreThreadOptions): Promise<StoreClient> {
  const pair = createMailboxPair({
    toFirstBytes: options.outboxBytes ?? ringBytesDefault,
    toSecondBytes: options.inboxBytes ?? ringBytesDefault,
  })
  const { dataDir, inboxes, history } = options
  const data: StoreThreadData = {
    dataDir,
    mailbox: pair.second,
    ...(inboxes === undefined ? {} : { inboxes }),
    ...(history === undefined ? {} : { history }),
  }
  const worker = new Worker(new URL('./store.worker.js', import.meta.url), {
    name: 'parley-store',
    execArgv: threadFlags(),
    workerData: data,
    transferList: [pair.second.port],
  })
  try {
    const started = await firstMessage(worker)
    if (started.kind === 'refused') throw StoreError.fromPlain(started.error)
  } catch (error) {
    pair.first.port.close()
    await worker.terminate()
    if (error instanceof StoreError) throw error
    throw new StoreError('storage_failed', `The storage thread could not start: ${messageOf(error)}`, { cause: error })
  }
  return new StoreClient(worker, pair.first, options)
}

/** A {@link Store} whose calls run in the storage thread. */
export class StoreClient implements Store {
  readonly #worker: Worker
  readonly #mailbox: Mailbox
  readonly #callsMax: number
  readonly #onDied: (error: StoreError) => void
  readonly #onAppended: (message: AppendedMessage) => void
  readonly #onHistoryDone: (message: HistoryDoneMessage) => void
  readonly #exited: Promise<void>
  readonly #waiting = new Map<number, WaitingCall>()
  #state: StoreClientState = { kind: 'open' }
  #lastId = 0
  /** The next ticket, and how many of those before have no answer yet. */
  #ticket: Ticket = 0
  #waitingRuns = 0
  #waitingPast = 0
  #crash: unknown
  #publishing = false
  #onDrained: () => void = () => {}

  /** Use {@link startStoreThread}. */
  constructor(worker: Worker, end: MailboxEnd, options: StoreThreadOptions) {
    this.#worker = worker
    this.#callsMax = options.callsMax ?? callsMaxDefault
    this.#onDied = options.onDied
    this.#onAppended = options.onAppended ?? (() => {})
    this.#onHistoryDone = options.onHistoryDone ?? (() => {})
    this.#mailbox = new Mailbox(end, {
      record: (kind, offset, payloadBytes) => this.#onRecord(kind, offset, payloadBytes),
      batchEnd: () => {},
      space: () => {},
      // The end of the thread itself says more: see #onExit.
      closed: () => {},
    })
    worker.on('error', (error) => {
      this.#crash = error
    })
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#onExit()
        resolve()
      })
    })
  }

  /** How many calls wait for their reply. */
  get waitingCalls(): number {
    return this.#waiting.size
  }

  /** How many runs wait to be stored. */
  get waitingRuns(): number {
    return this.#waitingRuns
  }

  /**
   * Hands over a run to be stored; `onAppended` says what became of it. All runs and calls of one turn go together.
   *
   * @returns the run's ticket; -1 when the thread has too much to do, or is gone: nothing happens then. A run that had
   * no answer when the thread died may be stored or not, and may be appended again.
   */
  append(run: InboxRun): Ticket | -1 {
    const { outbox } = this.#mailbox
    if (this.#state.kind !== 'open' || runRecordBytes(run) > outbox.payloadBytesMax) return -1
    const ticket = this.#ticket
    if (!writeRun(outbox, run, ticket)) return -1
    this.#ticket = (ticket + 1) >>> 0
    this.#waitingRuns++
    this.#publishSoon()
    return ticket
  }

  /**
   * Hands over a run for the history; `onHistoryDone` says what became of it.
   *
   * @returns false when the thread has too much to do, or is gone: nothing happens then. One that had no answer when the
   * thread died may be there or not, and may be handed over again, in the same order.
   */
  remember(run: HistoryRun): boolean {
    const { outbox } = this.#mailbox
    if (this.#state.kind !== 'open' || historyRecordBytes(run) > outbox.payloadBytesMax) return false
    if (!writeHistoryRun(outbox, run)) return false
    this.#waitingPast++
    this.#publishSoon()
    return true
  }

  /**
   * Asks the storage thread. Rejects at once with `server_busy` when too many calls wait or the mailbox is full,
   * and with `storage_failed` when the store is closed or its thread is gone: a write may then have happened or not.
   */
  call<Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']): Promise<StoreCalls[Name]['give']> {
    const refusal = this.#refusal()
    if (refusal !== undefined) return Promise.reject(refusal)
    this.#lastId = (this.#lastId + 1) % Number.MAX_SAFE_INTEGER
    const id = this.#lastId
    // A generic name and its input can't be seen to be one member of the union, but `StoreCalls` makes them so.
    const packed = packStoreRequest({ id, call: name, take } as unknown as StoreRequest)
    const { outbox } = this.#mailbox
    if (packed.length > outbox.payloadBytesMax) {
      const sizes = `${packed.length} bytes of at most ${outbox.payloadBytesMax}`
      return Promise.reject(
        new StoreError('storage_failed', `Too much for one call of the store (${sizes}): split it.`),
      )
    }
    const offset = outbox.reserve(packed.length)
    if (offset === -1) return Promise.reject(busy())
    outbox.bytes.set(packed, offset)
    outbox.commit(storeRequestKind, packed.length)
    this.#publishSoon()
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (give: unknown) => void, reject })
    })
  }

  /** Takes no more calls, waits for the replies to all that were made, and ends the thread. Safe to call twice. */
  close(): Promise<void> {
    if (this.#state.kind === 'closing') return this.#state.done
    if (this.#state.kind === 'ended') return this.#exited
    const done = this.#drainAndEnd()
    if (this.#state.kind === 'open') this.#state = { kind: 'closing', done }
    return done
  }

  async #drainAndEnd(): Promise<void> {
    if (!this.#isDrained()) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve
      })
    }
    this.#mailbox.close()
    const timer = setTimeout(() => void this.#worker.terminate(), closeTimeoutMs)
    await this.#exited
    clearTimeout(timer)
  }

  #refusal(): StoreError | undefined {
    switch (this.#state.kind) {
      case 'open':
        return this.#waiting.size >= this.#callsMax ? busy() : undefined
      case 'closing':
        return new StoreError('storage_failed', 'The store is closing.')
      case 'ended':
        return this.#state.error
    }
  }

  /** Once a turn, so that calls made together wake the thread once and are committed together. */
  #publishSoon(): void {
    if (this.#publishing) return
    this.#publishing = true
    // After all calls of this turn: the thread is then woken once for all of them.
    setImmediate(() => {
      this.#publishing = false
      this.#mailbox.publish()
    })
  }

  #isDrained(): boolean {
    return this.#waiting.size === 0 && this.#waitingRuns === 0 && this.#waitingPast === 0
  }

  #onRecord(kind: number, offset: number, payloadBytes: number): boolean {
    if (kind === storeAppendedKind) {
      this.#onRunsDone(unpackAppended(this.#mailbox.inbox.bytes, offset, payloadBytes))
      return true
    }
    if (kind === storeHistoryDoneKind) {
      const message = unpackHistoryDone(this.#mailbox.inbox.bytes, offset, payloadBytes)
      this.#waitingPast -= message.count
      this.#onHistoryDone(message)
      if (this.#isDrained()) this.#onDrained()
      return true
    }
    if (kind !== storeReplyKind) throw new RangeError(`the store's client takes no records of kind ${kind}`)
    const reply: StoreReply = unpackStoreReply(this.#mailbox.inbox.bytes, offset, payloadBytes)
    const call = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if ('error' in reply) call?.reject(StoreError.fromPlain(reply.error))
    else call?.resolve(reply.give)
    if (this.#isDrained()) this.#onDrained()
    return true
  }

  #onRunsDone(message: AppendedMessage): void {
    this.#waitingRuns -= message.count
    this.#onAppended(message)
    if (this.#isDrained()) this.#onDrained()
  }

  #onExit(): void {
    // What the thread had answered before its end still counts.
    this.#mailbox.inbox.drain((kind, offset, payloadBytes) => this.#onRecord(kind, offset, payloadBytes), 2 ** 31)
    const wasOpen = this.#state.kind === 'open'
    const why = this.#crash === undefined ? 'it exited' : messageOf(this.#crash)
    const error = new StoreError('storage_failed', `The storage thread is gone: ${why}.`, { cause: this.#crash })
    const lost = [...this.#waiting.values()]
    const lostRuns = this.#waitingRuns
    this.#waiting.clear()
    this.#waitingRuns = 0
    this.#waitingPast = 0
    this.#state = { kind: 'ended', error }
    this.#mailbox.close()
    for (const call of lost) call.reject(error)
    this.#onDrained()
    if (wasOpen || lost.length + lostRuns > 0) this.#onDied(error)
  }
}

function firstMessage(worker: Worker): Promise<StoreThreadStarted> {
  const ended = new AbortController()
  worker.once('exit', () => ended.abort())
  // Rejects on an `error` event as well.
  return once(worker, 'message', { signal: ended.signal }).then(([message]) => message as StoreThreadStarted)
}

function busy(): StoreError {
  return new StoreError('server_busy', 'The store has too much to do just now; try again later.')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
