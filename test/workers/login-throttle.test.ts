import fc from 'fast-check'
import t from 'tap'
import {
  addressFailuresFree,
  failuresForgottenMs,
  LoginThrottle,
  loginDelayFirstMs,
  loginDelayMaxMs,
  throttleEntriesMax,
} from '../../src/workers/login-throttle.ts'

const alice = { userId: 'alice', address: '192.0.2.1' }

t.test('the wait doubles with each failure up to the cap', async (t) => {
  const throttle = new LoginThrottle()
  const waits = Array.from({ length: 10 }, () => {
    const wait = throttle.delayMs(alice, 0)
    throttle.failed(alice, 0)
    return wait
  })
  t.strictSame(waits, [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
})

t.test('an account is slowed from wherever it is tried, and others are not', async (t) => {
  const throttle = new LoginThrottle()
  throttle.failed(alice, 0)
  t.equal(throttle.delayMs({ ...alice, address: '198.51.100.7' }, 0), 100)
  t.equal(throttle.delayMs({ ...alice, userId: 'bob' }, 0), 0)
  t.equal(throttle.delayMs({ ...alice, userId: 'Alice' }, 0), 0)
})

t.test('an address is slowed only after many failures', async (t) => {
  const throttle = new LoginThrottle()
  for (let index = 0; index < addressFailuresFree; index++) {
    t.equal(throttle.delayMs({ ...alice, userId: `new${index}` }, 0), 0)
    throttle.failed({ ...alice, userId: `user${index}` }, 0)
  }
  t.equal(throttle.delayMs({ ...alice, userId: 'new' }, 0), 0)
  throttle.failed({ ...alice, userId: 'one more' }, 0)
  t.equal(throttle.delayMs({ ...alice, userId: 'new' }, 0), loginDelayFirstMs)
  t.equal(throttle.addressDelayMs(alice.address, 0), loginDelayFirstMs)
  t.equal(throttle.delayMs({ userId: 'new', address: 'elsewhere' }, 0), 0)
  for (let index = 0; index < 100; index++) throttle.addressFailed(alice.address, 0)
  t.equal(throttle.addressDelayMs(alice.address, 0), loginDelayMaxMs)
})

t.test('a good login forgives its account and its address, and no other', async (t) => {
  const throttle = new LoginThrottle()
  for (let index = 0; index < 100; index++) throttle.failed(alice, 0)
  throttle.failed({ userId: 'bob', address: 'elsewhere' }, 0)
  throttle.succeeded(alice)
  t.equal(throttle.delayMs(alice, 0), 0)
  t.equal(throttle.addressDelayMs(alice.address, 0), 0)
  t.equal(throttle.delayMs({ ...alice, userId: 'bob' }, 0), 100)
  t.strictSame(throttle.size, { accounts: 1, addresses: 1 })
})

t.test('failures fade and are forgotten', async (t) => {
  const throttle = new LoginThrottle()
  for (let index = 0; index < 1000; index++) throttle.failed(alice, 0)
  const waits = [0, 0.25, 0.5, 0.75, 1].map((part) => throttle.delayMs(alice, part * failuresForgottenMs))
  t.strictSame(waits, [5000, 1600, 800, 200, 0])
  throttle.failed({ userId: 'bob', address: 'elsewhere' }, failuresForgottenMs)
  t.strictSame(throttle.size, { accounts: 1, addresses: 1 }, 'what is forgotten takes no room')
})

t.test('a clock that jumps back does not make a wait longer than its cap', async (t) => {
  const throttle = new LoginThrottle()
  for (let index = 0; index < 50; index++) throttle.failed(alice, 1e12)
  t.equal(throttle.delayMs(alice, 0), loginDelayMaxMs)
})

t.test('the tables are bounded and the one that failed longest ago goes first', async (t) => {
  const throttle = new LoginThrottle({ entriesMax: 3 })
  for (const userId of ['a', 'b', 'c', 'a', 'd']) throttle.failed({ userId, address: userId }, 0)
  t.strictSame(throttle.size, { accounts: 3, addresses: 3 })
  t.equal(throttle.delayMs({ userId: 'b', address: 'x' }, 0), 0)
  t.equal(throttle.delayMs({ userId: 'a', address: 'x' }, 0), 200)
  t.equal(throttle.delayMs({ userId: 'd', address: 'x' }, 0), 100)
})

t.test('a flood of names takes no more room than the limit', async (t) => {
  const throttle = new LoginThrottle()
  for (let index = 0; index < throttleEntriesMax + 10; index++) {
    throttle.failed({ userId: `user${index}`, address: `address${index}` }, index)
  }
  t.strictSame(throttle.size, { accounts: throttleEntriesMax, addresses: throttleEntriesMax })
})

t.test('whatever happens, a wait is within its bounds, and a good login ends it', async () => {
  const names = fc.constantFrom('a', 'b', 'c')
  const step = fc.record({
    userId: names,
    address: names,
    good: fc.boolean(),
    afterMs: fc.integer({ min: 0, max: failuresForgottenMs }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const throttle = new LoginThrottle({ entriesMax: 2 })
      let now = 0
      for (const { good, afterMs, ...party } of steps) {
        now += afterMs
        const before = throttle.delayMs(party, now)
        if (good) throttle.succeeded(party)
        else throttle.failed(party, now)
        const after = throttle.delayMs(party, now)
        const { accounts, addresses } = throttle.size
        if (after < 0 || after > loginDelayMaxMs || accounts > 2 || addresses > 2) return false
        if (good ? after !== 0 : after < Math.max(before, loginDelayFirstMs)) return false
      }
      return throttle.delayMs({ userId: 'a', address: 'a' }, now + failuresForgottenMs) === 0
    }),
  )
})
