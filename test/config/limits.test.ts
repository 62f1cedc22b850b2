import t from 'tap'
import { limits } from '../../src/config/limits.ts'

t.test('every limit has a value, a unit and a reason', async (t) => {
  for (const [name, limit] of Object.entries(limits)) {
    t.ok(Number.isSafeInteger(limit.value) && limit.value > 0, name)
    t.match(limit.unit, /\S/, name)
    t.match(limit.reason, /\S{2,} \S+/, name)
  }
})
