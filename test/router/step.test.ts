import t from 'tap'
import { RouterWorld } from './router-world.ts'

t.test('events about nobody cause nothing and leave nothing behind', (t) => {
  const world = new RouterWorld()
  const frames = Buffer.from('\u0002{}\u0003')
  t.strictSame(world.step({ kind: 'relay', connection: 1, to: 'ann', callbackIds: ['c'], count: 1, frames }), [])
  t.strictSame(world.request(1, 'KickRequest', { UserId: 'ann' }, 'c'), [])
  t.strictSame(world.written([1, 2, 3]), [])
  t.strictSame(world.closed(1), [])
  t.strictSame(world.verdict(1, { ok: false, code: 'auth_failed', message: 'No.' }), [])
  t.strictSame(world.step({ kind: 'userFound', userId: 'ann', found: 'exists' }), [])
  t.strictSame(world.step({ kind: 'accountChanged', userId: 'ann', isRemoved: false }), [])
  t.strictSame(world.step({ kind: 'acceptorLost', acceptor: 3 }), [])
  t.strictSame(world.step({ kind: 'tick' }), [])
  const { peers, users, receipts, lookups, presenceChanges } = world.state
  t.equal(peers.size + users.size + receipts.size + lookups.size + presenceChanges.size, 0)
  t.end()
})

t.test('names like those of objects are ordinary users', (t) => {
  const world = new RouterWorld()
  world.login(1, '__proto__')
  world.login(2, 'constructor')
  t.match(world.relay(1, 'constructor'), [{ kind: 'send', connection: 2 }])
  t.match(world.relay(2, '__proto__'), [{ kind: 'send', connection: 1 }])
  t.match(world.relay(1, 'toString'), [{ kind: 'findUser', userId: 'toString' }])
  t.end()
})
