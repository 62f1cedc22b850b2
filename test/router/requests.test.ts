import t from 'tap'
import type { RouterEffect } from '../../src/router/events.ts'
import { accepted, closedBy, ofKind, RouterWorld, saidTo } from './router-world.ts'

function firstBan(effects: readonly RouterEffect[]): Extract<RouterEffect, { kind: 'ban' }> {
  const [ban] = ofKind(effects, 'ban')
  if (ban === undefined) throw new Error('no ban')
  return ban
}

function world3(): RouterWorld {
  const world = new RouterWorld({ sessionPolicy: 'multi' })
  world.login(1, 'ann')
  world.login(2, 'bob')
  world.login(3, 'root', 'operator')
  return world
}

t.test('the list of users comes in pages, by prefix', (t) => {
  const world = new RouterWorld()
  for (const [index, name] of ['b2', 'a1', 'b1', 'b3', 'c1'].entries()) world.login(index + 1, name)
  const first = saidTo(world.request(1, 'UserListRequest', { Data: { Prefix: 'b', Limit: 2 } }, 'c1'), 1)
  t.strictSame(first, [
    {
      type: 'UserListResponse',
      callbackId: 'c1',
      content: {
        Items: [
          { Text: 'b1', Value: 'b1' },
          { Text: 'b2', Value: 'b2' },
        ],
        Total: 3,
        After: 'b2',
      },
    },
  ])
  const [second] = saidTo(world.request(1, 'UserListRequest', { Data: { Prefix: 'b', Limit: 2, After: 'b2' } }), 1)
  t.strictSame(second?.content, { Items: [{ Text: 'b3', Value: 'b3' }], Total: 3 })
  const [all] = saidTo(world.request(1, 'UserListRequest', {}), 1)
  t.equal(all?.content['Total'], 5)
  t.end()
})

t.test('a broadcast is for operators and goes to everybody else', (t) => {
  const world = world3()
  world.login(4, 'root', 'operator')
  const refused = world.request(1, 'BroadcastRequest', { Message: 'x' }, 'c1')
  t.equal(ofKind(refused, 'sendAll').length, 0)
  t.match(saidTo(refused, 1), [{ type: 'CommonResponse', callbackId: 'c1', content: { Code: 'not_allowed' } }])
  const effects = world.request(3, 'BroadcastRequest', { Message: 'x' }, 'c2')
  t.match(ofKind(effects, 'sendAll'), [{ message: { kind: 'deliverAll', audience: 'sessions', exceptUser: 'root' } }])
  t.match(saidTo(effects, 3), [{ callbackId: 'c2', content: { Data: { Status: 'sent', Receivers: 2 } } }])
  t.end()
})

t.test('a kick is for operators, ends all sessions of the user and says how many', (t) => {
  const world = world3()
  world.login(4, 'ann')
  t.match(saidTo(world.request(2, 'KickRequest', { UserId: 'ann' }, 'c1'), 2), [{ content: { Code: 'not_allowed' } }])
  const effects = world.request(3, 'KickRequest', { UserId: 'ann', Reason: 'Too loud.' }, 'c2')
  t.strictSame(closedBy(effects), [
    { connection: 1, reason: 'kicked' },
    { connection: 4, reason: 'kicked' },
  ])
  t.match(ofKind(effects, 'send').at(-1)?.message, { kind: 'close', message: /Too loud\./ })
  t.match(saidTo(effects, 3), [{ callbackId: 'c2', content: { Data: { Sessions: 2 } } }])
  t.end()
})

t.test('an operator who throws out the own session has the answer first', (t) => {
  const world = world3()
  const effects = ofKind(world.request(3, 'KickRequest', { UserId: 'root' }, 'c1'), 'send')
  t.strictSame(
    effects.map(({ message }) => message.kind),
    ['deliver', 'close'],
  )
  t.end()
})

t.test('a kick of nobody is answered by what the store knows', (t) => {
  const world = world3()
  t.strictSame(world.request(3, 'KickRequest', { UserId: 'cid' }, 'c1'), [{ kind: 'findUser', userId: 'cid' }])
  const effects = world.step({ kind: 'userFound', userId: 'cid', found: 'unknown' })
  t.match(saidTo(effects, 3), [{ type: 'CommonResponse', callbackId: 'c1', content: { Code: 'user_unknown' } }])
  t.end()
})

t.test('a ban is stored, and answered when it is', (t) => {
  const world = world3()
  const effects = world.request(3, 'KickRequest', { UserId: 'ann', BanSeconds: 60 }, 'c1')
  const ban = firstBan(effects)
  t.match(ban, { userId: 'ann', until: world.now + 60_000, sessions: 1 })
  t.strictSame(closedBy(effects), [{ connection: 1, reason: 'kicked' }])
  t.strictSame(saidTo(effects, 3), [])
  const stored = world.step({ kind: 'banned', asker: ban.asker, userId: 'ann', sessions: 1, problem: undefined })
  t.match(saidTo(stored, 3), [{ callbackId: 'c1', content: { Success: true, Data: { Sessions: 1 } } }])
  const problem = { code: 'storage_full', message: 'Full.' } as const
  const failed = world.step({ kind: 'banned', asker: ban.asker, userId: 'ann', sessions: 1, problem })
  t.match(saidTo(failed, 3), [{ callbackId: 'c1', content: { Success: false, Code: 'storage_full' } }])
  t.end()
})

