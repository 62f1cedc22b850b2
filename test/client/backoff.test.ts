import t from 'tap'
import { backoffDelayMs } from '../../src/client/backoff.ts'

const backoff = { baseMs: 100, capMs: 1000 }

t.test('the bound doubles up to the cap', async (t) => {
  const bounds = [0, 1, 2, 3, 4, 5, 2000].map((attempt) => backoffDelayMs(backoff, attempt, 0.999_999_999))
  t.same(bounds, [99, 199, 399, 799, 999, 999, 999])
})

t.test('the wait is drawn from all between nothing and the bound', async (t) => {
  t.equal(backoffDelayMs(backoff, 3, 0), 0)
  t.equal(backoffDelayMs(backoff, 3, 0.5), 400)
})

t.test('a base of nothing waits for nothing, whatever the attempt', async (t) => {
  t.equal(backoffDelayMs({ baseMs: 0, capMs: 1000 }, 5000, 0.5), 0)
})
