/**
 * Makes `test/vectors/signatures.json`: every scheme of the envelope's `Sign`, good and bad. Run: `node build/test/vectors/make-signatures.js; npx biome format --write test/vectors`.
 * PSS has random salt, so a new run gives other signatures that are as good.
 */
import { constants, createHash, sign } from 'node:crypto'
import {
  type KeySign,
  type MessageFields,
  messageText,
  signMessage,
  signSessionMessage,
} from '../../src/security/message-signature.ts'
import { Secret } from '../../src/security/secret.ts'
import { signedText } from '../../src/security/signed-text.ts'
import { readWeChatToken, signWeChat } from '../../src/security/wechat.ts'
import type { KeyCase, SessionCase, SignatureVectors, WeChatCase, WireFields } from './signature-vectors.ts'
import { vectorFile, vectorKey, writeVectors } from './vector-files.ts'

const alice = vectorKey('alice')
const bob = vectorKey('bob')
const plain: WireFields = {
  FromUserId: 'alice',
  ToUserId: 'bob',
  ClientMsgId: 'm-1',
  CreateTime: 1_700_000_000,
  MsgType: 'TextMsgRequest',
  Content: '{"Message":"hello"}',
}
const chinese: WireFields = { ...plain, FromUserId: '李雷', ToUserId: '韩梅梅', Content: '{"Message":"你好 \\"😀\\""}' }
const broadcast: WireFields = { ...plain, ToUserId: '', MsgType: 'BroadcastRequest' }
const changed: WireFields = { ...plain, Content: '{"Message":"hello!"}' }

function fieldsOf(wire: WireFields): MessageFields {
  return {
    from: wire.FromUserId,
    to: wire.ToUserId,
    clientMsgId: wire.ClientMsgId,
    createTime: wire.CreateTime,
    msgType: wire.MsgType,
    content: wire.Content,
  }
}

function textOf(wire: WireFields, thumbprint: string): Buffer {
  const text = messageText(fieldsOf(wire), thumbprint)
  if (text === undefined) throw new Error('this message can not be signed')
  return text
}

function keyCase(name: string, alg: KeySign['Alg'], wire: WireFields, change: Partial<KeyCase> = {}): KeyCase {
  const Sign = signMessage(alg, alice.privateKey, alice.thumbprint, fieldsOf(wire))
  const text = textOf(change.fields ?? wire, alice.thumbprint).toString('hex')
  const digest = createHash('sha256')
    .update((change.fields ?? wire).Content)
    .digest('hex')
  return { name, valid: true, key: 'alice', fields: wire, contentSha256: digest, text, sign: Sign, ...change }
}

function badKeyCases(alg: KeySign['Alg']): KeyCase[] {
  const { sign: Sign } = keyCase('', alg, plain)
  const bad = (name: string, change: Partial<KeyCase>): KeyCase =>
    keyCase(name, alg, plain, { valid: false, ...change })
  const other = alg === 'PS256' ? 'RS256' : 'PS256'
  const byOther = signMessage(other, alice.privateKey, alice.thumbprint, fieldsOf(plain))
  return [
    bad('the content was changed', { fields: changed, sign: Sign }),
    bad('the sender was changed', { fields: { ...plain, FromUserId: 'carol' }, sign: Sign }),
    bad('the receiver was changed', { fields: { ...plain, ToUserId: 'carol' }, sign: Sign }),
    bad('the id was changed', { fields: { ...plain, ClientMsgId: 'm-2' }, sign: Sign }),
    bad('the time was changed', { fields: { ...plain, CreateTime: 1_700_000_001 }, sign: Sign }),
    bad('the type was changed', { fields: { ...plain, MsgType: 'CommonRequest' }, sign: Sign }),
    bad('signed by another key', {
      sign: { ...signMessage(alg, bob.privateKey, alice.thumbprint, fieldsOf(plain)), Key: alice.thumbprint },
    }),
    bad(`a signature by ${other} under this name`, { sign: { ...byOther, Alg: alg } }),
    bad('cut by a byte', { sign: { ...Sign, Signature: cut(Sign.Signature) } }),
    bad('with padding', { sign: { ...Sign, Signature: `${Sign.Signature}==` } }),
    bad('spare bits that are not zero', { sign: { ...Sign, Signature: withSpareBits(Sign.Signature) } }),
  ]
}

function cut(signature: string): string {
  return Buffer.from(signature, 'base64url').subarray(0, -1).toString('base64url')
}

/** The same bytes in a text that is not canonical. */
function withSpareBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1) ?? '') + 1]
}

function withSalt(saltLength: number): KeySign {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  const signature = sign('sha256', textOf(plain, alice.thumbprint), { key: alice.privateKey, padding, saltLength })
  return { Alg: 'PS256', Key: alice.thumbprint, Signature: signature.toString('base64url') }
}

const signingKey = Buffer.from(Array.from({ length: 32 }, (_, index) => index))
const otherSigningKey = Buffer.alloc(32, 7)
const nonce = 'nonce-0001'

