import t from 'tap'
import type { DeviceKey } from '../../src/mailbox/store-messages.ts'
import type { KeyRequest, KeyVerdict, RouterEffect } from '../../src/router/events.ts'
import { sessionOf } from '../../src/router/state.ts'
import { accepted, closedBy, ofKind, RouterWorld, saidTo } from './router-world.ts'

const thumbprint = `${'T'.repeat(42)}A`
const other = `${'O'.repeat(42)}A`
const jwk = { kty: 'RSA', n: 'modulus', e: 'AQAB' } as const
const device: DeviceKey = {
  thumbprint,
  key: jwk,
  deviceId: 'd',
  enrolledAt: 0,
  approvedBy: 'first',
  revokedAt: undefined,
}
const enrolRequest = { Key: jwk, DeviceId: 'd', Signature: 's' }

/** Logs in on a sealed connection. */
function loginSealed(world: RouterWorld, connection: number, user: string, changes: object = {}): RouterEffect[] {
  world.state.peers.set(connection, {
    kind: 'sealed',
    connection,
    identity: {
      suite: 1,
      thumbprint: `key of ${connection}`,
      clientKey: undefined,
      nonce: `nonce of ${connection}`,
      transcriptHash: new Uint8Array(),
      proof: undefined,
      resumptionSecret: new Uint8Array(),
      resumed: undefined,
    },
  })
  world.authenticate(connection, { UserId: user, Password: 'password' })
  return world.verdict(connection, { ...accepted(user), ...changes } as ReturnType<typeof accepted>)
}

function asked(effects: readonly RouterEffect[]): Extract<RouterEffect, { kind: 'keyRequest' }> {
  const effect = ofKind(effects, 'keyRequest')[0]
  if (effect === undefined) throw new Error('nothing was asked')
  return effect
}

function answer(world: RouterWorld, effects: readonly RouterEffect[], verdict: KeyVerdict): RouterEffect[] {
  const { asker, request } = asked(effects)
  return world.step({ kind: 'keyVerdict', asker, request, verdict })
}

function events(effects: readonly RouterEffect[], connection: number): unknown[] {
  return saidTo(effects, connection).flatMap(({ type, content }) => (type === 'KeyEvent' ? [content['Kind']] : []))
}

function changed(effects: readonly RouterEffect[]): unknown[] {
  return ofKind(effects, 'send').flatMap(({ connection, message }) =>
    message.kind === 'changeSession' ? [[connection, message.policies, message.keys]] : [],
  )
}

const multi = { sessionPolicy: 'multi', userSessionsMax: 5 } as const

t.test('a request goes on with what only the router knows', async (t) => {
  const world = new RouterWorld()
  loginSealed(world, 1, 'ann', { keys: [[other, 'its modulus']] })
  const plain: KeyRequest = asked(world.request(1, 'EnrolKeyRequest', enrolRequest)).request
  t.match(plain, { kind: 'enrol', nonce: 'nonce of 1', candidate: { userId: 'ann', deviceId: 'd' } })
  const approval = { Key: other, Signature: 'a' }
  t.match(asked(world.request(1, 'EnrolKeyRequest', { ...enrolRequest, Approval: approval })).request, {
    approval: { thumbprint: other, modulus: 'its modulus', signature: 'a' },
  })
  t.match(saidTo(world.request(1, 'RevokeKeyRequest', { Thumbprint: other }, 'c'), 1), [
    { callbackId: 'c', content: { Code: 'server_busy' } },
  ])
})

t.test('requests are under way for as long as they have no answer', async (t) => {
  const world = new RouterWorld({ keyRequestsMax: 1 })
  loginSealed(world, 1, 'ann')
  const effects = world.request(1, 'KeyDirectoryRequest', { UserId: 'bob', After: 4 }, 'c')
  t.match(asked(effects).request, { kind: 'readLog', userId: 'bob', from: 5 })
  t.match(saidTo(answer(world, effects, { kind: 'log', entries: [], more: true }), 1), [
    {
      type: 'KeyDirectoryResponse',
      callbackId: 'c',
      content: { Success: true, UserId: 'bob', Entries: [], More: true },
    },
  ])
  t.match(asked(world.request(1, 'RevokeKeyRequest', { Thumbprint: other })).request, { by: 'key of 1' })
})

t.test('plain sessions have no keys', async (t) => {
  const world = new RouterWorld()
  world.login(1, 'ann')
  t.match(saidTo(world.request(1, 'KeyDirectoryRequest', { UserId: 'ann' }, 'c'), 1), [
    { type: 'KeyDirectoryResponse', content: { Success: false, Code: 'sealing_required' } },
  ])
})

t.test('a key that was enrolled counts in all sessions of its user, which are told', async (t) => {
  const world = new RouterWorld(multi)
  loginSealed(world, 1, 'ann')
  loginSealed(world, 2, 'ann')
  world.authenticate(3, { UserId: 'ann', Password: 'password' })
  const effects = world.request(1, 'EnrolKeyRequest', enrolRequest, 'c')
  const after = answer(world, effects, { kind: 'enrolled', key: device })
  t.match(saidTo(after, 1), [{ callbackId: 'c', content: { Success: true, Data: { Thumbprint: thumbprint } } }])
  t.same(events(after, 2), ['enrolled'])
  t.same(events(after, 1), [])
  t.match(changed(after), [
    [1, {}, [[thumbprint, 'modulus']]],
    [2, {}, [[thumbprint, 'modulus']]],
  ])
  world.verdict(3, accepted('ann'))
  t.ok(sessionOf(world.state, 3)?.keys.has(thumbprint), 'also in one whose login was being checked')
})

