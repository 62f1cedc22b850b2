/**
 * Login tokens: what the server hands out after a login by password, so that the next login costs no hashing.
 * Stateless: a token is `base64url(payload).base64url(HMAC-SHA256)`, and the payload is JSON
 * `[userId, generation, expires, id]`, followed by the thumbprints of the keys that it dies with. Pure but for node:crypto; the key, the clock and randomness come from the caller.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { userIdFault } from '../protocol/user-id.ts'
import { isThumbprint } from './jwk.ts'

/** What a token claims, in itself or read back. */
export interface TokenPayload {
  readonly userId: string
  /** The account's generation when the token was made; a token of another generation is void. */
  readonly generation: number
  /** Unix time in seconds from which on the token is void. */
  readonly expires: number
  /**
   * Of the key of the sealed session in which it was handed out, and of the token that let that session in: when one of
   * them is revoked the token is void.
   */
  readonly thumbprints: readonly string[]
}

/** Thumbprints of a token, at most. */
export const tokenThumbprintsMax = 5
/** A token is never longer, in characters; the longest user id with all thumbprints needs 762. */
export const tokenLengthMax = 800

// Inside the MAC, so that nothing else that is signed with this key can serve as a token, nor the other way round.
const context = 'parley login token v1\n'
const idBytes = 12
const macBytes = 32
const macLength = 43
const tokenShape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43}$/

/**
 * Makes a token.
 *
 * @param key 32 bytes known to the server alone
 * @param random random bytes, so that two tokens of one second differ and can be told apart
 * @throws RangeError for a payload that `readToken` would not accept
 */
export function mintToken(key: Uint8Array, payload: TokenPayload, random: (bytes: number) => Uint8Array): string {
  const id = Buffer.from(random(idBytes)).toString('base64url')
  const { userId, generation, expires, thumbprints } = payload
  const claims = [userId, generation, expires, id, ...thumbprints]
  if (!isClaims(claims)) throw new RangeError('the payload of a token needs a user id and whole numbers')
  const body = Buffer.from(JSON.stringify(claims)).toString('base64url')
  return `${body}.${macOf(key, body).toString('base64url')}`
}

/**
 * Reads a token back.
 *
 * @param now Unix time in seconds
 * @returns the payload, or undefined for whatever this key did not sign or what has expired: there is no telling which
 */
export function readToken(key: Uint8Array, text: string, now: number): TokenPayload | undefined {
  if (text.length > tokenLengthMax || !tokenShape.test(text)) return undefined
  const body = text.slice(0, -macLength - 1)
  const mac = Buffer.from(text.slice(-macLength), 'base64url')
  const expected = macOf(key, body)
  // Compared before the payload is looked at. 43 characters are 258 bits, so the re-encoding must fit as well.
  if (mac.length !== macBytes || !timingSafeEqual(mac, expected)) return undefined
  if (mac.toString('base64url') !== text.slice(-macLength)) return undefined
  const claims = parse(body)
  if (!isClaims(claims)) return undefined
  const [userId, generation, expires, , ...thumbprints] = claims
  return now < expires ? { userId, generation, expires, thumbprints } : undefined
}

function macOf(key: Uint8Array, body: string): Buffer {
  return createHmac('sha256', key).update(context).update(body).digest()
}

function parse(body: string): unknown {
  try {
    return JSON.parse(Buffer.from(body, 'base64url').toString())
  } catch {
    return undefined
  }
}

type Claims = [userId: string, generation: number, expires: number, id: string, ...thumbprints: string[]]

function isClaims(value: unknown): value is Claims {
  if (!Array.isArray(value) || value.length < 4 || value.length > 4 + tokenThumbprintsMax) return false
  const [userId, generation, expires, id, ...thumbprints]: unknown[] = value
  return (
    typeof userId === 'string' &&
    userIdFault(userId) === undefined &&
    Number.isSafeInteger(generation) &&
    Number.isSafeInteger(expires) &&
    typeof id === 'string' &&
    thumbprints.every(isThumbprint)
  )
}
