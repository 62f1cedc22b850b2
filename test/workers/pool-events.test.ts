import { createHistogram } from 'node:perf_hooks'
import t from 'tap'
import { histogramStats } from '../../src/workers/pool-events.ts'

t.test('an empty histogram has figures too', async (t) => {
  t.strictSame(histogramStats(createHistogram()), { count: 0, mean: 0, p50: 0, p99: 0, max: 0 })
})

t.test('a histogram is told in figures', async (t) => {
  const histogram = createHistogram()
  for (let value = 1; value <= 100; value++) histogram.record(value)
  t.strictSame(histogramStats(histogram), { count: 100, mean: 50.5, p50: 50, p99: 99, max: 100 })
})
