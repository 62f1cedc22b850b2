/**
 * A clock by which messages expire. It follows the wall clock, but runs ahead of the time that really passed by no more
 * than a tolerance: a wall clock that jumps a year forward must not empty all inboxes.
 */

/** How far the wall clock may run ahead of the time that passed since the start. */
export const clockToleranceMs = 3_600_000

/** Makes the clock. Both give milliseconds; `monotonic` never goes back and never jumps. */
export function steadyClock(wall: () => number, monotonic: () => number): () => number {
  const wallAtStart = wall()
  const monotonicAtStart = monotonic()
  return () => Math.min(wall(), wallAtStart + monotonic() - monotonicAtStart + clockToleranceMs)
}
