import t from 'tap'
import { spreadOf } from '../../bench/statistics.ts'

t.test('the median of an odd number of figures is the middle one', async (t) => {
  t.strictSame(spreadOf([9, 1, 5]), { median: 5, lowest: 1, highest: 9 })
})

t.test('the median of an even number lies between the middle two', async (t) => {
  t.strictSame(spreadOf([4, 1, 2, 100]), { median: 3, lowest: 1, highest: 100 })
})

t.test('no figures have no spread', async (t) => {
  t.equal(spreadOf([]), undefined)
})
