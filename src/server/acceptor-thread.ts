/**
 * An acceptor thread from outside: starts it, waits until it listens, starts another when it dies, a limited
 * number of times. Runs on: the main thread.
 */
import { Worker } from 'node:worker_threads'
import type { AcceptorOptions } from '../acceptor/options.ts'
import { createMailboxPair, type MailboxEnd } from '../mailbox/mailbox.ts'
import type { AcceptorEvent } from '../mailbox/router-messages.ts'
import { threadFlags } from '../mailbox/thread-flags.ts'
import { ServerStartError } from './start-error.ts'
import type { RingSizes } from './thread-options.ts'

/** A listening socket as it came to be. */
export interface ListeningAddress {
  readonly listener: 'tcp' | 'ws'
  readonly host: string
  readonly port: number
}

/** What a supervised thread reports. */
export interface AcceptorThreadEvents {
  /** The thread has died and another is starting; this is the new end of its mailbox. */
  replaced(end: MailboxEnd, cause: string): void
  /** It has died too often. */
  givenUp(cause: string): void
}

const restartsMax = 5
/** A thread that lived so long is not one of a row of failures. */
const healthyAfterMs = 60_000
const countsPerLife = 2 ** 24

/**
 * What dies young in this thread dies very young, so a small young generation is as good as V8's 48 MiB for throughput, stays
 * in the caches, and takes 10 MiB less.
 */
const youngGenerationMebibytes = 4

/** See the head of the file. */
export class AcceptorThread {
  readonly index: number
  /** The main thread's end of its mailbox, at the start. */
  readonly firstEnd: MailboxEnd
  readonly #options: Omit<AcceptorOptions, 'index' | 'firstCount' | 'mailbox'>
  readonly #rings: RingSizes
  readonly #events: AcceptorThreadEvents
  #worker: Worker
  #startedAt = 0
  #lives = 0
  #failuresInRow = 0
  /** Why the thread ends, as far as it is known. */
  #cause = ''
  #isStopping = false
  #addresses: ListeningAddress[] = []
  #waiting: { resolve: (addresses: readonly ListeningAddress[]) => void; reject: (error: Error) => void } | undefined

  constructor(
    options: Omit<AcceptorOptions, 'firstCount' | 'mailbox'>,
    rings: RingSizes,
    events: AcceptorThreadEvents,
  ) {
    this.index = options.index
    this.#options = options
    this.#rings = rings
    this.#events = events
    const started = this.#start()
    this.firstEnd = started.end
    this.#worker = started.worker
  }

  /** Resolves when all listeners listen. @throws ServerStartError when one can't */
  listening(): Promise<readonly ListeningAddress[]> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#settleWhenListening()
    })
  }

  /** To be told of the thread's events that concern its start. */
  onEvent(event: AcceptorEvent): void {
    if (event.name === 'listening') {
      if (this.#isListening()) return
      this.#addresses.push({ listener: event.listener === 'ws' ? 'ws' : 'tcp', host: event.host, port: event.port })
      this.#settleWhenListening()
    } else if (event.name === 'listenFailed') {
      const error = ServerStartError.listenFailed(event)
      if (this.#isListening()) {
        // One that stands in for another can't listen where that one did: it is no use, and counts as a failure.
        this.#cause = error.message
        void this.#worker.terminate()
      } else {
        this.#waiting?.reject(error)
      }
    }
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#worker.terminate()
  }

  /** Whether it has listened; one that stands in for another does so at the same addresses. */
  #isListening(): boolean {
    return this.#addresses.length === this.#options.listeners.length
  }

  #settleWhenListening(): void {
    if (this.#isListening()) this.#waiting?.resolve(this.#addresses)
  }

  #start(): { worker: Worker; end: MailboxEnd } {
    const pair = createMailboxPair({
      toFirstBytes: this.#rings.toRouterBytes,
      toSecondBytes: this.#rings.toAcceptorBytes,
    })
    const workerData: AcceptorOptions = {
      ...this.#options,
      index: this.index,
      firstCount: 1 + (this.#lives % 15) * countsPerLife,
      // One that stands in for another listens where that one did, also where the port was chosen by the system.
      listeners: this.#options.listeners.map((listener) => {
        const known = this.#addresses.find((address) => address.listener === listener.kind)
        return known === undefined ? listener : { ...listener, port: known.port }
      }),
      mailbox: pair.second,
    }
    this.#lives++
    this.#startedAt = performance.now()
    const worker = new Worker(new URL('../acceptor/acceptor.worker.js', import.meta.url), {
      name: `parley-acceptor-${this.index}`,
      // As for the pool: what the flags of the process load would make a thread that stands in for a dead one late.
      execArgv: threadFlags(),
      resourceLimits: { maxYoungGenerationSizeMb: youngGenerationMebibytes },
      workerData,
      transferList: [pair.second.port],
    })
    this.#cause = 'it ended by itself'
    worker.on('error', (error) => {
      this.#cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
    })
    worker.on('exit', () => this.#onExit(this.#cause))
    return { worker, end: pair.first }
  }

  #onExit(cause: string): void {
    if (this.#isStopping) return
    this.#failuresInRow = performance.now() - this.#startedAt > healthyAfterMs ? 1 : this.#failuresInRow + 1
    if (this.#waiting !== undefined && !this.#isListening()) {
      this.#waiting.reject(new ServerStartError('failed', `The acceptor thread could not start: ${cause}`))
      return
    }
    if (this.#failuresInRow > restartsMax) {
      this.#events.givenUp(cause)
      return
    }
    const { worker, end } = this.#start()
    this.#worker = worker
    this.#events.replaced(end, cause)
  }
}
