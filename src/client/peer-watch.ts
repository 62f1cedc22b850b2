/** Watches that the peer is alive: asks after silence, and calls it dead when no byte follows. */

/** Times and deeds of the watch. */
export interface PeerWatchOptions {
  /** Silence before it asks; 0: it never does. Milliseconds. */
  readonly intervalMs: number
  /** Silence after it has asked. Milliseconds. */
  readonly timeoutMs: number
  /** Asks for a sign of life. */
  probe(): void
  /** None came. The watch is then over. */
  dead(): void
}

/** See the head of the file. */
export class PeerWatch {
  readonly #options: PeerWatchOptions
  #phase: 'listening' | 'heard' | 'asked' | 'stopped' = 'listening'
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(options: PeerWatchOptions) {
    this.#options = options
    if (options.intervalMs > 0) this.#arm(options.intervalMs)
  }

  /** Something came. Cheap: no timer is touched. */
  heard(): void {
    if (this.#phase !== 'stopped') this.#phase = 'heard'
  }

  stop(): void {
    this.#phase = 'stopped'
    clearTimeout(this.#timer)
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => this.#tick(), delayMs)
    // A watch alone is no reason for a program to live on; a page's timer is a number.
    if (typeof this.#timer === 'object') this.#timer.unref()
  }

  #tick(): void {
    switch (this.#phase) {
      case 'heard':
        this.#phase = 'listening'
        this.#arm(this.#options.intervalMs)
        return
      case 'listening':
        this.#phase = 'asked'
        this.#arm(this.#options.timeoutMs)
        this.#options.probe()
        return
      case 'asked':
        this.#phase = 'stopped'
        this.#options.dead()
        return
      case 'stopped':
        return
    }
  }
}
