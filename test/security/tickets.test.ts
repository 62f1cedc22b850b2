import { createSecretKey, randomBytes } from 'node:crypto'
import t from 'tap'
import { Secret } from '../../src/security/secret.ts'
import { mintTicket, openTicket, ticketLengthMax } from '../../src/security/tickets.ts'
import { day, flipped, now, ticketKeys } from './handshake-world.ts'

const resumptionSecret = new Secret(Buffer.alloc(32, 7))
const claims = {
  user: 'alice',
  device: 'desk',
  thumbprint: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  role: 'user',
  expires: now + day,
  generation: 3,
  suite: 1,
  resumptionSecret,
} as const
const text = mintTicket(ticketKeys, claims, randomBytes)

t.test('a ticket opens as it was minted', async (t) => {
  for (const user of ['alice', '__proto__', '李雷', '😀'.repeat(64), '"'.repeat(64)]) {
    const opened = openTicket(ticketKeys, mintTicket(ticketKeys, { ...claims, user, suite: 2 }, randomBytes), now)
    t.match(opened, { user, device: 'desk', thumbprint: claims.thumbprint, role: 'user', generation: 3, suite: 2 })
    t.ok(opened?.resumptionSecret.equals(resumptionSecret))
  }
  t.notMatch(Buffer.from(text, 'base64url').toString('latin1'), /alice|desk/)
})

t.test('a ticket is void from its expiry on', async (t) => {
  t.ok(openTicket(ticketKeys, text, claims.expires - 1))
  t.equal(openTicket(ticketKeys, text, claims.expires), undefined)
})

t.test('the newest key makes tickets, the older ones open them', async (t) => {
  const newer = { id: Buffer.from('key3'), key: createSecretKey(Buffer.alloc(32, 3)) }
  t.ok(openTicket([newer, ...ticketKeys], text, now))
  t.equal(openTicket([newer], text, now), undefined)
  t.equal(openTicket([], text, now), undefined)
  t.equal(openTicket(ticketKeys, mintTicket([newer], claims, randomBytes), now), undefined)
  const [key2] = ticketKeys
  if (key2 === undefined) throw new Error('a key')
  t.equal(openTicket([{ id: key2.id, key: newer.key }], text, now), undefined, 'the same id, another key')
  const renamed = Buffer.from(text, 'base64url').fill('key1', 0, 4).toString('base64url')
  const sameKey = [{ id: Buffer.from('key1'), key: key2.key }]
  t.equal(openTicket(sameKey, renamed, now), undefined, 'another id, the same key')
})

t.test('a ticket with one bit changed, cut or longer does not open', async (t) => {
  const bytes = Buffer.from(text, 'base64url')
  for (let index = 0; index < bytes.length; index++) {
    t.equal(openTicket(ticketKeys, flipped(bytes, index).toString('base64url'), now), undefined, `byte ${index}`)
    t.equal(openTicket(ticketKeys, bytes.subarray(0, index).toString('base64url'), now), undefined, `${index} bytes`)
  }
  for (const other of [
    '',
    `${text}A`,
    `${text}AAAA`,
    `${text}=`,
    ` ${text}`,
    'A'.repeat(ticketLengthMax + 1),
    7,
    null,
  ]) {
    t.equal(openTicket(ticketKeys, other, now), undefined)
  }
})

t.test('claims that would not open are not minted', async (t) => {
  const bad = [
    { thumbprint: 'short' },
    { expires: 1.5 },
    { generation: Number.NaN },
    { suite: 3 },
    { resumptionSecret: new Secret(Buffer.alloc(31)) },
    { device: 'x'.repeat(ticketLengthMax) },
  ] as const
  for (const changes of bad) t.throws(() => mintTicket(ticketKeys, { ...claims, ...changes }, randomBytes), RangeError)
  t.throws(() => mintTicket([], claims, randomBytes), RangeError)
})

t.test('two tickets for the same are different', async (t) => {
  t.not(mintTicket(ticketKeys, claims, randomBytes), mintTicket(ticketKeys, claims, randomBytes))
})
