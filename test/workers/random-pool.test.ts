import t from 'tap'
import { randomPool } from '../../src/workers/random-pool.ts'

t.test('no byte is given twice, and the pool is filled again when it is used up', async (t) => {
  let fills = 0
  const take = randomPool((pool) => {
    fills++
    for (let index = 0; index < pool.length; index++) pool[index] = (index + fills) & 0xff
  })
  const first = take(4000)
  t.equal(first[0], 1)
  t.equal(take(96)[0], (4000 + 1) & 0xff)
  t.equal(fills, 1)
  t.equal(take(1)[0], 2)
  t.equal(fills, 2)
  t.equal(first[0], 1, 'what was given stays as it is')
})

t.test('ids differ, and more than the pool holds is refused', async (t) => {
  const take = randomPool()
  const ids = new Set(Array.from({ length: 1000 }, () => Buffer.from(take(16)).toString('hex')))
  t.equal(ids.size, 1000)
  t.throws(() => take(4097), RangeError)
})
