import { createHash, createHmac, randomBytes } from 'node:crypto'
import t from 'tap'
import {
  type MessageFields,
  messageText,
  readSign,
  replayClaimOf,
  signMessage,
  signSessionMessage,
  verifyMessage,
  verifySessionMessage,
} from '../../src/security/message-signature.ts'
import { Secret } from '../../src/security/secret.ts'
import { vectorKey } from '../vectors/vector-files.ts'

const alice = vectorKey('alice')
const bob = vectorKey('bob')
const fields: MessageFields = {
  from: 'alice',
  to: 'bob',
  clientMsgId: 'm-1',
  createTime: 1_700_000_000,
  msgType: 'TextMsgRequest',
  content: '{"Message":"你好"}',
}
const key = new Secret(Buffer.alloc(32, 9))
const nonce = 'nonce-01'

/** The message with each field changed in turn. */
const changes: readonly [string, MessageFields][] = [
  ['from', { ...fields, from: 'alice2' }],
  ['to', { ...fields, to: 'carol' }],
  ['to the server', { ...fields, to: '' }],
  ['id', { ...fields, clientMsgId: 'm-2' }],
  ['time', { ...fields, createTime: 1_700_000_001 }],
  ['type', { ...fields, msgType: 'CommonRequest' }],
  ['content', { ...fields, content: '{"Message":"你好!"}' }],
  ['a border between from and to', { ...fields, from: 'aliceb', to: 'ob' }],
  ['a border between id and time', { ...fields, clientMsgId: 'm-11', createTime: 700_000_000 }],
]

t.test('the text that a key signs is the one that is written down', async (t) => {
  const part = (bytes: Buffer | string): Buffer => {
    const body = Buffer.from(bytes as string)
    const head = Buffer.alloc(4)
    head.writeUInt32BE(body.length)
    return Buffer.concat([head, body])
  }
  const digest = createHash('sha256').update(fields.content).digest()
  const expected = Buffer.concat([
    ...['parley message v1', 'alice', 'bob', 'm-1', '1700000000', 'TextMsgRequest'].map(part),
    part(digest),
    part(alice.thumbprint),
  ])
  t.strictSame(messageText(fields, alice.thumbprint), expected)
})

for (const alg of ['PS256', 'RS256'] as const) {
  t.test(`a signature by ${alg} covers all that it must`, async (t) => {
    const sign = signMessage(alg, alice.privateKey, alice.thumbprint, fields)
    t.strictSame(readSign(JSON.parse(JSON.stringify(sign))), sign)
    t.ok(verifyMessage(sign, alice.publicKey, fields))
    for (const [name, changed] of changes) t.notOk(verifyMessage(sign, alice.publicKey, changed), name)
    t.notOk(verifyMessage(sign, bob.publicKey, fields), 'under another key')
    t.notOk(verifyMessage({ ...sign, Key: bob.thumbprint }, alice.publicKey, fields), 'named for another key')
    t.notOk(verifyMessage({ ...sign, Alg: alg === 'PS256' ? 'RS256' : 'PS256' }, alice.publicKey, fields))
  })
}

t.test('a signature with another bit, cut, longer or not canonical is bad', async (t) => {
  const sign = signMessage('PS256', alice.privateKey, alice.thumbprint, fields)
  const bytes = Buffer.from(sign.Signature, 'base64url')
  const verify = (signature: string): boolean =>
    verifyMessage({ ...sign, Signature: signature }, alice.publicKey, fields)
  t.ok(verify(bytes.toString('base64url')))
  for (let index = 0; index < bytes.length; index += 17) {
    const flipped = Buffer.from(bytes)
    flipped[index] = (flipped[index] ?? 0) ^ 1
    t.notOk(verify(flipped.toString('base64url')), `byte ${index}`)
  }
  for (const bad of [
    '',
    bytes.subarray(1).toString('base64url'),
    Buffer.concat([bytes, Buffer.alloc(1)]).toString('base64url'),
    Buffer.concat([Buffer.alloc(1), bytes]).toString('base64url'),
    bytes.toString('base64'),
    `${sign.Signature}=`,
    Buffer.alloc(256).toString('base64url'),
    Buffer.alloc(256, 255).toString('base64url'),
  ]) {
    t.notOk(verify(bad), bad.slice(0, 20))
  }
})

