/**
 * The envelope's field `Sign`: what of a message is signed, and the schemes for it. `PS256` and `RS256` are by the sender's
 * enrolled key, and the receiver can check them as well; `HS256` is a MAC under the signing key of the sealed session.
 * Time and repeats are for the `ReplayCache`: `replayClaimOf` says what to ask it.
 */
import { createHash, createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { hasExactly } from './exact-members.ts'
import { isThumbprint } from './jwk.ts'
import type { ReplayClaim } from './replay-cache.ts'
import { rsaSign, rsaVerify } from './rsa-signature.ts'
import type { Secret } from './secret.ts'
import { signedText } from './signed-text.ts'
import { isWeChatSign, type WeChatSign } from './wechat.ts'

/** What of a message is signed. */
export interface MessageFields {
  /** The session's user, also when the envelope leaves `FromUserId` out. */
  readonly from: string
  /** Empty for the server. */
  readonly to: string
  /** Needed for signatures by a key. */
  readonly clientMsgId: string | undefined
  /** `CreateTime`, Unix time in seconds. Needed for signatures by a key. */
  readonly createTime: number | undefined
  readonly msgType: string
  /** `Content` as text, that is without the escapes that it has inside the envelope. */
  readonly content: string
}

/** A `Sign` by an enrolled key. */
export interface KeySign {
  readonly Alg: 'PS256' | 'RS256'
  /** Thumbprint of the key. */
  readonly Key: string
  readonly Signature: string
}

/** A `Sign` by the signing key of the session. */
export interface SessionSign {
  readonly Alg: 'HS256'
  /** Unix time in seconds. */
  readonly Time: number
  /** 8 to 64 visible ASCII characters, never the same twice. */
  readonly Nonce: string
  readonly Signature: string
}

/** A `Sign` in one of the schemes that this version knows. */
export type Sign = KeySign | SessionSign | WeChatSign

/** The context of a signature by a key. */
export const messageContext = 'parley message v1'
const sessionContext = 'parley message v2'
const macBytes = 32
/** Base64url of a signature by 2048 to 4096 bits. */
const signatureShape = /^[A-Za-z0-9_-]{342,683}$/
const nonceShape = /^[\x21-\x7e]{8,64}$/
const loneSurrogate = /\p{Surrogate}/u

/**
 * Reads the envelope's field `Sign`: exactly the members of a scheme that is known, in their form.
 *
 * @returns undefined for anything else, which is a `bad_signature`
 */
export function readSign(value: unknown): Sign | undefined {
  return isKeySign(value) || isSessionSign(value) || isWeChatSign(value) ? value : undefined
}

/**
 * The text that a key signs.
 *
 * @param thumbprint of the key that signs
 * @returns undefined for a message that can't be signed: without `ClientMsgId` or `CreateTime`, or with text that is not well-formed
 */
export function messageText(fields: MessageFields, thumbprint: string): Buffer | undefined {
  const { from, to, clientMsgId, createTime, msgType, content } = fields
  if (!clientMsgId || createTime === undefined || loneSurrogate.test(content)) return undefined
  try {
    return signedText(messageContext, from, to, clientMsgId, createTime, msgType, sha256(content), thumbprint)
  } catch {
    return undefined
  }
}

/**
 * Signs a message with the sender's key.
 *
 * @param key the private key
 * @param thumbprint of the same key
 * @throws RangeError for a message that can't be signed
 */
export function signMessage(alg: KeySign['Alg'], key: KeyObject, thumbprint: string, fields: MessageFields): KeySign {
  const text = messageText(fields, thumbprint)
  if (text === undefined) throw new RangeError('to be signed, a message needs ClientMsgId, CreateTime and whole text')
  return { Alg: alg, Key: thumbprint, Signature: encodeBase64Url(rsaSign(alg, key, text)) }
}

/** Whether a message is signed by a key. The caller knows that the key of `sign.Key` is enrolled for the sender. */
export function verifyMessage(sign: KeySign, key: KeyObject, fields: MessageFields): boolean {
  const text = messageText(fields, sign.Key)
  const signature = decodeBase64Url(sign.Signature)
  return text !== undefined && signature !== undefined && rsaVerify(sign.Alg, key, text, signature)
}

/**
 * Signs a message with the signing key of a sealed session.
 *
 * @param time Unix time in seconds
 * @param nonce 8 to 64 visible ASCII characters, never the same twice
 * @throws RangeError for a message, time or nonce that can't be signed
 */
export function signSessionMessage(key: Secret, fields: MessageFields, time: number, nonce: string): SessionSign {
  const mac = isTime(time) && nonceShape.test(nonce) ? sessionMac(key, fields, time, nonce) : undefined
  if (mac === undefined) throw new RangeError('to be signed, a message needs a time, a nonce and whole text')
  return { Alg: 'HS256', Time: time, Nonce: nonce, Signature: encodeBase64Url(mac) }
}

/** Whether a message is signed with the signing key of its session. */
export function verifySessionMessage(sign: SessionSign, key: Secret, fields: MessageFields): boolean {
  const given = decodeBase64Url(sign.Signature, macBytes)
  const expected = sessionMac(key, fields, sign.Time, sign.Nonce)
  // Both have 32 bytes, so this does not throw.
  return given !== undefined && expected !== undefined && timingSafeEqual(given, expected)
}

/**
 * What a `ReplayCache` is to be asked about a message: by `ClientMsgId` and `CreateTime` for a signature by a key, by `Nonce` and
 * `Time` for a session's. WeChat's scheme runs token, time and nonce together without a border, so there the signature itself is the id.
 */
export function replayClaimOf(sign: Sign, { from, clientMsgId, createTime }: MessageFields): ReplayClaim {
  switch (sign.Alg) {
    case 'PS256':
    case 'RS256':
      return { userId: from, id: clientMsgId ?? '', time: createTime ?? Number.NaN }
    case 'HS256':
      return { userId: from, id: sign.Nonce, time: sign.Time }
    case 'WECHAT-SHA1':
      return { userId: from, id: sign.Signature, time: Number(sign.Timestamp) }
  }
}

function sessionMac(key: Secret, fields: MessageFields, time: number, nonce: string): Buffer | undefined {
  const { from, to, clientMsgId = '', createTime = '', msgType, content } = fields
  try {
    const digest = sha256(signedText(sessionContext, from, to, clientMsgId, createTime, msgType, content))
    return createHmac('sha256', key.reveal())
      .update(`v2\n${time}\n${nonce}\n${encodeBase64Url(digest)}`)
      .digest()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function sha256(data: Uint8Array | string): Buffer {
  return createHash('sha256').update(data).digest()
}

function isKeySign(value: unknown): value is KeySign {
  if (!hasExactly(value, ['Alg', 'Key', 'Signature'])) return false
  const { Alg, Key, Signature } = value
  return (Alg === 'PS256' || Alg === 'RS256') && isThumbprint(Key) && isMatch(Signature, signatureShape)
}

function isSessionSign(value: unknown): value is SessionSign {
  if (!hasExactly(value, ['Alg', 'Time', 'Nonce', 'Signature'])) return false
  const { Alg, Time, Nonce, Signature } = value
  return (
    Alg === 'HS256' && isTime(Time) && isMatch(Nonce, nonceShape) && decodeBase64Url(Signature, macBytes) !== undefined
  )
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isMatch(value: unknown, shape: RegExp): value is string {
  return typeof value === 'string' && shape.test(value)
}
