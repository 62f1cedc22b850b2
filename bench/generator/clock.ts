/**
 * One clock for all processes of the benchmark: milliseconds, with a fraction, of the machine's monotonic
 * clock, so that a moment named in one process means the same in another.
 */

// `performance.now()` is cheaper than `hrtime`, but counts from another moment in every process.
const offsetMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** The present moment. */
export function now(): number {
  return performance.now() + offsetMs
}
