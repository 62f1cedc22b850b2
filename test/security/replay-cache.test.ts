import fc from 'fast-check'
import t from 'tap'
import { defaultReplayLimits, ReplayCache, type ReplayClaim } from '../../src/security/replay-cache.ts'

const now = 1_700_000_000
const small = { windowS: 10, userIdsMax: 4, idsMax: 8 }

function claim(userId: string, id: string, time: number = now): ReplayClaim {
  return { userId, id, time }
}

t.test('an id is accepted once for a user, and by itself for another', async (t) => {
  const cache = new ReplayCache()
  t.equal(cache.accept(claim('alice', '1'), now), 'fresh')
  t.equal(cache.accept(claim('alice', '1'), now), 'repeat')
  t.equal(cache.accept(claim('alice', '1', now + 1), now), 'repeat', 'also with another time')
  t.equal(cache.accept(claim('bob', '1'), now), 'fresh')
  t.equal(cache.accept(claim('alice', '2'), now), 'fresh')
  t.equal(cache.size, 3)
  t.equal(cache.users, 2)
})

t.test('the window holds on both sides, to the second', async (t) => {
  const cache = new ReplayCache()
  t.equal(cache.accept(claim('alice', '1', now - 301), now), 'window')
  t.equal(cache.accept(claim('alice', '1', now + 301), now), 'window')
  t.equal(cache.accept(claim('alice', '1', now - 300), now), 'fresh')
  t.equal(cache.accept(claim('alice', '2', now + 300), now), 'fresh')
  for (const time of [Number.NaN, now + 0.5, Number.POSITIVE_INFINITY, -1]) {
    t.equal(cache.accept(claim('alice', '3', time), now), 'window', String(time))
  }
})

t.test('a check changes nothing', async (t) => {
  const cache = new ReplayCache()
  t.equal(cache.check(claim('alice', '1'), now), 'fresh')
  t.equal(cache.check(claim('alice', '1'), now), 'fresh')
  t.equal(cache.size, 0)
  cache.accept(claim('alice', '1'), now)
  t.equal(cache.check(claim('alice', '1'), now), 'repeat')
})

t.test('an id is kept for as long as it could come again, and no longer', async (t) => {
  const cache = new ReplayCache()
  cache.accept(claim('alice', '1', now + 300), now)
  t.equal(cache.accept(claim('alice', '1', now + 300), now + 600), 'repeat')
  t.equal(cache.size, 1)
  cache.sweep(now + 601)
  t.equal(cache.size, 0)
  t.equal(cache.users, 0)
  t.equal(cache.accept(claim('alice', '1', now + 300), now + 601), 'window')
})

t.test('a clock that goes back does not bring back what was forgotten', async (t) => {
  const cache = new ReplayCache()
  cache.accept(claim('alice', '1'), now)
  cache.sweep(now + 400)
  t.equal(cache.size, 0)
  t.equal(cache.accept(claim('alice', '1'), now), 'repeat')
  t.equal(cache.accept(claim('alice', '2', now + 150), now), 'fresh')
})

t.test('a clock that was a day ahead for a moment harms only what is as old as what was forgotten', async (t) => {
  const cache = new ReplayCache()
  cache.accept(claim('alice', '1'), now)
  t.equal(cache.accept(claim('alice', '2', now + 86_400), now + 86_400), 'fresh')
  t.equal(cache.size, 1)
  t.equal(cache.accept(claim('alice', '1'), now + 1), 'repeat')
  t.equal(cache.accept(claim('alice', '3', now + 1), now + 1), 'fresh')
  t.equal(cache.accept(claim('alice', '3', now + 1), now + 2), 'repeat')
  cache.sweep(now + 302)
  t.equal(cache.size, 1, 'the old ones are swept as ever')
})

t.test('a process that starts anew can refuse what is older than itself', async (t) => {
  const cache = new ReplayCache(defaultReplayLimits, now)
  t.equal(cache.accept(claim('alice', '1', now), now + 5), 'repeat')
  t.equal(cache.accept(claim('alice', '1', now + 1), now + 5), 'fresh')
})

t.test('a full user loses the oldest, and nothing as old is accepted then', async (t) => {
  const cache = new ReplayCache(small)
  for (const [id, time] of [
    ['b', 2],
    ['a', 1],
    ['c', 3],
    ['d', 4],
  ] as const) {
    t.equal(cache.accept(claim('alice', id, now + time), now), 'fresh')
  }
  t.equal(cache.accept(claim('alice', 'e', now + 1), now), 'repeat', 'as old as the oldest: no room for it')
  t.equal(cache.size, 4, 'which forgot nothing')
  t.equal(cache.accept(claim('alice', 'e', now + 5), now), 'fresh')
  t.equal(cache.size, 4)
  t.equal(cache.accept(claim('alice', 'a', now + 1), now), 'repeat', 'the forgotten one')
  t.equal(cache.accept(claim('alice', 'f', now + 1), now), 'repeat', 'another as old')
  t.equal(cache.accept(claim('bob', 'a', now + 1), now), 'fresh', 'nobody else is harmed')
})

