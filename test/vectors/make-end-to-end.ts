/**
 * Makes `test/vectors/end-to-end.json`: messages from end to end, good and bad. Run: `node build/test/vectors/make-end-to-end.js; npx biome format --write test/vectors`.
 * Keys, nonces, salts and seeds are random, so a new run gives other messages that are as good.
 */
import { constants, createHmac, type KeyObject, sign as nodeSign, publicEncrypt, randomBytes } from 'node:crypto'
import { openEndToEnd, sealEndToEnd } from '../../src/security/end-to-end.ts'
import { b64u, type Draft, forge, type Json, message, oaep, signed, sortedKeys } from '../security/forged-end-to-end.ts'
import type { EndToEndCase, EndToEndParts, EndToEndVectors } from './end-to-end-vectors.ts'
import { type VectorKey, vectorFile, vectorKey, writeVectors } from './vector-files.ts'

const bob = vectorKey('bob')
const carol = vectorKey('carol')
const envelope = { FromUserId: 'bob', ToUserId: 'alice', ClientMsgId: 'm-1', CreateTime: 1_700_000_000 }
const inside = { MsgType: message.msgType, Content: message.content }

/** The first content key that was asked for. */
const contentKey = randomBytes(32)
const good = seal(['alice', 'aliceTablet'])

function seal(recipients: readonly string[], sender: VectorKey = bob): string {
  const address = { from: 'bob', to: 'alice', id: 'm-1', time: 1_700_000_000 }
  const keys = recipients.map((name) => ({ thumbprint: vectorKey(name).thumbprint, key: vectorKey(name).publicKey }))
  const random = (bytes: number): Uint8Array => (bytes === contentKey.length ? contentKey : randomBytes(bytes))
  return sealEndToEnd(address, message, { thumbprint: sender.thumbprint, key: sender.privateKey }, keys, random)
}

function partsOf(jws: string): EndToEndParts {
  const [header = '', payload = ''] = jws.split('.')
  const jwe = Buffer.from(payload, 'base64url').toString()
  const { protected: protectedHeader } = JSON.parse(jwe) as { protected: string }
  return {
    jwsHeader: Buffer.from(header, 'base64url').toString(),
    jwe,
    jweHeader: Buffer.from(protectedHeader, 'base64url').toString(),
    additionalData: protectedHeader,
    contentKey: contentKey.toString('hex'),
    plaintext: JSON.stringify(inside),
  }
}

/** A case, with what our code makes of it, which must be what the maker says. */
function caseOf(name: string, jws: string, change: Partial<EndToEndCase> = {}): EndToEndCase {
  const made = { name, valid: true, envelope, senderKeys: ['bob'], deviceKey: 'alice', jws, message: inside, ...change }
  const { privateKey, thumbprint } = vectorKey(made.deviceKey)
  const { FromUserId, ToUserId, ClientMsgId, CreateTime } = made.envelope
  const opened = openEndToEnd(
    jws,
    { from: FromUserId, to: ToUserId, id: ClientMsgId, time: CreateTime },
    (key) => made.senderKeys.map(vectorKey).find((known) => known.thumbprint === key)?.publicKey,
    { thumbprint, key: privateKey },
    randomBytes,
  )
  if ('message' in opened !== made.valid) throw new Error(`${name}: ${JSON.stringify(opened)}`)
  if (made.valid) return made
  const { message: _, ...bad } = made
  return 'problem' in opened ? { ...bad, problem: opened.problem } : bad
}

function bad(name: string, jws: string, change: Partial<EndToEndCase> = {}): EndToEndCase {
  return caseOf(name, jws, { valid: false, ...change })
}

function resigned(): string {
  const [, payload] = good.split('.')
  const claims = {
    From: 'carol',
    To: 'alice',
    Id: 'm-1',
    Time: 1_700_000_000,
    SenderKey: carol.thumbprint,
    RecipientKeys: sortedKeys.map(({ thumbprint }) => thumbprint),
  }
  const header = { alg: 'PS256', kid: carol.thumbprint, typ: 'parley-e2e+jws', parley: claims }
  return signed(`${b64u(header)}.${payload}`, carol)
}

function withRecipients(alg: string, encrypted: (key: KeyObject, bytes: Buffer) => Buffer): string {
  return forge((draft) => {
    draft.jwe['recipients'] = sortedKeys.map(({ thumbprint, publicKey }) => ({
      header: { alg, kid: thumbprint },
      encrypted_key: b64u(encrypted(publicKey, draft.contentKey)),
    }))
  })
}

function swapped(draft: Draft): void {
  const [first, second] = draft.jwe['recipients'] as Json[]
  draft.jwe['recipients'] = [
    { ...first, encrypted_key: second?.['encrypted_key'] },
    { ...second, encrypted_key: first?.['encrypted_key'] },
  ]
}

function cutTag(bytes: number): (jwe: Json) => void {
  return (jwe) => {
    jwe['tag'] = b64u(Buffer.from(String(jwe['tag']), 'base64url').subarray(0, bytes))
  }
}

function otherSignature(make: (text: string) => Buffer): string {
  const text = good.split('.', 2).join('.')
  return `${text}.${b64u(make(text))}`
}

function pkcs1(key: KeyObject, bytes: Buffer): Buffer {
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, bytes)
}

function headerWith(name: string, value: unknown): (draft: Draft) => void {
  return (draft) => {
    draft.jwsHeader[name] = value
  }
}

function innerHeaderWith(name: string, value: unknown): (draft: Draft) => void {
  return (draft) => {
    draft.jweHeader[name] = value
  }
}

