import t from 'tap'
import { accepted, closedBy, ofKind, RouterWorld, receiptsIn, saidTo, saidToAll } from './router-world.ts'

t.test('who: a page of the users online', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  t.strictSame(world.command({ name: 'who', prefix: '', after: undefined, limit: 1 }), {
    name: 'who',
    items: ['ann'],
    total: 2,
    after: 'ann',
  })
  t.end()
})

t.test('kick: ends the sessions and says how many', (t) => {
  const world = new RouterWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  world.login(2, 'ann')
  const effects = world.step({
    kind: 'command',
    id: 7,
    command: { name: 'kick', userId: 'ann', reason: undefined, isBanned: false },
  })
  t.equal(closedBy(effects).length, 2)
  t.strictSame(ofKind(effects, 'commandReply'), [{ kind: 'commandReply', id: 7, reply: { name: 'kick', sessions: 2 } }])
  t.strictSame(world.command({ name: 'kick', userId: 'nobody', reason: undefined, isBanned: false }), {
    name: 'kick',
    sessions: 0,
  })
  t.end()
})

t.test('send: a text of the server itself, replied to when it was written', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  const effects = world.step({ kind: 'command', id: 7, command: { name: 'send', to: 'ann', message: 'Hi "ann"' } })
  t.match(saidTo(effects, 1), [{ type: 'TextMsgRequest', content: { Message: 'Hi "ann"' } }])
  t.equal(ofKind(effects, 'commandReply').length, 0)
  const receipts = receiptsIn(effects).map(({ receipt }) => receipt)
  t.strictSame(world.written(receipts), [{ kind: 'commandReply', id: 7, reply: { name: 'send', status: 'sent' } }])
  t.end()
})

t.test('send to somebody absent is rejected with a code', (t) => {
  const world = new RouterWorld()
  world.step({ kind: 'command', id: 7, command: { name: 'send', to: 'ann', message: 'x' } })
  t.strictSame(world.step({ kind: 'userFound', userId: 'ann', found: 'unknown' }), [
    { kind: 'commandReply', id: 7, reply: { name: 'send', status: 'rejected', code: 'user_unknown' } },
  ])
  t.end()
})

t.test('broadcast: to all sessions', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  const effects = world.step({ kind: 'command', id: 7, command: { name: 'broadcast', message: 'x' } })
  const [all] = ofKind(effects, 'sendAll')
  t.match(all?.message, { kind: 'deliverAll', audience: 'sessions', exceptUser: undefined })
  t.match(saidToAll(effects), [{ type: 'BroadcastRequest' }])
  t.match(ofKind(effects, 'commandReply'), [{ reply: { name: 'broadcast', receivers: 1 } }])
  t.end()
})

t.test('a kick that goes with a ban voids the logins that are being checked', (t) => {
  const world = new RouterWorld()
  world.authenticate(1, { UserId: 'ann', Password: 'password' })
  world.step({ kind: 'command', id: 1, command: { name: 'kick', userId: 'ann', reason: undefined, isBanned: true } })
  t.match(world.verdict(1, accepted('ann')), [{ kind: 'send', message: { kind: 'refuseLogin' } }])
  t.equal(world.state.users.size, 0)
  t.end()
})

t.test('a login that is being checked while the server stops gets its answer', (t) => {
  const world = new RouterWorld()
  world.authenticate(1, { UserId: 'ann', Password: 'password' })
  t.match(world.step({ kind: 'draining' }), [
    { kind: 'cancelLogin', connection: 1 },
    { kind: 'send', message: { kind: 'refuseLogin' } },
  ])
  t.strictSame(world.verdict(1, accepted('ann')), [])
  t.end()
})
