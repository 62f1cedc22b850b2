import t from 'tap'
import { clockToleranceMs, steadyClock } from '../../src/store/steady-clock.ts'

t.test('a wall clock that jumps forward is followed only so far; one that goes back is followed', async (t) => {
  let wall = 1_000_000
  let monotonic = 5
  const now = steadyClock(
    () => wall,
    () => monotonic,
  )
  t.equal(now(), 1_000_000)
  wall += 100
  monotonic += 100
  t.equal(now(), 1_000_100)
  wall += 1e12
  t.equal(now(), 1_000_100 + clockToleranceMs)
  monotonic += 500
  t.equal(now(), 1_000_600 + clockToleranceMs)
  wall = 900_000
  t.equal(now(), 900_000)
})
