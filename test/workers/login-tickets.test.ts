import { createSecretKey } from 'node:crypto'
import t from 'tap'
import type { KnownAccount } from '../../src/mailbox/store-messages.ts'
import { openTicket } from '../../src/security/tickets.ts'
import { clientHasKey, isByTicket, ticketCounts, ticketFor } from '../../src/workers/login-tickets.ts'
import type { LoginAttempt, SealedLogin } from '../../src/workers/login-verdict.ts'

const thumbprint = 'A'.repeat(43)
const key = { kty: 'RSA', n: 'n', e: 'AQAB' } as const
const account: KnownAccount = {
  userId: 'amy',
  role: 'user',
  disabled: false,
  generation: 3,
  bannedUntil: 0,
  createdAt: 0,
  keys: [],
  policies: { signedOnly: false, endToEnd: 'allow' },
}
const resumed = { user: 'amy', device: 'phone', role: 'user', generation: 3, expires: 2000 }
const sealed: SealedLogin = {
  suite: 1,
  thumbprint,
  clientKey: undefined,
  transcriptHash: new Uint8Array(32),
  proof: new Uint8Array(0),
  resumptionSecret: new Uint8Array(32).fill(1),
  resumed,
  deviceId: undefined,
}
const attempt: LoginAttempt = { address: '192.0.2.1', userId: 'amy', sealed }
const ticketKeys = [{ id: new Uint8Array(4), key: createSecretKey(Buffer.alloc(32)) }]
const options = { isProven: () => Promise.resolve(true), ticketKeys: () => ticketKeys, ticketTtlSeconds: 100 }
const moment = { now: 1000, random: (bytes: number) => new Uint8Array(bytes) }

t.test('a ticket stands for the key; else the signature has to be right', async (t) => {
  t.equal(await clientHasKey(sealed, options, undefined), true)
  const full = { ...sealed, resumed: undefined, clientKey: key, proof: Uint8Array.of(1) }
  const asked: object[] = []
  for (const isRight of [true, false, 'busy'] as const) {
    const isProven = (proof: object): Promise<boolean | 'busy'> => {
      asked.push(proof)
      return Promise.resolve(isRight)
    }
    t.equal(await clientHasKey(full, { ...options, isProven }, undefined), isRight)
  }
  t.match(asked[0], { suite: 1, clientKey: key, signature: Uint8Array.of(1) })
  t.equal(await clientHasKey({ ...full, proof: undefined }, options, undefined), false)
  t.equal(await clientHasKey({ ...full, clientKey: undefined }, options, undefined), false)
})

t.test('only who gives nothing else comes in by a ticket', async (t) => {
  t.ok(isByTicket(attempt))
  for (const other of [
    { password: 'x' },
    { token: 'x' },
    { register: true },
    { sealed: { ...sealed, resumed: undefined } },
    { sealed: undefined },
  ])
    t.notOk(isByTicket({ ...attempt, ...other }))
})

t.test('a ticket counts for its user, as long as the account and the key do', async (t) => {
  t.ok(ticketCounts(attempt, account))
  t.notOk(ticketCounts({ ...attempt, userId: 'bob' }, { ...account, userId: 'bob' }), 'another user')
  t.notOk(ticketCounts(attempt, undefined), 'no account any more')
  t.notOk(ticketCounts(attempt, { ...account, disabled: true }), 'disabled')
  t.notOk(ticketCounts(attempt, { ...account, generation: 4 }), 'changed since')
  t.notOk(ticketCounts(attempt, { ...account, keys: [{ thumbprint, key, revoked: true }] }), 'key revoked')
  t.ok(ticketCounts(attempt, { ...account, keys: [{ thumbprint, key, revoked: false }] }))
})

t.test('a session gets a ticket that says who it was', async (t) => {
  const ticket = ticketFor(account, { ...sealed, deviceId: 'laptop' }, options, moment)
  t.equal(ticket?.expires, 1100)
  const claims = openTicket(ticketKeys, ticket?.text, 1099)
  t.match(claims, { user: 'amy', device: 'laptop', thumbprint, role: 'user', generation: 3, suite: 1 })
  t.ok(claims?.resumptionSecret.equals(sealed.resumptionSecret))
  t.equal(openTicket(ticketKeys, ticket?.text, 1100), undefined)
  const again = ticketFor(account, sealed, options, moment)
  t.equal(openTicket(ticketKeys, again?.text, 1000)?.device, 'phone', 'the device of the ticket before')
})

t.test('no ticket for plain sessions, nor where the suite has none', async (t) => {
  t.equal(ticketFor(account, undefined, options, moment), undefined)
  t.equal(ticketFor(account, { ...sealed, suite: 3 }, options, moment), undefined)
  t.equal(ticketFor(account, sealed, undefined, moment), undefined)
})
