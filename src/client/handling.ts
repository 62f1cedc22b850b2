/** One message in the hands of the application: it is handled when everybody who got it is done with it. */

/** See the head of the file. Whoever makes it holds it. */
export class Handling {
  readonly #settled: (isHandled: boolean) => void
  #holderCount = 1
  #isHandled = false

  /** @param settled is called once: with false when nobody has handled the message, so that it may be shown again */
  constructor(settled: (isHandled: boolean) => void) {
    this.#settled = settled
  }

  /** One more has it in hand. */
  hold(): void {
    this.#holderCount++
  }

  /** One of those who have it is done with it, and has handled it or not. */
  release(isHandled: boolean): void {
    if (this.#holderCount === 0) return
    this.#isHandled ||= isHandled
    if (--this.#holderCount === 0) this.#settled(this.#isHandled)
  }
}
