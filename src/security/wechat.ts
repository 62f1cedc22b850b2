/**
 * The signature of WeChat's callbacks, for clients that know nothing else. It proves only that the sender knows the shared token:
 * neither receiver nor content are covered. Off unless the operator sets a token.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { hasExactly } from './exact-members.ts'
import { Secret } from './secret.ts'

/** A `Sign` in WeChat's scheme. */
export interface WeChatSign {
  readonly Alg: 'WECHAT-SHA1'
  /** Unix time in seconds: 10 digits. */
  readonly Timestamp: string
  /** 1 to 64 letters and digits. */
  readonly Nonce: string
  /** SHA-1 in lower-case hex. */
  readonly Signature: string
}

const tokenShape = /^[A-Za-z0-9]{3,32}$/
const timestampShape = /^[1-9][0-9]{9}$/
const nonceShape = /^[A-Za-z0-9]{1,64}$/
const signatureShape = /^[0-9a-f]{40}$/

/** The shared token as the operator gives it: 3 to 32 letters and digits. Undefined for anything else. */
export function readWeChatToken(text: string): Secret | undefined {
  return tokenShape.test(text) ? new Secret(Buffer.from(text, 'latin1')) : undefined
}

/** Whether a value is a `Sign` in this scheme. The formats are strict, because what is hashed has no borders between its parts. */
export function isWeChatSign(value: unknown): value is WeChatSign {
  if (!hasExactly(value, ['Alg', 'Timestamp', 'Nonce', 'Signature'])) return false
  const { Alg, Timestamp, Nonce, Signature } = value
  return (
    Alg === 'WECHAT-SHA1' &&
    isMatch(Timestamp, timestampShape) &&
    isMatch(Nonce, nonceShape) &&
    isMatch(Signature, signatureShape)
  )
}

/**
 * Signs.
 *
 * @param time Unix time in seconds
 * @throws RangeError for a time or nonce of another form
 */
export function signWeChat(token: Secret, time: number, nonce: string): WeChatSign {
  const Timestamp = String(time)
  if (!timestampShape.test(Timestamp) || !nonceShape.test(nonce)) {
    throw new RangeError('the time has 10 digits, the nonce 1 to 64 letters and digits')
  }
  const Signature = digestOf(token, Timestamp, nonce).toString('hex')
  return { Alg: 'WECHAT-SHA1', Timestamp, Nonce: nonce, Signature }
}

/** Whether the sender knows the token. */
export function verifyWeChat(sign: WeChatSign, token: Secret): boolean {
  const given = Buffer.from(sign.Signature, 'hex')
  const expected = digestOf(token, sign.Timestamp, sign.Nonce)
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function digestOf(token: Secret, timestamp: string, nonce: string): Buffer {
  // All three are ASCII, so the order of JavaScript strings is that of bytes.
  const parts = [Buffer.from(token.reveal()).toString('latin1'), timestamp, nonce].sort()
  return createHash('sha1').update(parts.join('')).digest()
}

function isMatch(value: unknown, shape: RegExp): value is string {
  return typeof value === 'string' && shape.test(value)
}
