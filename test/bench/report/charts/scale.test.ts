import t from 'tap'
import { linearScale, logScale } from '../../../../bench/report/charts/scale.ts'

t.test('a linear axis begins at 0 and ends at a round figure', async (t) => {
  const scale = linearScale([3, 470], [0, 100])
  t.strictSame(scale.ticks, [0, 200, 400, 600])
  t.equal(scale.at(0), 0)
  t.equal(scale.at(600), 100)
})

t.test('figures that are all 0, or all the same, have an axis too', async (t) => {
  t.ok(Number.isFinite(linearScale([0, 0], [0, 100]).at(0)))
  t.ok(Number.isFinite(linearScale([5, 5], [0, 100], { from0: false, isWhole: true }).at(5)))
  t.ok(Number.isFinite(logScale([10], [0, 100]).at(10)))
})

t.test('an axis of seconds has no halves', async (t) => {
  t.strictSame(linearScale([1, 2], [0, 100], { from0: false, isWhole: true }).ticks, [1, 2])
})

t.test('a logarithmic axis has a tick for each power of ten', async (t) => {
  const scale = logScale([0.2, 45], [0, 100])
  t.strictSame(scale.ticks, [0.1, 1, 10, 100])
  t.equal(Math.round(scale.at(1)), 33)
  t.equal(scale.at(0), 0, 'what has no logarithm lies at the edge')
})

t.test('ticks may be given', async (t) => {
  const scale = logScale([100, 1000], [0, 100], [100, 1000])
  t.equal(scale.at(100), 0)
  t.equal(scale.at(1000), 100)
})
