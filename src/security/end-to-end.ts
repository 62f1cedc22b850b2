/**
 * Messages that only the receiver's devices can read: a JWE (RFC 7516, general JSON form, `RSA-OAEP-256` and `A256GCM`, one recipient
 * entry for each device key) inside a JWS (RFC 7515, compact, `PS256`) by the sender's key. Who, to whom, which and when stand in the
 * protected headers of both and must equal the envelope, so nobody can re-sign or re-address it.
 *
 * Exactly these algorithms and members are read: no `crit`, `zip`, `jku`, `x5u`, `x5c`, `jwk` or anything else has a meaning here.
 * There is no forward secrecy: whoever gets a device's private key later reads what was recorded for it.
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { parseJson } from '../protocol/json.ts'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { hasExactly } from './exact-members.ts'
import { isThumbprint } from './jwk.ts'
import { decryptShare, encryptShare, readShare } from './oaep.ts'
import { rsaSign, rsaVerify } from './rsa-signature.ts'

/** Who, to whom, which and when: as in the envelope. */
export interface EndToEndAddress {
  readonly from: string
  readonly to: string
  /** `ClientMsgId`. */
  readonly id: string
  /** `CreateTime`, Unix time in seconds. */
  readonly time: number
}

/** What is kept from everyone but the receiver. */
export interface EndToEndMessage {
  readonly msgType: string
  /** The entity as JSON text, like the envelope's `Content`. */
  readonly content: string
}

/** Why a message is not opened. For the person and the log: it says nothing of what is inside. */
export type EndToEndProblem =
  /** Not a JWS of the form that is expected: parts, encoding, members, algorithms. */
  | 'malformed'
  /** Signed by a key that is not enrolled for the sender. */
  | 'sender_key'
  | 'signature'
  /** Signed for another sender, receiver, id or time than the envelope says. */
  | 'address'
  /** Not for this device's key. */
  | 'recipient_key'
  /** What is inside can't be decrypted, or contradicts what is outside. */
  | 'sealed'

/** A message that was opened. */
export interface OpenedMessage extends EndToEndMessage {
  /** Thumbprint of the key that signed. */
  readonly senderKey: string
  /** Thumbprints of all keys that can read it. */
  readonly recipientKeys: readonly string[]
}

/** A key and its thumbprint. */
export interface NamedKey {
  readonly thumbprint: string
  readonly key: KeyObject
}

/** Device keys that a message may be for. */
export const recipientKeysMax = 16

const jwsType = 'parley-e2e+jws'
const jweType = 'parley-e2e'
const keyBytes = 32
const ivBytes = 12
const tagBytes = 16
const oaep = { oaepHash: 'sha256' } as const
const addressMembers = ['From', 'To', 'Id', 'Time', 'SenderKey', 'RecipientKeys'] as const

interface Claims {
  readonly From: string
  readonly To: string
  readonly Id: string
  readonly Time: number
  readonly SenderKey: string
  readonly RecipientKeys: readonly string[]
}

/**
 * Seals a message for the receiver's devices and signs it.
 *
 * @param sender the private key of this device and its thumbprint
 * @param recipients the public keys that are enrolled for the receiver
 * @param random random bytes, for the content's key and nonce
 * @returns the JWS, for the `Jws` of an `EndToEndMsgRequest`
 * @throws RangeError without recipients, or with more than 16
 */