t.test('a key that is not approved waits, and whoever may approve it is told', async (t) => {
  const world = new RouterWorld({ ...multi, pendingKeys: { perUserMax: 1, max: 10, ttlMs: 1000 } })
  loginSealed(world, 1, 'ann')
  loginSealed(world, 2, 'ann', { keys: [[other, 'its modulus']] })
  const request = world.request(1, 'EnrolKeyRequest', enrolRequest, 'c')
  const after = answer(world, request, { kind: 'unapproved', thumbprint })
  t.match(saidTo(after, 1), [{ callbackId: 'c', content: { Code: 'approval_required' } }])
  t.same(events(after, 2), ['requested'])
  t.same(events(loginSealed(world, 3, 'ann'), 3), ['requested'], 'and who comes later')
  t.same(world.command({ name: 'pendingKeys', userId: 'ann' }), {
    name: 'pendingKeys',
    keys: [{ thumbprint, deviceId: 'd', expires: world.now + 1000 }],
  })
  const more = world.request(1, 'EnrolKeyRequest', enrolRequest, 'd')
  t.match(saidTo(answer(world, more, { kind: 'unapproved', thumbprint: other }), 1), [
    { content: { Code: 'server_busy' } },
  ])

  const wrong = { Thumbprint: thumbprint, Key: thumbprint, Signature: 's' }
  t.match(saidTo(world.request(2, 'ApproveKeyRequest', wrong, 'w'), 2), [{ content: { Code: 'not_allowed' } }])
  const approve = world.request(2, 'ApproveKeyRequest', { ...wrong, Key: other }, 'a')
  t.match(asked(approve).request, {
    kind: 'approve',
    candidate: { deviceId: 'd' },
    approval: { modulus: 'its modulus' },
  })
  t.same(events(answer(world, approve, { kind: 'enrolled', key: device }), 1), ['enrolled'])
  t.match(saidTo(world.request(2, 'ApproveKeyRequest', { ...wrong, Key: other }, 'a'), 2), [
    { content: { Code: 'not_allowed' } },
  ])
})

t.test('an operator approves what waits', async (t) => {
  const world = new RouterWorld()
  t.match(world.command({ name: 'approveKey', userId: 'ann', thumbprint }), { problem: { code: 'not_allowed' } })
  loginSealed(world, 1, 'ann')
  answer(world, world.request(1, 'EnrolKeyRequest', enrolRequest), { kind: 'unapproved', thumbprint })
  const command = { name: 'approveKey', userId: 'ann', thumbprint } as const
  const approve = world.step({ kind: 'command', id: 7, command })
  t.match(asked(approve), { asker: { kind: 'command', id: 7 }, request: { approval: 'operator' } })
  const after = answer(world, approve, { kind: 'enrolled', key: device })
  t.match(ofKind(after, 'commandReply'), [{ id: 7, reply: { name: 'approveKey', problem: undefined } }])
  t.same(events(after, 1), ['enrolled'])
  const problem = { code: 'storage_full', message: 'No.' } as const
  const failed = world.step({
    kind: 'keyVerdict',
    asker: { kind: 'command', id: 8 },
    request: asked(approve).request,
    verdict: { kind: 'refused', problem },
  })
  t.match(ofKind(failed, 'commandReply'), [{ id: 8, reply: { problem } }])
})

t.test('a change of the account ends what waits', async (t) => {
  const world = new RouterWorld()
  loginSealed(world, 1, 'ann')
  answer(world, world.request(1, 'EnrolKeyRequest', enrolRequest), { kind: 'unapproved', thumbprint })
  world.step({ kind: 'accountChanged', userId: 'ann', isRemoved: false })
  t.equal(world.state.pendingKeys.size, 0)
})

t.test('a revoked key ends the sessions that depend on it, and the others are told', async (t) => {
  const world = new RouterWorld(multi)
  loginSealed(world, 1, 'ann', { keys: [[thumbprint, 'm']] })
  loginSealed(world, 2, 'ann', { keys: [[thumbprint, 'm']], boundTo: [thumbprint] })
  loginSealed(world, 3, 'ann', { keys: [[thumbprint, 'm']] })
  world.authenticate(4, { UserId: 'ann', Password: 'password' })
  const revoke = world.request(1, 'RevokeKeyRequest', { Thumbprint: thumbprint }, 'c')
  const after = answer(world, revoke, { kind: 'revoked', key: { ...device, revokedAt: 1 } })
  t.match(saidTo(after, 1), [{ callbackId: 'c', content: { Success: true, Data: { Status: 'revoked' } } }])
  t.same(closedBy(after), [{ connection: 2, reason: 'key_revoked' }])
  t.same(events(after, 3), ['revoked'])
  t.equal(sessionOf(world.state, 3)?.keys.size, 0)
  t.match(saidTo(world.verdict(4, accepted('ann')), 4), [{ content: { Code: 'auth_failed' } }], 'a login under way')
  const own = { ...device, thumbprint: 'key of 3' }
  t.same(closedBy(world.step({ kind: 'keysRevoked', userId: 'ann', keys: [own] })), [
    { connection: 3, reason: 'key_revoked' },
  ])
})

t.test('policies count at once, also for whom is just logging in', async (t) => {
  const world = new RouterWorld(multi)
  world.login(1, 'ann')
  world.authenticate(2, { UserId: 'ann', Password: 'password' })
  const policies = { signedOnly: true, endToEnd: 'require' } as const
  t.match(changed(world.step({ kind: 'policiesChanged', userId: 'ann', policies })), [[1, policies, []]])
  const begun = ofKind(world.verdict(2, accepted('ann')), 'send').find(({ message }) => message.kind === 'beginSession')
  t.match(begun?.message, { policies })
})