t.test('whoever came back before the ban was stored does not stay', (t) => {
  const world = world3()
  const ban = firstBan(world.request(3, 'KickRequest', { UserId: 'ann', BanSeconds: 60 }, 'c1'))
  world.login(5, 'ann')
  world.authenticate(6, { UserId: 'ann', Token: 't' })
  const stored = world.step({ kind: 'banned', asker: ban.asker, userId: 'ann', sessions: 1, problem: undefined })
  t.strictSame(closedBy(stored), [{ connection: 5, reason: 'kicked' }])
  t.match(saidTo(world.verdict(6, accepted('ann')), 6), [{ content: { Success: false } }])
  t.end()
})

t.test('a ban that could not be stored ends nobody a second time', (t) => {
  const world = world3()
  const ban = firstBan(world.request(3, 'KickRequest', { UserId: 'ann', BanSeconds: 60 }, 'c1'))
  world.login(5, 'ann')
  const problem = { code: 'storage_failed', message: 'No.' } as const
  t.strictSame(closedBy(world.step({ kind: 'banned', asker: ban.asker, userId: 'ann', sessions: 1, problem })), [])
  t.end()
})

t.test('a change of the password ends the other sessions of the user and keeps the own', (t) => {
  const world = world3()
  world.login(4, 'ann')
  const content = { OldPassword: 'old password', NewPassword: 'new password' }
  t.match(world.request(1, 'PasswordRequest', content, 'c1'), [
    {
      kind: 'changePassword',
      connection: 1,
      callbackId: 'c1',
      change: {
        userId: 'ann',
        address: '192.0.2.1',
        oldPassword: content.OldPassword,
        newPassword: content.NewPassword,
      },
    },
  ])
  t.match(saidTo(world.request(1, 'PasswordRequest', content, 'c2'), 1), [
    { callbackId: 'c2', content: { Code: 'server_busy' } },
  ])
  const effects = world.step({
    kind: 'passwordVerdict',
    connection: 1,
    userId: 'ann',
    callbackId: 'c1',
    verdict: { ok: true },
  })
  t.strictSame(closedBy(effects), [{ connection: 4, reason: 'account_changed' }])
  t.match(saidTo(effects, 1), [{ callbackId: 'c1', content: { Success: true } }])
  t.equal(ofKind(world.request(1, 'PasswordRequest', content, 'c3'), 'changePassword').length, 1)
  t.end()
})

t.test('a refused change of the password is answered and ends nothing', (t) => {
  const world = world3()
  world.request(1, 'PasswordRequest', { OldPassword: 'a', NewPassword: 'b' }, 'c1')
  const effects = world.step({
    kind: 'passwordVerdict',
    connection: 1,
    userId: 'ann',
    callbackId: 'c1',
    verdict: { ok: false, code: 'auth_failed', message: 'No.', retryAfterSeconds: 3 },
  })
  t.strictSame(closedBy(effects), [])
  t.match(saidTo(effects, 1), [{ callbackId: 'c1', content: { Code: 'auth_failed' } }])
  t.end()
})

t.test('a change of the password counts also when who asked for it has gone', (t) => {
  const world = world3()
  world.login(4, 'ann')
  world.request(1, 'PasswordRequest', { OldPassword: 'a', NewPassword: 'b' }, 'c1')
  world.closed(1)
  world.authenticate(5, { UserId: 'ann', Password: 'a' })
  const effects = world.step({
    kind: 'passwordVerdict',
    connection: 1,
    userId: 'ann',
    callbackId: 'c1',
    verdict: { ok: true },
  })
  t.strictSame(closedBy(effects), [{ connection: 4, reason: 'account_changed' }])
  t.match(saidTo(world.verdict(5, accepted('ann')), 5), [{ content: { Success: false } }])
  t.end()
})

t.test('commands and types that there are not are refused by name', (t) => {
  const world = world3()
  for (const [content, code] of [
    [{ Command: 'dance' }, 'not_supported'],
    [{}, 'not_supported'],
    [{ Command: '__proto__' }, 'not_supported'],
    [{ Command: 'presence', Data: 'on' }, 'bad_content'],
    [{ Command: 'presence', Data: { On: 1 } }, 'bad_content'],
  ] as const) {
    t.match(
      saidTo(world.request(1, 'CommonRequest', content, 'c1'), 1),
      [{ type: 'CommonResponse', callbackId: 'c1', content: { Success: false, Code: code } }],
      JSON.stringify(content),
    )
  }
  t.match(saidTo(world.request(1, 'NewRequest', {}, 'c2'), 1), [
    { type: 'ErrorResponse', callbackId: 'c2', content: { Code: 'not_supported' } },
  ])
  t.match(saidTo(world.request(1, 'AckRequest', { Epoch: 'e', Seq: 1 }, 'c3'), 1), [
    { callbackId: 'c3', content: { Success: true } },
  ])
  t.end()
})

t.test('a request without a CallbackID is told of its failure only', (t) => {
  const world = world3()
  t.strictSame(saidTo(world.request(1, 'CommonRequest', { Command: 'presence' }), 1), [])
  t.match(saidTo(world.request(1, 'CommonRequest', { Command: 'dance' }), 1), [
    { type: 'ErrorResponse', content: { Code: 'not_supported' } },
  ])
  t.end()
})
