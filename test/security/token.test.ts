import { createHmac, randomBytes } from 'node:crypto'
import t from 'tap'
import { mintToken, readToken, tokenLengthMax, tokenThumbprintsMax } from '../../src/security/token.ts'

const key = Buffer.alloc(32, 7)
const payload = { userId: 'alice', generation: 3, expires: 1_700_000_000, thumbprints: [] }
const before = payload.expires - 1

/** A MAC as the token's, but over what the test wants. */
function sign(body: string, context = 'parley login token v1\n', signKey: Buffer = key): string {
  return `${body}.${createHmac('sha256', signKey).update(context).update(body).digest('base64url')}`
}

function encode(claims: unknown): string {
  return Buffer.from(typeof claims === 'string' ? claims : JSON.stringify(claims)).toString('base64url')
}

t.test('a token reads back as it was minted', async (t) => {
  for (const userId of ['alice', '__proto__', '李雷', '😀'.repeat(64), '"'.repeat(64)]) {
    const text = mintToken(key, { ...payload, userId }, randomBytes)
    t.strictSame(readToken(key, text, before), { ...payload, userId })
    t.ok(text.length <= tokenLengthMax, `${text.length} characters`)
  }
})

t.test('a token names the keys that it dies with, as many as may be', async (t) => {
  const thumbprints = Array.from({ length: tokenThumbprintsMax }, (_, index) =>
    Buffer.alloc(32, index).toString('base64url'),
  )
  const text = mintToken(key, { ...payload, userId: '😀'.repeat(64), thumbprints }, randomBytes)
  t.strictSame(readToken(key, text, before)?.thumbprints, thumbprints)
  t.ok(text.length <= tokenLengthMax, `${text.length} characters`)
  const tooMany = [...thumbprints, Buffer.alloc(32, 9).toString('base64url')]
  t.throws(() => mintToken(key, { ...payload, thumbprints: tooMany }, randomBytes), RangeError)
  t.throws(() => mintToken(key, { ...payload, thumbprints: ['short'] }, randomBytes), RangeError)
})

t.test('two tokens for the same are different', async (t) => {
  t.not(mintToken(key, payload, randomBytes), mintToken(key, payload, randomBytes))
})

t.test('a token is void from its expiry on', async (t) => {
  const text = mintToken(key, payload, randomBytes)
  t.ok(readToken(key, text, payload.expires - 1))
  t.equal(readToken(key, text, payload.expires), undefined)
})

t.test('the construction is the one that is written down', async (t) => {
  const text = mintToken(key, payload, () => new Uint8Array(12))
  t.equal(text, sign(encode(['alice', 3, 1_700_000_000, 'AAAAAAAAAAAAAAAA'])))
})

t.test('another character anywhere makes it void', async (t) => {
  const text = mintToken(key, payload, randomBytes)
  for (let index = 0; index < text.length; index++) {
    for (const other of ['A', 'B', '_', '.', '=', ' ']) {
      if (text[index] === other) continue
      const forged = text.slice(0, index) + other + text.slice(index + 1)
      t.equal(readToken(key, forged, before), undefined, `${other} at ${index}`)
    }
  }
})

t.test('a part, an addition or another order makes it void', async (t) => {
  const text = mintToken(key, payload, randomBytes)
  const [body = '', mac = ''] = text.split('.')
  const forgeries = ['', '.', body, mac, `${body}.`, `.${mac}`, `${mac}.${body}`, `${text}\n`, ` ${text}`, `${text}=`]
  for (const forged of [...forgeries, text.slice(1), text.slice(0, -1), `${text}A`, `${body}.${body}.${mac}`]) {
    t.equal(readToken(key, forged, before), undefined, JSON.stringify(forged))
  }
})

t.test('the bits of the last character that encode nothing must be zero', async (t) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const text = mintToken(key, payload, randomBytes)
  const last = alphabet.indexOf(text.at(-1) ?? '')
  for (let bits = 1; bits < 4; bits++) {
    const twin = text.slice(0, -1) + alphabet[last + bits]
    t.strictSame(Buffer.from(twin.slice(-43), 'base64url'), Buffer.from(text.slice(-43), 'base64url'))
    t.equal(readToken(key, twin, before), undefined)
  }
})

t.test('a MAC of another key or another context makes it void', async (t) => {
  const body = encode(['alice', 3, payload.expires, 'id'])
  t.ok(readToken(key, sign(body), before))
  t.equal(readToken(key, sign(body, 'parley login token v1\n', Buffer.alloc(32, 8)), before), undefined)
  t.equal(readToken(key, sign(body, ''), before), undefined)
  t.equal(readToken(key, sign(body, 'parley session v1\n'), before), undefined)
})

t.test('what is signed but has another shape is void', async (t) => {
  const shapes: unknown[] = [
    'no json',
    null,
    {},
    [],
    ['alice', 3, payload.expires],
    ['alice', 3, payload.expires, 'id', 'more'],
    ['alice', '3', payload.expires, 'id'],
    ['alice', 3.5, payload.expires, 'id'],
    ['alice', 3, null, 'id'],
    ['alice', 3, payload.expires, 7],
    [7, 3, payload.expires, 'id'],
    ['', 3, payload.expires, 'id'],
    ['a b', 3, payload.expires, 'id'],
    '["alice",3,1e400,"id"]',
  ]
  for (const shape of shapes) t.equal(readToken(key, sign(encode(shape)), before), undefined, JSON.stringify(shape))
})

t.test('a long text is refused unread', async (t) => {
  const body = encode(['alice', 3, payload.expires, 'x'.repeat(600)])
  t.equal(readToken(key, sign(body), before), undefined)
  t.equal(readToken(key, 'A'.repeat(10_000_000), before), undefined)
})

t.test('what could not be read back is not minted', async (t) => {
  t.throws(() => mintToken(key, { ...payload, userId: 'a b' }, randomBytes), RangeError)
  t.throws(() => mintToken(key, { ...payload, generation: Number.NaN }, randomBytes), RangeError)
  t.throws(() => mintToken(key, { ...payload, expires: 1.5 }, randomBytes), RangeError)
})
