import t from 'tap'
import { accepted, closedBy, ofKind, RouterWorld, saidTo } from './router-world.ts'

t.test('credentials go to whoever checks them, and the verdict begins the session', (t) => {
  const world = new RouterWorld()
  const asked = world.authenticate(1, { UserId: 'ann', Token: 'tok', Register: false }, 'c1')
  t.strictSame(asked, [
    {
      kind: 'login',
      connection: 1,
      attempt: { address: '192.0.2.1', userId: 'ann', token: 'tok', register: false },
    },
  ])
  const effects = world.verdict(1, accepted('ann', 'operator'))
  t.match(ofKind(effects, 'send')[0]?.message, { kind: 'beginSession', connection: 1, user: 'ann' })
  t.strictSame(saidTo(effects, 1), [
    {
      type: 'AuthResponse',
      callbackId: 'c1',
      content: {
        Success: true,
        UserId: 'ann',
        SessionId: 's-ann',
        Role: 'operator',
        Token: 't-ann',
        TokenExpires: 1_800_000_000,
        Version: 1,
      },
    },
  ])
  t.equal(world.state.sessions, 1)
  t.end()
})

t.test('whoever wants to resume is told that nothing was kept', (t) => {
  const world = new RouterWorld()
  world.authenticate(1, { UserId: 'ann', Token: 'tok', Resume: { Epoch: 'e', Seq: 3 } })
  t.equal(saidTo(world.verdict(1, accepted('ann')), 1)[0]?.content['Recovered'], false)
  t.end()
})

t.test('a refused login is answered with its code, and the connection may try again', (t) => {
  const world = new RouterWorld()
  world.authenticate(1, { UserId: 'ann', Password: 'x' }, 'c1')
  const effects = world.verdict(1, { ok: false, code: 'auth_failed', message: 'No.', retryAfterSeconds: 2 })
  t.match(ofKind(effects, 'send')[0]?.message, { kind: 'refuseLogin', connection: 1 })
  t.strictSame(saidTo(effects, 1), [
    {
      type: 'AuthResponse',
      callbackId: 'c1',
      content: { Success: false, Code: 'auth_failed', Message: 'No.', RetryAfter: 2 },
    },
  ])
  t.equal(ofKind(world.authenticate(1, { UserId: 'ann', Password: 'y' }), 'login').length, 1)
  t.end()
})

t.test('a name that can be no user is refused without asking anybody', (t) => {
  const world = new RouterWorld()
  const effects = world.authenticate(1, { UserId: 'a\u200bb', Password: 'x' })
  t.equal(ofKind(effects, 'login').length, 0)
  t.match(saidTo(effects, 1), [{ content: { Success: false, Code: 'bad_content', Message: /UserId/ } }])
  t.equal(world.state.peers.size, 0)
  t.end()
})

t.test('a second AuthRequest while the first is checked is not taken', (t) => {
  const world = new RouterWorld()
  world.authenticate(1, { UserId: 'ann', Password: 'x' })
  t.strictSame(world.authenticate(1, { UserId: 'bob', Password: 'x' }), [])
  t.end()
})

t.test('a client that goes while its login is checked takes the login back, and the verdict finds nobody', (t) => {
  const world = new RouterWorld()
  world.authenticate(1, { UserId: 'ann', Password: 'x' })
  t.strictSame(world.closed(1), [{ kind: 'cancelLogin', connection: 1 }])
  t.strictSame(world.verdict(1, accepted('ann')), [])
  t.equal(world.state.sessions, 0)
  t.equal(world.state.users.size, 0)
  t.strictSame(world.closed(1), [])
  t.end()
})

t.test('with the policy replace a new login ends the old session alone, and the user is never offline', (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(2, 'bob')
  world.request(2, 'CommonRequest', { Command: 'presence' })
  world.tick()
  const effects = world.login(3, 'ann')
  t.strictSame(closedBy(effects), [{ connection: 1, reason: 'replaced' }])
  t.equal(saidTo(effects, 3)[0]?.content['Success'], true)
  t.strictSame(
    world.state.users.get('ann')?.map(({ connection }) => connection),
    [3],
  )
  t.equal(world.state.sessions, 2)
  t.strictSame(world.tick(), [])
  t.strictSame(world.closed(1), [], 'the end of the old connection is no end of the user')
  t.equal(world.state.sessions, 2)
  t.end()
})

t.test('with the policy multi a user has as many sessions as allowed', (t) => {
  const world = new RouterWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  t.strictSame(closedBy(world.login(2, 'ann')), [])
  const third = world.login(3, 'ann')
  t.match(saidTo(third, 3), [{ content: { Success: false, Code: 'server_busy', Message: /2 sessions/ } }])
  t.equal(world.state.sessions, 2)
  world.closed(1)
  t.equal(saidTo(world.login(3, 'ann'), 3)[0]?.content['Success'], true)
  t.end()
})

t.test('a change of the account ends its sessions and voids logins that are being checked', (t) => {
  const world = new RouterWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  world.login(2, 'ann')
  world.login(3, 'bob')
  world.authenticate(4, { UserId: 'ann', Password: 'old' })
  world.authenticate(5, { UserId: 'bob', Password: 'x' })
  const effects = world.step({ kind: 'accountChanged', userId: 'ann', isRemoved: false })
  t.strictSame(closedBy(effects), [
    { connection: 1, reason: 'account_changed' },
    { connection: 2, reason: 'account_changed' },
  ])
  t.match(saidTo(world.verdict(4, accepted('ann')), 4), [{ content: { Success: false, Code: 'auth_failed' } }])
  t.match(saidTo(world.verdict(5, accepted('bob')), 5), [{ content: { Success: true } }])
  t.end()
})

t.test('when an acceptor is lost, its sessions and logins end, and those of others stay', (t) => {
  const other = 2 ** 28 + 1
  const world = new RouterWorld()
  world.login(1, 'ann')
  world.login(other, 'bob')
  world.authenticate(2, { UserId: 'cid', Password: 'x' })
  const effects = world.step({ kind: 'acceptorLost', acceptor: 0 })
  t.match(ofKind(effects, 'cancelLogin'), [{ connection: 2 }])
  t.match(ofKind(effects, 'observed'), [{ name: 'sessionEnded', user: 'ann' }])
  t.strictSame([...world.state.users.keys()], ['bob'])
  t.strictSame([...world.state.peers.keys()], [other])
  t.end()
})
