import t from 'tap'
import { PendingKeys } from '../../src/router/pending-keys.ts'

const limits = { perUserMax: 2, max: 3, ttlMs: 1000 }

function candidate(userId: string) {
  return { userId, deviceId: 'd', key: { kty: 'RSA', n: 'n', e: 'AQAB' }, signature: 's' } as const
}

t.test('a key waits until it is taken, or its time is over', async (t) => {
  const pending = new PendingKeys(limits)
  t.ok(pending.add('one', candidate('amy'), 0))
  t.match(pending.find('amy', 'one', 999), { thumbprint: 'one', expires: 1000 })
  t.equal(pending.find('bob', 'one', 0), undefined)
  t.match(pending.take('amy', 'one', 999), { thumbprint: 'one' })
  t.equal(pending.take('amy', 'one', 999), undefined)
  pending.add('one', candidate('amy'), 0)
  t.equal(pending.find('amy', 'one', 1000), undefined)
  t.equal(pending.size, 0)
})

t.test('few wait for one user, and few in all', async (t) => {
  const pending = new PendingKeys(limits)
  t.ok(pending.add('one', candidate('amy'), 0))
  t.ok(pending.add('two', candidate('amy'), 0))
  t.notOk(pending.add('three', candidate('amy'), 0))
  t.ok(pending.add('two', candidate('amy'), 500), 'one that waits begins anew')
  t.ok(pending.add('one', candidate('bob'), 500))
  t.notOk(pending.add('one', candidate('cid'), 500), 'there is no room for anybody')
  t.ok(pending.add('one', candidate('cid'), 1000), 'those whose time is over make room')
  pending.forget('cid')
  t.same(pending.of('cid', 1000), [])
  t.equal(pending.size, 2)
})
