/** A token bucket: so many messages a second, with a reserve of two seconds' worth. Pure; the clock is passed in. */

const reserveSeconds = 2

/** See the head of the file. */
export class TokenBucket {
  readonly #perSecond: number
  #tokens: number
  #at: number

  /** @param perSecond tokens a second; 0 for no limit. @param now milliseconds on a clock that only goes forward */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond
    this.#tokens = perSecond * reserveSeconds
    this.#at = now
  }

  /** Takes one token; false when there is none. */
  take(now: number): boolean {
    if (this.#perSecond === 0) return true
    if (now !== this.#at) this.#refill(now)
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Seconds until there is a token again, for the answer to whom was refused. */
  retryAfterSeconds(): number {
    return this.#perSecond === 0 ? 0 : Math.max(0, 1 - this.#tokens) / this.#perSecond
  }

  #refill(now: number): void {
    const gained = ((now - this.#at) * this.#perSecond) / 1000
    this.#tokens = Math.min(this.#tokens + gained, this.#perSecond * reserveSeconds)
    this.#at = now
  }
}