function doubledMember(): string {
  const [header = '', payload = ''] = forge().split('.')
  const text = Buffer.from(header, 'base64url').toString()
  return signed(`${b64u(Buffer.from(`{"alg":"none",${text.slice(1)}`))}.${payload}`, bob)
}

function flipped(part: number): string {
  const parts = good.split('.')
  const bytes = Buffer.from(parts[part] ?? '', 'base64url')
  const at = bytes.length >> 1
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return parts.with(part, b64u(bytes)).join('.')
}

const publicPem = bob.publicKey.export({ type: 'spki', format: 'pem' })

const vectors: EndToEndVectors = {
  description:
    'Messages from end to end. Keys are in keys.json; "senderKeys" are enrolled for the sender, "deviceKey" is the private key of the device that ' +
    'opens it. "parts" takes the first case apart: "contentKey" is hex, "additionalData" is the ASCII text that A256GCM authenticates. ' +
    'A case with "valid": false must be refused; "problem" is our name for why.',
  parts: partsOf(good),
  cases: [
    caseOf('for two devices, on the first', good),
    caseOf('for two devices, on the second', good, { deviceKey: 'aliceTablet' }),
    caseOf('for one device', seal(['alice'])),
    caseOf('made by a second implementation', forge()),
    bad('the envelope names another sender', good, { envelope: { ...envelope, FromUserId: 'carol' } }),
    bad('the envelope names another receiver', good, { envelope: { ...envelope, ToUserId: 'carol' } }),
    bad('the envelope has another id', good, { envelope: { ...envelope, ClientMsgId: 'm-2' } }),
    bad('the envelope has another time', good, { envelope: { ...envelope, CreateTime: 1_700_000_001 } }),
    bad('re-signed by another as their own', resigned(), {
      envelope: { ...envelope, FromUserId: 'carol' },
      senderKeys: ['carol'],
    }),
    bad(
      "signed by another under the sender's name",
      forge(() => {}, { signer: carol }),
    ),
    bad('signed by a key that is not enrolled for the sender', seal(['alice'], carol)),
    bad('kid is not SenderKey', forge(headerWith('kid', carol.thumbprint))),
    bad('not for this device', seal(['aliceTablet'])),
    bad("the devices' keys are swapped", forge(swapped)),
    bad(
      'the inner header has another sender',
      forge((draft) => changeInner(draft, 'From', 'carol')),
    ),
    bad(
      'the inner header has another receiver',
      forge((draft) => changeInner(draft, 'To', 'carol')),
    ),
    bad(
      'the inner header has another id',
      forge((draft) => changeInner(draft, 'Id', 'm-2')),
    ),
    bad('alg none', forge(headerWith('alg', 'none'))),
    bad('alg HS256', forge(headerWith('alg', 'HS256'))),
    bad('alg RS256', forge(headerWith('alg', 'RS256'))),
    bad(
      'no signature',
      otherSignature(() => Buffer.alloc(0)),
    ),
    bad(
      'a signature by RS256',
      otherSignature((text) => nodeSign('sha256', Buffer.from(text), bob.privateKey)),
    ),
    bad(
      'an HMAC with the public key as its secret',
      otherSignature((text) => createHmac('sha256', publicPem).update(text).digest()),
    ),
    bad('crit in the header', forge(headerWith('crit', ['exp']))),
    bad('jwk in the header', forge(headerWith('jwk', carol.jwk))),
    bad('jku in the header', forge(headerWith('jku', 'https://example.org/keys'))),
    bad('x5u in the header', forge(headerWith('x5u', 'https://example.org/keys'))),
    bad('x5c in the header', forge(headerWith('x5c', ['AA']))),
    bad('an unknown member in the header', forge(headerWith('cty', 'JWE'))),
    bad('another typ', forge(headerWith('typ', 'JWT'))),
    bad('a member twice in the header', doubledMember()),
    bad('zip in the inner header', forge(innerHeaderWith('zip', 'DEF'))),
    bad('enc A128GCM', forge(innerHeaderWith('enc', 'A128GCM'))),
    bad(
      'an unprotected header',
      forge((draft) => Object.assign(draft.jwe, { unprotected: { zip: 'DEF' } })),
    ),
    bad(
      'alg dir',
      withRecipients('dir', () => Buffer.alloc(0)),
    ),
    bad('alg RSA1_5', withRecipients('RSA1_5', pkcs1)),
    bad('RSA1_5 under the name of RSA-OAEP-256', withRecipients('RSA-OAEP-256', pkcs1)),
    bad('RSA-OAEP with SHA-1 under the name of RSA-OAEP-256', withRecipients('RSA-OAEP-256', sha1)),
    bad(
      'a tag of 12 bytes',
      forge(() => {}, { late: cutTag(12) }),
    ),
    bad(
      'a tag of 4 bytes',
      forge(() => {}, { late: cutTag(4) }),
    ),
    bad('a bit of the header', flipped(0)),
    bad('a bit of the payload', flipped(1)),
    bad('a bit of the signature', flipped(2)),
    bad('cut after the payload', good.split('.', 2).join('.')),
    bad('a fourth part', `${good}.AA`),
    bad('with padding', `${good}==`),
    bad('inside is more than a type and a content', forge(extraInside)),
  ],
}

function changeInner(draft: Draft, name: string, value: unknown): void {
  Object.assign(draft.jweHeader['parley'] as Json, { [name]: value })
}

function sha1(key: KeyObject, bytes: Buffer): Buffer {
  return oaep(key, bytes, 'sha1')
}

function extraInside(draft: Draft): void {
  draft.plaintext = JSON.stringify({ ...inside, From: 'carol' })
}

writeVectors(vectorFile('end-to-end'), vectors)
