/**
 * All acceptor threads of a server. Several listen on the same ports where the platform can share them; the
 * first one finds out which ports those are. Runs on: the main thread.
 */
import type { AcceptorOptions } from '../acceptor/options.ts'
import type { MailboxEnd } from '../mailbox/mailbox.ts'
import type { AcceptorEvent } from '../mailbox/router-messages.ts'
import { AcceptorThread, type ListeningAddress } from './acceptor-thread.ts'
import { probePort } from './probe-port.ts'
import type { RingSizes } from './thread-options.ts'

/** What the group reports. */
export interface AcceptorGroupEvents {
  /** A thread was started; this is the main thread's end of its mailbox. */
  started(index: number, end: MailboxEnd): void
  /** A thread has died and another is starting in its place. */
  replaced(index: number, end: MailboxEnd, cause: string): void
  /** A thread has died too often. */
  givenUp(index: number, cause: string): void
}

/** What each thread is told, but for what differs. */
export type CommonAcceptorOptions = Omit<AcceptorOptions, 'index' | 'firstCount' | 'mailbox'>

/** See the head of the file. */
export class AcceptorGroup {
  readonly #count: number
  readonly #options: CommonAcceptorOptions
  readonly #rings: RingSizes
  readonly #events: AcceptorGroupEvents
  readonly #threads: AcceptorThread[] = []
  readonly #waiting = new Set<(index: number, event: AcceptorEvent) => void>()

  constructor(options: {
    count: number
    acceptor: CommonAcceptorOptions
    rings: RingSizes
    events: AcceptorGroupEvents
  }) {
    this.#count = options.count
    this.#options = options.acceptor
    this.#rings = options.rings
    this.#events = options.events
  }

  /** Starts all threads. @returns where they listen @throws ServerStartError when one can't */
  async start(): Promise<readonly ListeningAddress[]> {
    const sharesPort = this.#count > 1
    const listeners = this.#options.listeners.map((listener) => ({ ...listener, sharesPort }))
    if (sharesPort) for (const listener of listeners) await probePort(listener)
    const addresses = await this.#startOne({ ...this.#options, listeners })
    const known = listeners.map((listener) => {
      const address = addresses.find((candidate) => candidate.listener === listener.kind)
      return address === undefined ? listener : { ...listener, port: address.port }
    })
    while (this.#threads.length < this.#count) await this.#startOne({ ...this.#options, listeners: known })
    return addresses
  }

  #startOne(options: CommonAcceptorOptions): Promise<readonly ListeningAddress[]> {
    const index = this.#threads.length
    const thread = new AcceptorThread({ ...options, index }, this.#rings, {
      replaced: (end, cause) => this.#events.replaced(index, end, cause),
      givenUp: (cause) => this.#events.givenUp(index, cause),
    })
    this.#threads.push(thread)
    this.#events.started(index, thread.firstEnd)
    return thread.listening()
  }

  /** To be told of every event of every thread. */
  onEvent(index: number, event: AcceptorEvent): void {
    this.#threads[index]?.onEvent(event)
    for (const listener of [...this.#waiting]) listener(index, event)
  }

  /** Resolves when all threads have reported such an event from now on. */
  all(name: AcceptorEvent['name']): Promise<void> {
    const open = new Set(this.#threads.keys())
    return new Promise((resolve) => {
      const listener = (index: number, event: AcceptorEvent): void => {
        if (event.name !== name) return
        open.delete(index)
        if (open.size > 0) return
        this.#waiting.delete(listener)
        resolve()
      }
      this.#waiting.add(listener)
    })
  }

  /** Ends all threads. */
  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()))
  }
}
