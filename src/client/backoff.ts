/** How long to wait before the next try to connect. Pure: the random number is handed in. */

/** The shape of the waits; milliseconds. */
export interface Backoff {
  /** The bound of the first wait; each later one's is twice as high. */
  readonly baseMs: number
  /** No bound is higher than this. */
  readonly capMs: number
}

/**
 * Exponential backoff with full jitter: a wait drawn evenly between 0 and `baseMs * 2^attempt`, capped.
 * Full jitter spreads the return of many clients of one server best
 * (AWS Architecture Blog, "Exponential Backoff And Jitter", 2015).
 *
 * @param attempt 0 for the first try after a loss
 * @param random a number from 0 (included) to 1 (excluded)
 * @returns whole milliseconds
 */
export function backoffDelayMs(backoff: Backoff, attempt: number, random: number): number {
  // 2 ** 1024 is Infinity, which the cap takes; 0 * Infinity is not.
  const bound = Math.min(backoff.capMs, backoff.baseMs * 2 ** Math.min(attempt, 1000))
  return Math.floor(bound * random)
}