export function sealEndToEnd(
  address: EndToEndAddress,
  message: EndToEndMessage,
  sender: NamedKey,
  recipients: readonly NamedKey[],
  random: (bytes: number) => Uint8Array,
): string {
  const sorted = [...new Map(recipients.map((recipient) => [recipient.thumbprint, recipient])).values()].sort(
    (one, other) => (one.thumbprint < other.thumbprint ? -1 : 1),
  )
  if (sorted.length < 1 || sorted.length > recipientKeysMax) throw new RangeError('a message is for 1 to 16 keys')
  const parley: Claims = {
    From: address.from,
    To: address.to,
    Id: address.id,
    Time: address.time,
    SenderKey: sender.thumbprint,
    RecipientKeys: sorted.map(({ thumbprint }) => thumbprint),
  }
  const contentKey = random(keyBytes)
  const iv = random(ivBytes)
  const protectedHeader = textPart({ enc: 'A256GCM', typ: jweType, parley })
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.from(protectedHeader, 'latin1'))
  const plaintext = JSON.stringify({ MsgType: message.msgType, Content: message.content })
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  const jwe = JSON.stringify({
    protected: protectedHeader,
    recipients: sorted.map(({ thumbprint, key }) => ({
      header: { alg: 'RSA-OAEP-256', kid: thumbprint },
      encrypted_key: encryptShare(key, contentKey, oaep),
    })),
    iv: encodeBase64Url(iv),
    ciphertext: encodeBase64Url(ciphertext),
    tag: encodeBase64Url(cipher.getAuthTag()),
  })
  const header = textPart({ alg: 'PS256', kid: sender.thumbprint, typ: jwsType, parley })
  const signed = `${header}.${encodeBase64Url(Buffer.from(jwe))}`
  return `${signed}.${encodeBase64Url(rsaSign('PS256', sender.key, Buffer.from(signed, 'latin1')))}`
}

/**
 * Opens a message: first its signature, then its address, then what is inside. Whether it comes a second time is for the caller, by
 * sender and id: both are bound by the signature.
 *
 * @param jws as it came
 * @param address what the envelope says; `to` is the user of this device
 * @param senderKey gives the public key of a thumbprint that is enrolled for the sender, by the pinned log of keys
 * @param recipient the private key of this device and its thumbprint
 * @param random random bytes; used instead of a content key that can't be decrypted
 */
export function openEndToEnd(
  jws: unknown,
  address: EndToEndAddress,
  senderKey: (thumbprint: string) => KeyObject | undefined,
  recipient: NamedKey,
  random: (bytes: number) => Uint8Array,
): { readonly message: OpenedMessage } | { readonly problem: EndToEndProblem } {
  const [header, payload, signaturePart, ...more] = typeof jws === 'string' ? jws.split('.', 4) : []
  const signature = decodeBase64Url(signaturePart)
  const jweBytes = decodeBase64Url(payload)
  const claims = readJwsHeader(header)
  if (claims === undefined || signature === undefined || jweBytes === undefined || more.length > 0) {
    return { problem: 'malformed' }
  }
  const key = senderKey(claims.SenderKey)
  if (key === undefined) return { problem: 'sender_key' }
  if (!rsaVerify('PS256', key, Buffer.from(`${header}.${payload}`, 'latin1'), signature))
    return { problem: 'signature' }
  if (!isFor(claims, address)) return { problem: 'address' }
  const index = claims.RecipientKeys.indexOf(recipient.thumbprint)
  if (index < 0) return { problem: 'recipient_key' }
  const jwe = readJwe(jweBytes, claims)
  const encrypted = readShare(jwe?.encryptedKeys[index], recipient.key)
  if (jwe === undefined || encrypted === undefined) return { problem: 'sealed' }
  // What is not a content key becomes random bytes and fails at the tag, like a wrong one: RFC 7516 section 11.5.
  const message = decrypt(jwe, decryptShare(recipient.key, encrypted, oaep, random(keyBytes)))
  if (message === undefined) return { problem: 'sealed' }
  return { message: { ...message, senderKey: claims.SenderKey, recipientKeys: claims.RecipientKeys } }
}

interface Jwe {
  readonly protectedHeader: string
  readonly encryptedKeys: readonly unknown[]
  readonly iv: Buffer
  readonly ciphertext: Buffer
  readonly tag: Buffer
}

function readJwsHeader(part: string | undefined): Claims | undefined {
  const value = parseExactly(decodeBase64Url(part), 4 + addressMembers.length)
  if (!hasExactly(value, ['alg', 'kid', 'typ', 'parley'])) return undefined
  const { alg, kid, typ, parley } = value
  if (alg !== 'PS256' || typ !== jwsType || !isClaims(parley) || kid !== parley.SenderKey) return undefined
  return parley
}

