/** RSA public keys as JWK (RFC 7517), the form in which they stand on the wire, and their thumbprints (RFC 7638). */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { keyProblem } from './key-rules.ts'

/** A public RSA key: exactly these members, both numbers as base64url without leading zeros. */
export interface RsaPublicJwk {
  readonly kty: 'RSA'
  readonly n: string
  readonly e: string
}

/** Keys that were read here: they keep the key rules, and can't change any more. */
const checked = new WeakSet<RsaPublicJwk>()

/**
 * Reads a stranger's key by the key rules, without OpenSSL.
 *
 * @returns a key of just the three members, or undefined for whatever `keyProblem` has something to say about
 */
export function readPublicJwk(value: unknown): RsaPublicJwk | undefined {
  if (!isPublicJwk(value)) return undefined
  const jwk: RsaPublicJwk = Object.freeze({ kty: 'RSA', n: value.n, e: value.e })
  checked.add(jwk)
  return jwk
}

/**
 * Takes a key that {@link readPublicJwk} gave in another thread, whence its members come but not that they were checked: to check
 * them again costs as much as to import the key.
 */
export function takeCheckedJwk({ n, e }: RsaPublicJwk): RsaPublicJwk {
  const jwk: RsaPublicJwk = Object.freeze({ kty: 'RSA', n, e })
  checked.add(jwk)
  return jwk
}

/** The RFC 7638 thumbprint: SHA-256 over the members in alphabetical order, as 43 characters of base64url. */
export function thumbprintOf({ n, e }: RsaPublicJwk): string {
  return createHash('sha256').update(`{"e":"${e}","kty":"RSA","n":"${n}"}`).digest('base64url')
}

/**
 * Makes a key that OpenSSL can use. What `readPublicJwk` gave is not checked a second time.
 *
 * @throws RangeError for a key that breaks the key rules, so that no other ever reaches OpenSSL
 */
export function importPublicKey(jwk: RsaPublicJwk): KeyObject {
  const problem = checked.has(jwk) ? undefined : keyProblem(jwk)
  if (problem !== undefined) throw new RangeError(`this RSA key can't be used: ${problem}`)
  return createPublicKey({ key: { kty: 'RSA', n: jwk.n, e: jwk.e }, format: 'jwk' })
}

/**
 * The public half of a private or public RSA key.
 *
 * @throws RangeError for a key that breaks the key rules
 */
export function publicJwkOf(key: KeyObject): RsaPublicJwk {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key
  const { kty, n, e } = publicKey.export({ format: 'jwk' })
  const jwk = readPublicJwk({ kty, n, e })
  if (jwk === undefined) throw new RangeError(`this key can't be used: ${keyProblem({ kty, n, e })}`)
  return jwk
}

/** Whether some text has the form of a thumbprint. */
export function isThumbprint(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(value)
}

function isPublicJwk(value: unknown): value is RsaPublicJwk {
  return keyProblem(value) === undefined
}
