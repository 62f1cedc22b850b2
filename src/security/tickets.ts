/**
 * Tickets: what lets a client come back without RSA. A ticket is the server's own note, encrypted under a key that only the
 * server has; the client keeps it with the resumption secret of the session that it got it in, and can't read it.
 *
 *     ticket = base64url(key id (4) | nonce (12) | ciphertext | tag (16))
 */
import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { isThumbprint } from './jwk.ts'
import { Secret } from './secret.ts'
import { signedText } from './signed-text.ts'
import type { SuiteNumber } from './suites.ts'

/** A key for tickets. Can be sent to another thread as it is. */
export interface TicketKey {
  /** 4 bytes, not secret: which key a ticket is under. */
  readonly id: Uint8Array
  /** A secret key of 32 bytes. */
  readonly key: KeyObject
}

/** The newest key first, under which tickets are made; the others only open. */
export type TicketKeys = readonly TicketKey[]

/** What a ticket says of whoever has it. */
export interface TicketClaims {
  readonly user: string
  readonly device: string
  /** Of the client's key in the full handshake that everything began with. */
  readonly thumbprint: string
  readonly role: string
  /** Unix time in seconds from which on the ticket is void. */
  readonly expires: number
  /** The account's generation; a ticket of another generation is void. */
  readonly generation: number
  readonly suite: SuiteNumber
  /** 32 bytes: the resumption secret of the session in which the ticket was made. */
  readonly resumptionSecret: Secret
}

/** A ticket is never longer, in characters. */
export const ticketLengthMax = 2048

const keyIdBytes = 4
const nonceBytes = 12
const tagBytes = 16
const secretBytes = 32
const headBytes = keyIdBytes + nonceBytes
const context = 'parley ticket v1'

/**
 * Makes a ticket.
 *
 * @throws RangeError without a key, and for claims that `openTicket` would not accept
 */
export function mintTicket(keys: TicketKeys, claims: TicketClaims, random: (bytes: number) => Uint8Array): string {
  const [newest] = keys
  if (newest === undefined) throw new RangeError('there is no key for tickets')
  const fields = fieldsOf(claims)
  if (!areFields(fields)) throw new RangeError('these claims do not fit a ticket')
  const nonce = random(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', newest.key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(aadOf(newest.id))
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(fields), 'utf8'), cipher.final()])
  const text = encodeBase64Url(Buffer.concat([newest.id, nonce, ciphertext, cipher.getAuthTag()]))
  if (text.length > ticketLengthMax) throw new RangeError('these claims are too long for a ticket')
  return text
}

/**
 * Opens a ticket.
 *
 * @param now Unix time in seconds
 * @returns its claims, or undefined for whatever none of these keys made or what has expired: there is no telling which
 */
export function openTicket(keys: TicketKeys, text: unknown, now: number): TicketClaims | undefined {
  if (typeof text !== 'string' || text.length > ticketLengthMax) return undefined
  const bytes = decodeBase64Url(text)
  if (bytes === undefined || bytes.length < headBytes + tagBytes) return undefined
  const key = keys.find(({ id }) => bytes.subarray(0, keyIdBytes).equals(id))
  const claims = key === undefined ? undefined : decrypt(key, bytes)
  return claims !== undefined && now < claims.expires ? claims : undefined
}

function decrypt({ id, key }: TicketKey, bytes: Buffer): TicketClaims | undefined {
  const nonce = bytes.subarray(keyIdBytes, headBytes)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  decipher.setAAD(aadOf(id))
  decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
  try {
    const plaintext = decipher.update(bytes.subarray(headBytes, bytes.length - tagBytes))
    decipher.final()
    const fields: unknown = JSON.parse(plaintext.toString('utf8'))
    return areFields(fields) ? claimsOf(fields) : undefined
  } catch {
    return undefined
  }
}

/** The id as well: a ticket whose key id was changed must not open, even if two keys were ever the same. */
function aadOf(id: Uint8Array): Buffer {
  return signedText(context, id)
}

/** The claims in the order in which a ticket has them, as a JSON array. */
type Fields = [
  user: string,
  device: string,
  thumbprint: string,
  role: string,
  expires: number,
  generation: number,
  suite: 1 | 2,
  resumptionSecret: string,
]

function fieldsOf(claims: TicketClaims): unknown[] {
  const { user, device, thumbprint, role, expires, generation, suite, resumptionSecret } = claims
  return [user, device, thumbprint, role, expires, generation, suite, encodeBase64Url(resumptionSecret.reveal())]
}

function areFields(value: unknown): value is Fields {
  if (!Array.isArray(value) || value.length !== 8) return false
  const [user, device, thumbprint, role, expires, generation, suite, secret]: unknown[] = value
  return (
    typeof user === 'string' &&
    typeof device === 'string' &&
    isThumbprint(thumbprint) &&
    typeof role === 'string' &&
    Number.isSafeInteger(expires) &&
    Number.isSafeInteger(generation) &&
    (suite === 1 || suite === 2) &&
    decodeBase64Url(secret, secretBytes) !== undefined
  )
}

function claimsOf([user, device, thumbprint, role, expires, generation, suite, secret]: Fields): TicketClaims {
  const resumptionSecret = new Secret(Buffer.from(secret, 'base64url'))
  return { user, device, thumbprint, role, expires, generation, suite, resumptionSecret }
}
