/**
 * Password hashes: argon2id as PHC strings, `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. The functions block for as
 * long as a hash takes (15 ms at the default cost), so the server calls them in the pool; the command line directly.
 */
import { hash, hashSync, verifySync } from '@node-rs/argon2'

/** What one hash costs. The floor is the configuration's business, not this file's. */
export interface PasswordCost {
  readonly memoryKib: number
  readonly passes: number
}

/**
 * The bounds of what is taken as a hash. A hash says itself what checking it costs, and hashes are imported: one
 * that asks for gigabytes or minutes would take the server down at its user's first login.
 */
export const passwordCostMax: Readonly<{
  memoryKib: number
  passes: number
  parallelism: number
  /** Memory times passes, which is what the time follows: 1 GiB filled once takes about half a second. */
  workKib: number
}> = { memoryKib: 262_144, passes: 32, parallelism: 8, workKib: 1_048_576 }

/** The least memory a block of argon2 can do with, by RFC 9106, section 3.1: 8 KiB a lane. */
const memoryKibPerLaneMin = 8
const saltBytesMin = 8
const saltBytesMax = 64
const hashBytesMin = 16
const hashBytesMax = 64
const parallelism = 1
const newSaltBytes = 16
const newHashBytes = 32

/** Longer than the longest hash within the bounds; anything longer is not even looked at. */
const hashLengthMax = 256

const phcShape =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,2})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

/**
 * Hashes a password with a new salt.
 *
 * @returns a PHC string for which `isPasswordHash` holds, when the cost is within `passwordCostMax`
 */
export function hashPassword(password: string, cost: PasswordCost): string {
  return hashSync(canonical(password), hashOptions(cost))
}

/** The same without blocking: several hashes run at once in the threads of libuv. For imports on the command line. */
export function hashPasswordInBackground(password: string, cost: PasswordCost): Promise<string> {
  return hash(canonical(password), hashOptions(cost))
}

/**
 * Whether it is the password of that hash.
 *
 * @throws RangeError for a text that is no hash within the bounds, before any work is done
 */
export function verifyPassword(password: string, hash: string): boolean {
  // The text itself stays out of the message: messages end in logs.
  if (!isPasswordHash(hash)) throw new RangeError('the stored password hash is not argon2id within the bounds')
  return verifySync(hash, canonical(password))
}

/** Whether a hash was made at another cost than the given one, and should be made anew when the password is at hand. */
export function needsRehash(hash: string, cost: PasswordCost): boolean {
  const shape = readHash(hash)
  if (shape === undefined) return true
  return shape.memoryKib !== cost.memoryKib || shape.passes !== cost.passes || shape.parallelism !== parallelism
}

/** Whether a text is an argon2id hash in PHC form that this server may be asked to check. */
export function isPasswordHash(text: string): boolean {
  const shape = readHash(text)
  if (shape === undefined) return false
  return (
    shape.memoryKib >= memoryKibPerLaneMin * shape.parallelism &&
    shape.memoryKib <= passwordCostMax.memoryKib &&
    shape.passes <= passwordCostMax.passes &&
    shape.parallelism <= passwordCostMax.parallelism &&
    shape.memoryKib * shape.passes <= passwordCostMax.workKib &&
    isBase64Of(shape.salt, saltBytesMin, saltBytesMax) &&
    isBase64Of(shape.hash, hashBytesMin, hashBytesMax)
  )
}

/**
 * A hash that no password has, to check against where there is no such user, so that this takes as long as a
 * wrong password. Costs nothing to make: its digest is random bytes.
 */
export function dummyPasswordHash(cost: PasswordCost, random: (bytes: number) => Uint8Array): string {
  const salt = toBase64(random(newSaltBytes))
  const hash = toBase64(random(newHashBytes))
  return `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=${parallelism}$${salt}$${hash}`
}

function hashOptions(cost: PasswordCost): {
  memoryCost: number
  timeCost: number
  parallelism: number
  outputLen: number
} {
  return { memoryCost: cost.memoryKib, timeCost: cost.passes, parallelism, outputLen: newHashBytes }
}

/**
 * One password can reach us as different code points: macOS and some input methods send é as e and a combining
 * accent, others as one. Without NFC the same person could not log in from another device. RFC 8265, section 4.2,
 * asks for NFC as well.
 */
function canonical(password: string): string {
  return password.normalize('NFC')
}

interface HashShape {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
  readonly salt: string
  readonly hash: string
}

function readHash(text: string): HashShape | undefined {
  if (text.length > hashLengthMax) return undefined
  const match = phcShape.exec(text)
  if (match === null) return undefined
  const [, memoryKib = '', passes = '', lanes = '', salt = '', hash = ''] = match
  return { memoryKib: Number(memoryKib), passes: Number(passes), parallelism: Number(lanes), salt, hash }
}

/** Unpadded base64 of that many bytes, with no bits set that encode nothing. */
function isBase64Of(text: string, bytesMin: number, bytesMax: number): boolean {
  const bytes = Buffer.from(text, 'base64')
  return bytes.length >= bytesMin && bytes.length <= bytesMax && toBase64(bytes) === text
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
