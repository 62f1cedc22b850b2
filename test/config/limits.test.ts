import t from 'tap'
import { limits } from '../../src/config/limits.ts'
import { passwordCostMax } from '../../src/workers/password.ts'

t.test('every limit has a value, a unit and a reason', async (t) => {
  for (const [name, limit] of Object.entries(limits)) {
    t.ok(Number.isSafeInteger(limit.value) && limit.value > 0, name)
    t.match(limit.unit, /\S/, name)
    t.match(limit.reason, /\S{2,} \S+/, name)
  }
})

t.test('the costliest hash that can be set is one that the server checks', async (t) => {
  t.equal(limits.argon2MemoryKibMax.value, passwordCostMax.memoryKib)
  t.equal(limits.argon2PassesMax.value, passwordCostMax.passes)
  t.equal(limits.argon2WorkKibMax.value, passwordCostMax.workKib)
})