function sessionCase(name: string, wire: WireFields, change: Partial<SessionCase> = {}): SessionCase {
  const Sign = signSessionMessage(new Secret(signingKey), fieldsOf(wire), 1_700_000_000, nonce)
  const { FromUserId, ToUserId, ClientMsgId = '', CreateTime = '', MsgType, Content } = change.fields ?? wire
  const text = signedText('parley message v2', FromUserId, ToUserId, ClientMsgId, CreateTime, MsgType, Content)
  const digest = createHash('sha256').update(text).digest('base64url')
  const { Time, Nonce } = change.sign ?? Sign
  return {
    name,
    valid: true,
    signingKey: signingKey.toString('hex'),
    fields: wire,
    text: text.toString('hex'),
    macText: `v2\n${Time}\n${Nonce}\n${digest}`,
    sign: Sign,
    ...change,
  }
}

function badSessionCases(): SessionCase[] {
  const { sign: Sign } = sessionCase('', plain)
  const bad = (name: string, change: Partial<SessionCase>): SessionCase =>
    sessionCase(name, plain, { valid: false, sign: Sign, ...change })
  return [
    bad('the content was changed', { fields: changed }),
    bad('the receiver was changed', { fields: { ...plain, ToUserId: 'carol' } }),
    bad('the id was taken away', { fields: withoutId(plain) }),
    bad('the time of signing was changed', { sign: { ...Sign, Time: Sign.Time + 1 } }),
    bad('the nonce was changed', { sign: { ...Sign, Nonce: 'nonce-0002' } }),
    bad('the signing key of another session', { signingKey: otherSigningKey.toString('hex') }),
    bad('cut by a byte', { sign: { ...Sign, Signature: cut(Sign.Signature) } }),
    bad('spare bits that are not zero', { sign: { ...Sign, Signature: withSpareBits(Sign.Signature) } }),
    bad('a nonce that is too short', { sign: { ...Sign, Nonce: 'nonce-1' } }),
  ]
}

function withoutId({ ClientMsgId: _, ...rest }: WireFields): WireFields {
  return rest
}

function withoutIdAndTime({ ClientMsgId: _, CreateTime: __, ...rest }: WireFields): WireFields {
  return rest
}

function weChatCases(): WeChatCase[] {
  const token = 'weixin'
  const secret = readWeChatToken(token)
  if (secret === undefined) throw new Error('the token is not one')
  const good = (name: string, time: number, text: string): WeChatCase => {
    const Sign = signWeChat(secret, time, text)
    return { name, valid: true, token, hashed: [token, Sign.Timestamp, text].sort().join(''), sign: Sign }
  }
  const first = good('time, token, nonce', 1_409_735_669, 'xxxxxx')
  const bad = (name: string, change: Partial<WeChatCase['sign']>): WeChatCase => {
    const Sign = { ...first.sign, ...change }
    return { ...first, name, valid: false, hashed: [token, Sign.Timestamp, Sign.Nonce].sort().join(''), sign: Sign }
  }
  return [
    first,
    good('time, nonce with capitals, token', 1_409_735_669, 'Xyz'),
    good('a nonce of digits before the time', 1_409_735_669, '1017654321'),
    bad('another time', { Timestamp: '1409735670' }),
    bad('another nonce', { Nonce: 'xxxxxy' }),
    bad('capitals in the signature', { Signature: first.sign.Signature.toUpperCase() }),
    bad('a time of nine digits', { Timestamp: '140973566' }),
    { ...first, name: 'another token', valid: false, token: 'weixin2', hashed: '1409735669weixin2xxxxxx' },
  ]
}

const vectors: SignatureVectors = {
  description:
    'Signatures of messages (the field Sign). Keys are in keys.json. "text" is the exact text under the signature, as hex; "contentSha256" is ' +
    'SHA-256 of the UTF-8 bytes of Content. For HS256 "text" is what is hashed and "macText" what the MAC is over. A case with "valid": false ' +
    'must be refused; then "text" is what the verifier arrives at. Time windows are not part of these cases.',
  thumbprints: { alice: alice.thumbprint, bob: bob.thumbprint },
  keySignatures: [
    keyCase('text to a user', 'PS256', plain),
    keyCase('Chinese names and an emoji', 'PS256', chinese),
    keyCase('a broadcast: the receiver is empty', 'PS256', broadcast),
    ...badKeyCases('PS256'),
    keyCase('no salt', 'PS256', plain, { valid: false, sign: withSalt(0) }),
    keyCase('the longest salt', 'PS256', plain, { valid: false, sign: withSalt(222) }),
    keyCase('text to a user', 'RS256', plain),
    keyCase('Chinese names and an emoji', 'RS256', chinese),
    ...badKeyCases('RS256'),
  ],
  sessionSignatures: [
    sessionCase('text to a user', plain),
    sessionCase('Chinese names and an emoji', chinese),
    sessionCase('without ClientMsgId and CreateTime', withoutIdAndTime(plain)),
    ...badSessionCases(),
  ],
  weChat: weChatCases(),
}

writeVectors(vectorFile('signatures'), vectors)
