/** Keys for tests of signatures, made once a process. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { publicJwkOf, type RsaPublicJwk, thumbprintOf } from '../../src/security/jwk.ts'

export interface SigningKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  readonly jwk: RsaPublicJwk
  readonly thumbprint: string
}

/** A new RSA key. */
export function makeKey(modulusLength = 2048): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
  const jwk = publicJwkOf(publicKey)
  return { privateKey, publicKey, jwk, thumbprint: thumbprintOf(jwk) }
}

const made = new Map<string, SigningKey>()

/** The key of a name, the same for as long as the process lives. */
export function keyOf(name: string): SigningKey {
  const known = made.get(name) ?? makeKey()
  made.set(name, known)
  return known
}
