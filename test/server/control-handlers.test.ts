import t from 'tap'
import type { Store } from '../../src/mailbox/store-messages.ts'
import type { Command, CommandReply } from '../../src/router/events.ts'
import type { RouterShell } from '../../src/router/router-shell.ts'
import { controlHandlers } from '../../src/server/control-handlers.ts'
import type { ServerStatus } from '../../src/server/control-protocol.ts'
import type { ControlHandlers } from '../../src/server/control-server.ts'
import type { KeyKeeper } from '../../src/server/key-keeper.ts'

/** Handlers whose router answers this, and what they did, in order. */
function handlers(reply?: CommandReply): { handlers: ControlHandlers; did: unknown[] } {
  const did: unknown[] = []
  const shell = {
    command: async (command: Command) => {
      did.push(command)
      return reply
    },
    accountChanged: (userId: string) => did.push(`changed ${userId}`),
    keysRevoked: (userId: string) => did.push(`keys of ${userId}`),
    policiesChanged: (userId: string) => did.push(`policies of ${userId}`),
  } as unknown as RouterShell
  const call = async (name: string, take: unknown): Promise<unknown> => {
    did.push([name, take])
    return { done: name }
  }
  const keys = { show: () => ({}), rotateIdentity: async () => ({}) } as unknown as KeyKeeper
  const status = (): ServerStatus => ({ version: '1' }) as ServerStatus
  return {
    handlers: controlHandlers({
      shell,
      store: { call: call as Store['call'] },
      status,
      keys,
      hasHistory: false,
      frameBytesMax: 1000,
    }),
    did,
  }
}

t.test('who gives a page, with what was left out as it is meant', async (t) => {
  const { handlers: one, did } = handlers({ name: 'who', items: ['a'], total: 2, after: 'a' })
  t.strictSame(await one.who({}), { items: ['a'], total: 2, after: 'a' })
  t.strictSame(did, [{ name: 'who', prefix: '', after: undefined, limit: 100 }])
  const { handlers: two } = handlers({ name: 'who', items: [], total: 0, after: undefined })
  t.strictSame(await two.who({ prefix: 'x', limit: 3 }), { items: [], total: 0 })
})

t.test('a kick with a ban stores the ban first', async (t) => {
  const { handlers: control, did } = handlers({ name: 'kick', sessions: 2 })
  const before = Date.now()
  t.strictSame(await control.kick({ userId: 'ann', reason: 'r', banSeconds: 10 }), { sessions: 2 })
  const [[name, take] = [], kick] = did as [[string, { bannedUntil: number }], Command]
  t.equal(name, 'setBan')
  t.ok((take?.bannedUntil ?? 0) >= before + 10_000)
  t.strictSame(kick, { name: 'kick', userId: 'ann', reason: 'r', isBanned: true })
  const { handlers: plain, did: plainDid } = handlers({ name: 'kick', sessions: 0 })
  await plain.kick({ userId: 'ann', banSeconds: 0 })
  t.equal(plainDid.length, 1)
})

t.test('a text is sent, or rejected with a code', async (t) => {
  t.strictSame(await handlers({ name: 'send', status: 'sent' }).handlers.send({ to: 'ann', message: 'x' }), {
    status: 'sent',
  })
  const rejected = handlers({ name: 'send', status: 'rejected', code: 'user_offline' }).handlers
  t.strictSame(await rejected.send({ to: 'ann', message: 'x' }), { status: 'rejected', code: 'user_offline' })
  t.strictSame(await handlers({ name: 'broadcast', receivers: 3 }).handlers.broadcast({ message: 'x' }), {
    receivers: 3,
  })
})

t.test('a text that no frame could hold is refused before it reaches the router', async (t) => {
  const { handlers: control, did } = handlers({ name: 'broadcast', receivers: 3 })
  const message = 'x'.repeat(1000)
  await t.rejects(control.send({ to: 'ann', message }), { code: 'frame_too_large', message: /1000/ })
  await t.rejects(control.broadcast({ message }), { code: 'frame_too_large' })
  await t.rejects(control.broadcast({ message: '"'.repeat(300) }), { code: 'frame_too_large' }, 'escapes count')
  t.strictSame(did, [])
})

t.test('after a change of an account its sessions end, and after nothing else', async (t) => {
  for (const name of ['setPasswordHash', 'setRole', 'setDisabled', 'removeAccount'] as const) {
    const { handlers: control, did } = handlers()
    await control.store(name, { userId: 'ann' } as never)
    t.equal(did[1], 'changed ann', name)
  }
  for (const name of ['findAccount', 'upgradePasswordHash', 'addAccount'] as const) {
    const { handlers: control, did } = handlers()
    await control.store(name, { userId: 'ann' } as never)
    t.equal(did.length, 1, name)
  }
})

t.test('a reply of another kind is a mistake of the server', async (t) => {
  await t.rejects(async () => handlers({ name: 'broadcast', receivers: 1 }).handlers.who({}), /answered/)
})

t.test('what is done to keys and policies is told to the sessions', async (t) => {
  const { handlers: control, did } = handlers({ name: 'approveKey', problem: undefined })
  await control.store('setPolicies', { userId: 'ann', signedOnly: true })
  await control.store('revokeKey', { userId: 'ann', thumbprint: 't', by: 'operator' })
  await control.store('resetKeys', { userId: 'ann' })
  await control.store('listKeys', { userId: 'ann' })
  t.strictSame(
    did.filter((one) => typeof one === 'string'),
    ['policies of ann', 'keys of ann', 'keys of ann'],
  )
  t.strictSame(await control.approveKey({ userId: 'ann', thumbprint: 't' }), { thumbprint: 't' })
  const problem = { code: 'not_allowed', message: 'No such key waits.' } as const
  const refusing = handlers({ name: 'approveKey', problem }).handlers
  await t.rejects(refusing.approveKey({ userId: 'ann', thumbprint: 't' }), problem)
  const waiting = handlers({ name: 'pendingKeys', keys: [{ thumbprint: 't', deviceId: 'd', expires: 1 }] }).handlers
  t.match(await waiting.pendingKeys({ userId: 'ann' }), [{ thumbprint: 't' }])
})
