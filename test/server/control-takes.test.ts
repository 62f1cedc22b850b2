import t from 'tap'
import { readRequest } from '../../src/server/control-takes.ts'

function read(call: string, take: unknown): unknown {
  return readRequest(JSON.stringify({ id: 7, call, take }))
}

t.test('a request that fits its call is understood, and no more of it than the call takes', async (t) => {
  t.same(read('kick', { userId: 'bob', banSeconds: 60, more: 1 }), {
    id: 7,
    call: 'kick',
    take: { userId: 'bob', banSeconds: 60 },
  })
  t.same(read('status', {}), { id: 7, call: 'status', take: {} })
  t.same(read('who', {}), { id: 7, call: 'who', take: {} })
})

t.test('what is no request is refused without an id', async (t) => {
  for (const line of [
    '',
    'status',
    '[]',
    '{"id":0,"call":"status","take":{}}',
    '{"call":"status","take":{}}',
    '{"id":1}',
  ]) {
    t.match(readRequest(line), { id: 0, error: { code: 'bad_request' } }, line)
  }
})

t.test('a call that gives secrets away, or does not exist, is unknown', async (t) => {
  for (const call of ['tokenKey', 'constructor', '__proto__', 'x']) {
    t.match(read(call, {}), { id: 7, error: { code: 'unknown_call' } }, call)
  }
})

t.test('a wrong field is named', async (t) => {
  for (const [call, take, field] of [
    ['kick', {}, 'userId'],
    ['kick', { userId: 'bob', banSeconds: -1 }, 'banSeconds'],
    ['kick', { userId: 'b b' }, 'userId: a UserId must not contain'],
    ['send', { to: 'bob' }, 'message'],
    ['addAccount', { userId: 'bob', passwordHash: 'h', role: 'king' }, 'role'],
    ['importAccounts', { accounts: [{ userId: 'bob', passwordHash: 'h' }] }, 'accounts.0.role'],
    ['listAccounts', { limit: 1001 }, 'limit'],
    ['setDisabled', { userId: 'bob', disabled: 'yes' }, 'disabled'],
  ] as const) {
    const reply = read(call, take)
    t.match(reply, { id: 7, error: { code: 'bad_request' } })
    t.ok(JSON.stringify(reply).includes(field), `${call}: ${field}`)
  }
})

t.test('__proto__ is an ordinary user', async (t) => {
  t.match(read('findAccount', { userId: '__proto__' }), { take: { userId: '__proto__' } })
})
