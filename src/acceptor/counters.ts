/** What an acceptor counts. Runs on: the acceptor thread. */
import type { AcceptorCounters } from '../mailbox/router-messages.ts'

/** Counts since the start of the thread; the names are those of the message that carries them. */
export class Counters {
  acceptedTotal = 0
  receivedBytes = 0
  sentBytes = 0
  noiseBytes = 0
  handshakesFull = 0
  handshakesResumed = 0
  readonly #refusedFrames = new Map<string, number>()
  readonly #closed = new Map<string, number>()
  readonly #handshakesFailed = new Map<string, number>()
  readonly #recordsFailed = new Map<string, number>()

  refused(code: string, frames = 1): void {
    this.#refusedFrames.set(code, (this.#refusedFrames.get(code) ?? 0) + frames)
  }

  closed(reason: string): void {
    addOne(this.#closed, reason)
  }

  handshakeFailed(detail: string): void {
    addOne(this.#handshakesFailed, detail)
  }

  recordFailed(detail: string): void {
    addOne(this.#recordsFailed, detail)
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
      handshakes: {
        full: this.handshakesFull,
        resumed: this.handshakesResumed,
        failed: Object.fromEntries(this.#handshakesFailed),
      },
      recordsFailed: Object.fromEntries(this.#recordsFailed),
    }
  }
}

function addOne(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}
