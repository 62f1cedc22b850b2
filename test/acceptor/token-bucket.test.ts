import t from 'tap'
import { TokenBucket } from '../../src/acceptor/token-bucket.ts'

function takeAll(bucket: TokenBucket, now: number): number {
  let taken = 0
  while (taken < 1_000_000 && bucket.take(now)) taken++
  return taken
}

t.test('two seconds of messages can be saved up, and no more', (t) => {
  const bucket = new TokenBucket(10, 0)
  t.equal(takeAll(bucket, 0), 20)
  t.equal(takeAll(bucket, 1000), 10)
  t.equal(takeAll(bucket, 1_000_000), 20)
  t.end()
})

t.test('who is refused is told when the next one may come', (t) => {
  const bucket = new TokenBucket(10, 0)
  takeAll(bucket, 0)
  t.equal(bucket.retryAfterSeconds(), 0.1)
  t.notOk(bucket.take(99))
  t.ok(bucket.take(101))
  t.end()
})

t.test('refusals in between do not lose what has grown', (t) => {
  const bucket = new TokenBucket(1, 0)
  takeAll(bucket, 0)
  let taken = 0
  for (let now = 10; now <= 10_000; now += 10) if (bucket.take(now)) taken++
  t.ok(taken >= 9 && taken <= 10, `${taken}`)
  t.end()
})

t.test('0 is no limit', (t) => {
  const bucket = new TokenBucket(0, 0)
  t.equal(takeAll(bucket, 0), 1_000_000)
  t.equal(bucket.retryAfterSeconds(), 0)
  t.end()
})

t.test('whoever rests saves up no more than two seconds of messages', async (t) => {
  const bucket = new TokenBucket(10, 0)
  for (let count = 0; count < 5; count++) t.ok(bucket.take(0))
  let taken = 0
  while (bucket.take(3_600_000)) taken++
  t.equal(taken, 20)
})
