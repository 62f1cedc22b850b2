/**
 * The storage thread, supervised: one that dies is replaced, a limited number of times. Calls that have no answer by then fail,
 * as they would on a disk that fails; the router asks again by itself. Runs on: the main thread.
 */
import type { HistoryDoneMessage, HistoryRun, HistorySettings } from '../mailbox/history-messages.ts'
import type { AppendedMessage, InboxRun, InboxSettings, Ticket } from '../mailbox/inbox-messages.ts'
import { StoreError } from '../mailbox/store-error.ts'
import type { Store, StoreCallName, StoreCalls } from '../mailbox/store-messages.ts'
import { type StoreClient, startStoreThread } from '../store/store-client.ts'

/** What a keeper is made of. */
export interface StoreKeeperOptions {
  readonly dataDir: string
  readonly inboxes: InboxSettings
  /** Undefined: no history is kept. */
  readonly history: HistorySettings | undefined
  /** Deaths in a row after which it gives up. */
  readonly restartsMax: number
  readonly events: StoreKeeperEvents
}

/** What a keeper tells. */
export interface StoreKeeperEvents {
  /** The thread has died; another is being started. */
  died(error: StoreError): void
  /** Another thread stands in. */
  replaced(): void
  /** It died too often, or no other could be started. */
  givenUp(error: Error): void
  /** What became of runs. */
  appended(message: AppendedMessage): void
  /** What became of runs for the history. */
  remembered(message: HistoryDoneMessage): void
}

/** A thread that lived so long is not one of a row of failures. */
const healthyAfterMs = 60_000
/** From a death to the next start: what killed the thread, a file system that went away, say, may pass. */
const restartDelayMs = 100

type KeeperState =
  | { readonly kind: 'up'; readonly client: StoreClient; readonly since: number }
  | { readonly kind: 'down' }
  | { readonly kind: 'closed' }

/** See the head of the file. */
export class StoreKeeper implements Store {
  readonly #options: StoreKeeperOptions
  #state: KeeperState = { kind: 'down' }
  #failuresInRow = 0
  #starting: Promise<void> = Promise.resolve()

  private constructor(options: StoreKeeperOptions) {
    this.#options = options
  }

  /** Starts the first thread. @throws StoreError with a sentence for the operator */
  static async open(options: StoreKeeperOptions): Promise<StoreKeeper> {
    const keeper = new StoreKeeper(options)
    await keeper.#start()
    return keeper
  }

  /** Hands over a run to be stored: see `StoreClient`. */
  append(run: InboxRun): Ticket | -1 {
    return this.#state.kind === 'up' ? this.#state.client.append(run) : -1
  }

  /** Hands over a run for the history: see `StoreClient`. */
  remember(run: HistoryRun): boolean {
    return this.#state.kind === 'up' && this.#state.client.remember(run)
  }

  call<Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']): Promise<StoreCalls[Name]['give']> {
    if (this.#state.kind === 'up') return this.#state.client.call(name, take)
    return Promise.reject(new StoreError('storage_failed', 'The storage thread is gone; another is being started.'))
  }

  /** Takes no more calls, and waits for the answers to those that were made. */
  async close(): Promise<void> {
    const { kind } = this.#state
    if (kind === 'up') await this.#state.client.close()
    this.#state = { kind: 'closed' }
    await this.#starting
  }

  async #start(): Promise<void> {
    const { dataDir, inboxes, history, events } = this.#options
    const client = await startStoreThread({
      dataDir,
      inboxes,
      ...(history === undefined ? {} : { history }),
      onHistoryDone: (message) => events.remembered(message),
      onDied: (error) => this.#onDied(error),
      onAppended: (message) => events.appended(message),
    })
    if (this.#isClosed()) await client.close()
    else this.#state = { kind: 'up', client, since: performance.now() }
  }

  // The compiler does not know that the state changes while one waits.
  #isClosed(): boolean {
    return this.#state.kind === 'closed'
  }

  #onDied(error: StoreError): void {
    if (this.#state.kind !== 'up') return
    const wasHealthy = performance.now() - this.#state.since > healthyAfterMs
    this.#failuresInRow = wasHealthy ? 1 : this.#failuresInRow + 1
    this.#state = { kind: 'down' }
    const { events, restartsMax } = this.#options
    events.died(error)
    if (this.#failuresInRow > restartsMax) events.givenUp(error)
    else this.#starting = this.#restart()
  }

  async #restart(): Promise<void> {
    const { events } = this.#options
    await new Promise((resolve) => setTimeout(resolve, restartDelayMs))
    if (this.#isClosed()) return
    try {
      await this.#start()
    } catch (error) {
      events.givenUp(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (!this.#isClosed()) events.replaced()
  }
}
