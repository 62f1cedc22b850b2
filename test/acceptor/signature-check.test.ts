import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import type { Session } from '../../src/acceptor/connection.ts'
import { SignatureCheck, type SignOutcome } from '../../src/acceptor/signature-check.ts'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { type MessageFields, signMessage, signSessionMessage } from '../../src/security/message-signature.ts'
import { Secret } from '../../src/security/secret.ts'
import { SenderKeyCache, SignatureBundleWriter, verifyBundle } from '../../src/security/signature-bundle.ts'
import { readWeChatToken, signWeChat } from '../../src/security/wechat.ts'
import { sessionOf, signatureOptions } from './fakes.ts'

const now = 1_700_000_000
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = publicJwkOf(privateKey)
const thumbprint = thumbprintOf(jwk)
const signingKey = new Secret(Buffer.alloc(32, 7))
const fields: MessageFields = {
  from: 'ann',
  to: 'bob',
  clientMsgId: 'id',
  createTime: now,
  msgType: 'TextMsgRequest',
  content: '{"Message":"\\n你"}',
}

function session(sealed = true): Session {
  const facts = { suite: 1, thumbprint, signingKey } as const
  return { ...sessionOf('ann'), sealed: sealed ? facts : undefined, keys: new Map([[thumbprint, jwk.n]]) }
}

function check(
  sign: unknown,
  options: { fields?: MessageFields; session?: Session; by?: SignatureCheck } = {},
): SignOutcome {
  const { to, clientMsgId, createTime, msgType, content } = options.fields ?? fields
  const envelope = {
    ToUserId: to,
    ClientMsgId: clientMsgId,
    CreateTime: createTime,
    MsgType: msgType,
    Content: content,
  }
  const text = typeof sign === 'string' ? sign : JSON.stringify(sign)
  const bytes = Buffer.from(`{"Sign":${text},${JSON.stringify(envelope).slice(1)}`)
  const reader = new EnvelopeReader()
  const problem = reader.read(bytes, 0, bytes.length)
  if (problem !== undefined) throw new Error(problem.message)
  return (options.by ?? new SignatureCheck(signatureOptions, 0)).check(options.session ?? session(), reader, now)
}

function codeOf(outcome: SignOutcome): string {
  return outcome.kind === 'refused' ? outcome.problem.code : outcome.kind
}

const byKey = signMessage('PS256', privateKey, thumbprint, fields)

t.test('a signature by a key is made ready for the pool as it stands', async (t) => {
  const outcome = check(byKey)
  if (outcome.kind !== 'byKey') throw new Error(codeOf(outcome))
  t.same(outcome.facts, { id: 'id', time: now, key: thumbprint })
  const writer = new SignatureBundleWriter()
  writer.add(outcome.item)
  t.same([...verifyBundle(writer.take(), new SenderKeyCache())], [1])
})

t.test('what need not be checked by a key is refused at once', async (t) => {
  t.equal(codeOf(check({ ...byKey, Alg: 'RS256' })), 'bad_signature')
  const old = new SignatureCheck({ ...signatureOptions, allowsRs256: true }, 0)
  t.equal(codeOf(check({ ...byKey, Alg: 'RS256' }, { by: old })), 'byKey')
  t.equal(codeOf(check({ ...byKey, Key: `${'A'.repeat(42)}A` })), 'bad_signature')
  t.equal(codeOf(check(byKey, { fields: { ...fields, clientMsgId: undefined } })), 'bad_signature')
  t.equal(codeOf(check(byKey, { fields: { ...fields, clientMsgId: '' } })), 'bad_signature')
  t.equal(codeOf(check(byKey, { fields: { ...fields, createTime: undefined } })), 'bad_signature')
  for (const [difference, expected] of [
    [-301, 'replayed'],
    [-300, 'byKey'],
    [300, 'byKey'],
    [301, 'replayed'],
  ] as const) {
    t.equal(codeOf(check(byKey, { fields: { ...fields, createTime: now + difference } })), expected, `${difference} s`)
  }
})

t.test('a Sign that could be read in two ways is refused', async (t) => {
  const text = JSON.stringify(byKey)
  for (const sign of [
    text.replace('{', `{"Key":"${thumbprint}",`),
    text.replace('}', ',"Alg":"PS256"}'),
    '"PS256"',
    '[]',
    '{}',
    '1',
    text.replace('"Alg"', '"alg"'),
  ]) {
    t.equal(codeOf(check(sign)), 'bad_signature', sign.slice(0, 60))
  }
  const bySession = JSON.stringify(signSessionMessage(signingKey, fields, now, 'nonce:12345'))
  t.equal(codeOf(check(bySession)), 'good', 'a colon in a value is no member')
  t.equal(codeOf(check(bySession.replace('{', '{"Time":1,'))), 'bad_signature')
})

t.test('HS256 is checked at once, counts once, and in a sealed session', async (t) => {
  const by = new SignatureCheck(signatureOptions, 0)
  const sign = signSessionMessage(signingKey, fields, now, 'nonce-1234')
  t.match(check(sign, { by }), { kind: 'good', coversBody: true })
  t.equal(codeOf(check(sign, { by })), 'replayed')
  t.equal(codeOf(check(sign, { session: session(false) })), 'bad_signature')
  t.equal(codeOf(check(sign, { fields: { ...fields, to: 'cid' } })), 'bad_signature')
  t.equal(codeOf(check(signSessionMessage(signingKey, fields, now - 301, 'nonce-1234'))), 'replayed')
  t.equal(codeOf(check(signSessionMessage(new Secret(Buffer.alloc(32)), fields, now, 'nonce-1234'))), 'bad_signature')
})

t.test("WeChat's scheme covers no body, and needs the token", async (t) => {
  const token = readWeChatToken('weixin')
  if (token === undefined) throw new Error('a token')
  const sign = signWeChat(token, now, 'abc')
  t.equal(codeOf(check(sign)), 'bad_signature')
  const by = new SignatureCheck({ ...signatureOptions, weChatToken: 'weixin' }, 0)
  t.match(check(sign, { by, session: session(false) }), { kind: 'good', coversBody: false })
  t.equal(codeOf(check(sign, { by })), 'replayed')
  const other = new SignatureCheck({ ...signatureOptions, weChatToken: 'another' }, 0)
  t.equal(codeOf(check(sign, { by: other })), 'bad_signature')
  const later = new SignatureCheck({ ...signatureOptions, weChatToken: 'weixin' }, now)
  t.equal(codeOf(check(sign, { by: later })), 'replayed', 'a thread before may have accepted it')
})
