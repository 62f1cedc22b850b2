/** What an acceptor counts. Runs on: the acceptor thread. */
import type { AcceptorCounters } from '../mailbox/router-messages.ts'

/** Counts since the start of the thread; the names are those of the message that carries them. */
export class Counters {
  acceptedTotal = 0
  receivedBytes = 0
  sentBytes = 0
  noiseBytes = 0
  readonly #refusedFrames = new Map<string, number>()
  readonly #closed = new Map<string, number>()

  refused(code: string): void {
    this.#refusedFrames.set(code, (this.#refusedFrames.get(code) ?? 0) + 1)
  }

  closed(reason: string): void {
    this.#closed.set(reason, (this.#closed.get(reason) ?? 0) + 1)
  }

  snapshot(now: { connections: number; sessions: number; receivedFrames: number }): AcceptorCounters {
    return {
      ...now,
      acceptedTotal: this.acceptedTotal,
      receivedBytes: this.receivedBytes,
      sentBytes: this.sentBytes,
      noiseBytes: this.noiseBytes,
      refusedFrames: Object.fromEntries(this.#refusedFrames),
      closed: Object.fromEntries(this.#closed),
    }
  }
}