/** The parts of a JWE with the claims that the JWS has, and an entry for each of their keys in their order. */
function readJwe(bytes: Buffer, claims: Claims): Jwe | undefined {
  const value = parseExactly(bytes, 5 + 4 * claims.RecipientKeys.length)
  if (!hasExactly(value, ['protected', 'recipients', 'iv', 'ciphertext', 'tag'])) return undefined
  const { protected: protectedHeader, recipients } = value
  const iv = decodeBase64Url(value.iv, ivBytes)
  const tag = decodeBase64Url(value.tag, tagBytes)
  const ciphertext = decodeBase64Url(value.ciphertext)
  if (iv === undefined || tag === undefined || ciphertext === undefined) return undefined
  if (typeof protectedHeader !== 'string' || !hasJweHeader(protectedHeader, claims)) return undefined
  if (!Array.isArray(recipients) || recipients.length !== claims.RecipientKeys.length) return undefined
  const encryptedKeys: unknown[] = []
  for (const [index, entry] of recipients.entries()) {
    if (!hasExactly(entry, ['header', 'encrypted_key']) || !hasExactly(entry.header, ['alg', 'kid'])) return undefined
    if (entry.header.alg !== 'RSA-OAEP-256' || entry.header.kid !== claims.RecipientKeys[index]) return undefined
    encryptedKeys.push(entry.encrypted_key)
  }
  return { protectedHeader, encryptedKeys, iv, ciphertext, tag }
}

function hasJweHeader(part: string, claims: Claims): boolean {
  const value = parseExactly(decodeBase64Url(part), 3 + addressMembers.length)
  if (!hasExactly(value, ['enc', 'typ', 'parley'])) return false
  const { enc, typ, parley } = value
  return enc === 'A256GCM' && typ === jweType && isClaims(parley) && areEqual(parley, claims)
}

function decrypt({ protectedHeader, iv, ciphertext, tag }: Jwe, key: Uint8Array): EndToEndMessage | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(protectedHeader, 'latin1')).setAuthTag(tag)
  const plaintext = decipher.update(ciphertext)
  try {
    decipher.final()
  } catch {
    return undefined
  }
  const value = parseExactly(plaintext, 2)
  if (!hasExactly(value, ['MsgType', 'Content'])) return undefined
  const { MsgType, Content } = value
  return typeof MsgType === 'string' && typeof Content === 'string' ? { msgType: MsgType, content: Content } : undefined
}

/**
 * Parses JSON with at most so many members in all. A reader that then finds as many that it knows has seen every one: a
 * name that stands twice would be one more.
 */
function parseExactly(bytes: Buffer | undefined, keysMax: number): unknown {
  if (bytes === undefined) return undefined
  const text = bytes.toString('utf8')
  // Bytes that are not UTF-8 would have become U+FFFD.
  if (!Buffer.from(text, 'utf8').equals(bytes)) return undefined
  const parsed = parseJson(text, { depthMax: 4, keysMax })
  return 'value' in parsed ? parsed.value : undefined
}

function textPart(value: unknown): string {
  return encodeBase64Url(Buffer.from(JSON.stringify(value)))
}

function isClaims(value: unknown): value is Claims {
  if (!hasExactly(value, addressMembers)) return false
  const { From, To, Id, Time, SenderKey, RecipientKeys } = value
  return (
    typeof From === 'string' &&
    typeof To === 'string' &&
    typeof Id === 'string' &&
    typeof Time === 'number' &&
    Number.isSafeInteger(Time) &&
    isThumbprint(SenderKey) &&
    Array.isArray(RecipientKeys) &&
    RecipientKeys.length >= 1 &&
    RecipientKeys.length <= recipientKeysMax &&
    RecipientKeys.every((key, index) => isThumbprint(key) && (index === 0 || RecipientKeys[index - 1] < key))
  )
}

function isFor({ From, To, Id, Time }: Claims, { from, to, id, time }: EndToEndAddress): boolean {
  return From === from && To === to && Id === id && Time === time
}

function areEqual(one: Claims, other: Claims): boolean {
  const { From, To, Id, Time, SenderKey, RecipientKeys } = other
  return (
    isFor(one, { from: From, to: To, id: Id, time: Time }) &&
    one.SenderKey === SenderKey &&
    one.RecipientKeys.join() === RecipientKeys.join()
  )
}