t.test('when all is full, those who keep the most pay', async (t) => {
  const cache = new ReplayCache(small)
  for (let id = 0; id < 4; id++) cache.accept(claim('heavy', `${id}`, now + 10 - id), now)
  for (const user of ['a', 'b', 'c', 'd']) t.equal(cache.accept(claim(user, '1'), now), 'fresh')
  t.equal(cache.size, 8)
  t.equal(cache.accept(claim('e', '1'), now), 'fresh', 'a light user gets room, also with an older time')
  t.equal(cache.size, 8)
  for (const user of ['a', 'b', 'c', 'd', 'e']) t.equal(cache.check(claim(user, '1'), now), 'repeat')
  t.equal(cache.accept(claim('heavy', '3', now + 7), now), 'repeat', 'the forgotten one of the heavy user')
  t.equal(cache.accept(claim('heavy', '0', now + 10), now), 'repeat', 'one that was kept')
})

t.test('full of users with one id each, the first leaves and the floor rises for all', async (t) => {
  const cache = new ReplayCache(small)
  for (let user = 0; user < 8; user++) t.equal(cache.accept(claim(`user${user}`, '1', now + user), now), 'fresh')
  t.equal(cache.accept(claim('late', '1', now + 1), now), 'fresh')
  t.equal(cache.size, 8)
  t.equal(cache.accept(claim('user0', '1', now), now), 'repeat')
  t.equal(cache.accept(claim('other', '1', now), now), 'repeat')
  t.equal(cache.accept(claim('late', '2', now), now), 'repeat', 'as old as what was forgotten')
  t.equal(cache.size, 8)
})

const step = fc.record({
  user: fc.integer({ min: 0, max: 11 }),
  id: fc.integer({ min: 0, max: 15 }),
  skew: fc.integer({ min: -12, max: 12 }),
  tick: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: -5, max: 30 }) }),
})

t.test(
  'nothing is accepted twice, whatever the order, sizes and clock, and its size is never over the limits',
  async (t) => {
    const run = (
      steps: { user: number; id: number; skew: number; tick: number }[],
      userIdsMax: number,
      idsMax: number,
    ): void => {
      const cache = new ReplayCache({ windowS: 10, userIdsMax, idsMax })
      const accepted = new Set<string>()
      let clock = now
      let latest = now
      for (const { user, id, skew, tick } of steps) {
        clock += tick
        latest = Math.max(latest, clock)
        const time = clock + skew
        const message = `${user} ${id} ${time}`
        const peeked = cache.check(claim(`${user}`, `${id}`, time), clock)
        const verdict = cache.accept(claim(`${user}`, `${id}`, time), clock)
        if (peeked !== 'fresh' && verdict === 'fresh') throw new Error(`a check refused what was accepted: ${message}`)
        if (Math.abs(skew) > 10 !== (verdict === 'window')) throw new Error(`the window is wrong: ${message}`)
        if (verdict === 'fresh' && accepted.has(message)) throw new Error(`accepted twice: ${message}`)
        if (verdict === 'fresh') accepted.add(message)
        if (cache.size > idsMax || cache.users > cache.size) throw new Error(`${cache.size} ids, ${cache.users} users`)
      }
      cache.sweep(latest + 100)
      if (cache.size !== 0 || cache.users !== 0) throw new Error('something is kept for ever')
    }
    const sizes = fc.integer({ min: 1, max: 12 })
    fc.assert(fc.property(fc.array(step, { maxLength: 300 }), sizes, fc.integer({ min: 1, max: 40 }), run), {
      numRuns: 400,
    })
    t.pass()
  },
)

t.test('with room for all, exactly the repeats are refused', async (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const cache = new ReplayCache({ windowS: 10, userIdsMax: 1000, idsMax: 10_000 })
      const accepted = new Map<string, number>()
      let clock = now
      for (const { user, id, skew, tick } of steps) {
        clock += Math.max(0, tick)
        const time = clock + skew
        const key = `${user} ${id}`
        const before = accepted.get(key)
        // Remembered until it is out of the window.
        const repeated = before !== undefined && before >= clock - 10
        const expected = Math.abs(skew) > 10 ? 'window' : repeated ? 'repeat' : 'fresh'
        const verdict = cache.accept(claim(`${user}`, `${id}`, time), clock)
        if (verdict !== expected) throw new Error(`${key} ${time - now}: ${verdict}, not ${expected}`)
        if (verdict === 'fresh') accepted.set(key, time)
      }
    }),
    { numRuns: 300 },
  )
  t.pass()
})

t.test('a flood of ids in a full cache stays cheap', async (t) => {
  const cache = new ReplayCache({ windowS: 300, userIdsMax: 1000, idsMax: 10_000 })
  const started = process.hrtime.bigint()
  for (let index = 0; index < 200_000; index++) {
    cache.accept(claim(`user${index % 50}`, `${index}`, now + (index % 600) - 300), now)
  }
  const us = Number(process.hrtime.bigint() - started) / 200_000 / 1000
  t.ok(cache.size <= 10_000)
  t.ok(us < 50, `${us.toFixed(2)} us each`)
})