t.test('a PSS signature with another length of salt is bad', async (t) => {
  const { constants, sign: nodeSign } = await import('node:crypto')
  const text = messageText(fields, alice.thumbprint) ?? Buffer.alloc(0)
  for (const saltLength of [0, 20, 64, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
    const padding = constants.RSA_PKCS1_PSS_PADDING
    const signature = nodeSign('sha256', text, { key: alice.privateKey, padding, saltLength })
    const Signature = signature.toString('base64url')
    t.notOk(verifyMessage({ Alg: 'PS256', Key: alice.thumbprint, Signature }, alice.publicKey, fields))
  }
})

t.test('what can not be told apart once it is signed is not signed', async (t) => {
  const sign = signMessage('PS256', alice.privateKey, alice.thumbprint, { ...fields, content: '\ufffd' })
  for (const content of ['\ud800', '\udfff', 'a\ud800b']) {
    t.throws(() => signMessage('PS256', alice.privateKey, alice.thumbprint, { ...fields, content }), RangeError)
    t.throws(() => signSessionMessage(key, { ...fields, content }, 1, nonce), RangeError)
    t.notOk(verifyMessage(sign, alice.publicKey, { ...fields, content }), 'a lone surrogate is not U+FFFD')
  }
  for (const bad of [
    { ...fields, clientMsgId: undefined },
    { ...fields, clientMsgId: '' },
    { ...fields, createTime: undefined },
    { ...fields, createTime: -1 },
    { ...fields, createTime: 1.5 },
    { ...fields, clientMsgId: '\ud800' },
  ]) {
    t.throws(() => signMessage('PS256', alice.privateKey, alice.thumbprint, bad), RangeError)
    t.notOk(verifyMessage(sign, alice.publicKey, bad))
  }
})

t.test('the MAC of a session is the one that is written down, and covers all that it must', async (t) => {
  const sign = signSessionMessage(key, fields, 1_700_000_000, nonce)
  const parts = ['parley message v2', 'alice', 'bob', 'm-1', '1700000000', 'TextMsgRequest', fields.content]
  const text = Buffer.concat(
    parts.map((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(Buffer.byteLength(part))
      return Buffer.concat([length, Buffer.from(part)])
    }),
  )
  const digest = createHash('sha256').update(text).digest('base64url')
  const mac = createHmac('sha256', key.reveal()).update(`v2\n1700000000\nnonce-01\n${digest}`).digest('base64url')
  t.strictSame(sign, { Alg: 'HS256', Time: 1_700_000_000, Nonce: nonce, Signature: mac })
  t.strictSame(readSign({ ...sign }), sign)
  t.ok(verifySessionMessage(sign, key, fields))
  for (const [name, changed] of changes) t.notOk(verifySessionMessage(sign, key, changed), name)
  t.notOk(verifySessionMessage(sign, new Secret(randomBytes(32)), fields), 'another session')
  t.notOk(verifySessionMessage({ ...sign, Time: sign.Time + 1 }, key, fields))
  t.notOk(verifySessionMessage({ ...sign, Nonce: 'nonce-02' }, key, fields))
  t.notOk(verifySessionMessage({ ...sign, Signature: mac.slice(1) }, key, fields))
  t.notOk(verifySessionMessage({ ...sign, Signature: `${mac}A` }, key, fields))
})

t.test('a session signs also messages without an id or a time of their own', async (t) => {
  const bare = { ...fields, clientMsgId: undefined, createTime: undefined }
  const sign = signSessionMessage(key, bare, 1_700_000_000, nonce)
  t.ok(verifySessionMessage(sign, key, bare))
  t.ok(verifySessionMessage(sign, key, { ...bare, clientMsgId: '' }))
  t.notOk(verifySessionMessage(sign, key, fields))
  for (const [time, text] of [
    [-1, nonce],
    [1.5, nonce],
    [1, 'short'],
    [1, 'x'.repeat(65)],
    [1, 'with\nline'],
  ] as const) {
    t.throws(() => signSessionMessage(key, fields, time, text), RangeError)
  }
})

t.test('a Sign has exactly the members of its scheme, in their form', async (t) => {
  const byKey = signMessage('PS256', alice.privateKey, alice.thumbprint, fields)
  const bySession = signSessionMessage(key, fields, 1_700_000_000, nonce)
  const bad: unknown[] = [
    undefined,
    null,
    'PS256',
    [],
    {},
    { Alg: 'PS256' },
    { ...byKey, Alg: 'PS384' },
    { ...byKey, Alg: 'none' },
    { ...byKey, Alg: 'ps256' },
    { ...byKey, Alg: 'HS256' },
    { ...byKey, Alg: ['PS256'] },
    { ...byKey, Extra: 1 },
    { ...byKey, Key: 'x' },
    { ...byKey, Key: 7 },
    { ...byKey, Signature: 'short' },
    { ...byKey, Signature: 'A'.repeat(684) },
    { ...byKey, Signature: null },
    { ...bySession, Alg: 'PS256' },
    { ...bySession, Time: '1700000000' },
    { ...bySession, Time: -1 },
    { ...bySession, Time: 1.5 },
    { ...bySession, Nonce: 'short' },
    { ...bySession, Nonce: 'x'.repeat(65) },
    { ...bySession, Nonce: 'with space' },
    { ...bySession, Signature: `${bySession.Signature.slice(0, -1)}B` },
    { ...bySession, Signature: bySession.Signature.slice(1) },
    { ...bySession, Key: alice.thumbprint },
    Object.create(byKey),
  ]
  for (const value of bad) t.equal(readSign(value), undefined, JSON.stringify(value)?.slice(0, 60))
})

t.test('each scheme says what must not come twice', async (t) => {
  const byKey = signMessage('PS256', alice.privateKey, alice.thumbprint, fields)
  t.strictSame(replayClaimOf(byKey, fields), { userId: 'alice', id: 'm-1', time: 1_700_000_000 })
  const bySession = signSessionMessage(key, fields, 1_700_000_005, nonce)
  t.strictSame(replayClaimOf(bySession, fields), { userId: 'alice', id: nonce, time: 1_700_000_005 })
  const Signature = '0'.repeat(40)
  t.strictSame(
    replayClaimOf({ Alg: 'WECHAT-SHA1', Timestamp: '1700000009', Nonce: 'n', Signature }, fields),
    { userId: 'alice', id: Signature, time: 1_700_000_009 },
    'the signature, since a digit may go from the time to the nonce without changing what is hashed',
  )
})
