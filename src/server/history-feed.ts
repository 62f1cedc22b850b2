/**
 * The way of accepted messages to the history: in order, bounded, and waited for by nobody. What has no answer when the
 * storage thread dies is given again to the one that stands in for it, which knows what it has. Runs on: the main thread.
 */
import type { HistoryDoneMessage, HistoryRun } from '../mailbox/history-messages.ts'

/** What a feed is made of. */
export interface HistoryFeedOptions {
  /** Gives a run to the store; false when that is not possible just now. */
  readonly remember: (run: HistoryRun) => boolean
  /** Bytes that may wait. More are lost to the history. */
  readonly waitingBytesMax: number
  /** So many messages are missing from the history: told once a second at most. */
  readonly onLost: (messages: number) => void
}

const retryMs = 20
const lostEveryMs = 1000

/** See the head of the file. */
export class HistoryFeed {
  readonly #options: HistoryFeedOptions
  /** In order; the first `#sent` of them have no answer yet. */
  #waiting: HistoryRun[] = []
  #sent = 0
  #bytes = 0
  #lost = 0
  #retry: NodeJS.Timeout | undefined
  #report: NodeJS.Timeout | undefined

  constructor(options: HistoryFeedOptions) {
    this.#options = options
  }

  /** Takes a run; its bytes are copied. */
  take(run: HistoryRun): void {
    if (this.#bytes + run.frames.length > this.#options.waitingBytesMax) {
      this.#lose(run.count)
      return
    }
    this.#waiting.push({ ...run, frames: Buffer.from(run.frames) })
    this.#bytes += run.frames.length
    this.#send()
  }

  /** The oldest of those that were sent have their answer. */
  onDone({ count, lost }: HistoryDoneMessage): void {
    const done = this.#waiting.splice(0, count)
    this.#sent -= done.length
    for (const run of done) this.#bytes -= run.frames.length
    if (lost > 0) this.#lose(lost)
    this.#send()
  }

  /** Another storage thread stands in: it is given all that had no answer. */
  restart(): void {
    this.#sent = 0
    this.#send()
  }

  /** Gives nothing more. */
  close(): void {
    clearTimeout(this.#retry)
    clearTimeout(this.#report)
  }

  #send(): void {
    clearTimeout(this.#retry)
    while (this.#sent < this.#waiting.length) {
      if (!this.#options.remember(this.#waiting[this.#sent] as HistoryRun)) {
        this.#retry = setTimeout(() => this.#send(), retryMs)
        this.#retry.unref()
        return
      }
      this.#sent++
    }
  }

  #lose(messages: number): void {
    this.#lost += messages
    this.#report ??= setTimeout(() => {
      this.#report = undefined
      this.#options.onLost(this.#lost)
      this.#lost = 0
    }, lostEveryMs).unref()
  }
}
