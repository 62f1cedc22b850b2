/** How long one attempt may wait in all: until its caller gives up or its time is over, whichever comes first. */

/** The signal of both ends of waiting, and sleeps that end with it. Call `end` when the attempt is over. */
export class Patience {
  readonly #controller = new AbortController()
  readonly #caller: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout
  readonly #giveUp = (): void => this.#controller.abort()

  constructor(waitMs: number, caller: AbortSignal | undefined) {
    this.#caller = caller
    this.#timer = setTimeout(this.#giveUp, waitMs)
    // By hand, since AbortSignal.any came with Node 20.3.
    if (caller?.aborted === true) this.#giveUp()
    else caller?.addEventListener('abort', this.#giveUp, { once: true })
  }

  /** Aborted when there is no more waiting. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Resolves to true after that time, or to false as soon as there is no more waiting. */
  sleep(ms: number): Promise<boolean> {
    const { signal } = this
    if (signal.aborted) return Promise.resolve(false)
    return new Promise((resolve) => {
      const onAbort = (): void => {
        clearTimeout(timer)
        resolve(false)
      }
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort)
        resolve(true)
      }, ms)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Frees the timer and the caller's signal. */
  end(): void {
    clearTimeout(this.#timer)
    this.#caller?.removeEventListener('abort', this.#giveUp)
  }
}
