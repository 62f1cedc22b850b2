/** Many times in little memory, to three digits. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type { Distribution } from './messages.ts'

const microsecondsMax = 600_000_000

/** Records times and tells their percentiles. */
export class TimeRecorder {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: microsecondsMax, figures: 3 })

  record(milliseconds: number): void {
    const microseconds = Math.round(milliseconds * 1000)
    this.#histogram.record(Math.min(microsecondsMax, Math.max(1, microseconds)))
  }

  distribution(): Distribution {
    const histogram = this.#histogram
    if (histogram.count === 0) return { count: 0, p50Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0, percentiles: [] }
    return {
      count: histogram.count,
      p50Ms: histogram.percentile(50) / 1000,
      p99Ms: histogram.percentile(99) / 1000,
      p999Ms: histogram.percentile(99.9) / 1000,
      maxMs: histogram.max / 1000,
      percentiles: [...histogram.percentiles].map(([percentile, value]) => [percentile, value / 1000] as const),
    }
  }
}
