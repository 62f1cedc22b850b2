/**
 * One clock for all processes of the benchmark: milliseconds, with a fraction, of the machine's monotonic
 * clock, so that a moment named in one process means the same in another.
 */

// `performance.now()` is cheaper than `hrtime`, but counts from another moment in every process.
const offsetMs = measureOffset()

/** The present moment. */
export function now(): number {
  return performance.now() + offsetMs
}

/** A process may be put to sleep between two looks at clocks; the quickest of several pairs of looks is the truest. */
function measureOffset(): number {
  let offset = 0
  let quickestMs = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < 20; attempt++) {
    const before = process.hrtime.bigint()
    const atMs = performance.now()
    const tookMs = Number(process.hrtime.bigint() - before) / 1e6
    if (tookMs >= quickestMs) continue
    quickestMs = tookMs
    offset = Number(before) / 1e6 + tookMs / 2 - atMs
  }
  return offset
}
