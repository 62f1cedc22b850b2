/**
 * RSA signatures by their JOSE names: the one place with their padding. `PS256` is RSASSA-PSS with SHA-256, MGF1 with
 * SHA-256 and 32 bytes of salt; `RS256` is RSASSA-PKCS1-v1_5 with SHA-256, for suite 3 alone.
 */
import { constants, type KeyObject, sign, verify } from 'node:crypto'

/** How an RSA key signs. */
export type RsaSignatureName = 'PS256' | 'RS256'

const hash = 'sha256'
/** Node's default is the longest salt that fits; RFC 7518 section 3.5 wants the length of the hash. */
const saltLength = 32

/** Signs a text with a private RSA key. The signature is as long as the modulus. */
export function signRsa(name: RsaSignatureName, key: KeyObject, text: Uint8Array): Buffer {
  if (name === 'RS256') return sign(hash, text, { key, padding: constants.RSA_PKCS1_PADDING })
  return sign(hash, text, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
}

/**
 * Whether a signature over a text is by a key. Some 20 us with 2048 bits, 37 with 3072.
 *
 * @param key imported once (`importPublicKey`), not for each call: it takes a tenth of the time that way
 */
export function verifyRsa(name: RsaSignatureName, key: KeyObject, text: Uint8Array, signature: Uint8Array): boolean {
  if (name === 'RS256') return verify(hash, text, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
  return verify(hash, text, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature)
}
