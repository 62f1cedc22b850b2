/** Key shares under RSA-OAEP. What can't be decrypted becomes random bytes, so that the answer tells nobody why. */
import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import type { Suite } from './suites.ts'

/** The length of a share. */
export const shareBytes = 32

/** Encrypts a share, with the hash of the suite for OAEP and its MGF1 and an empty label. */
export function encryptShare(key: KeyObject, share: Uint8Array, { oaepHash }: Pick<Suite, 'oaepHash'>): string {
  return encodeBase64Url(publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, share))
}

/** The ciphertext of a share from the wire, or undefined when it can't be one: not as long as the key's modulus. */
export function readShare(value: unknown, key: KeyObject): Buffer | undefined {
  const bits = key.asymmetricKeyDetails?.modulusLength
  return bits === undefined ? undefined : decodeBase64Url(value, Math.ceil(bits / 8))
}

/**
 * Decrypts a share.
 *
 * @param instead random bytes, made beforehand: returned when there is no share of the right length in the ciphertext.
 *   The MACs of the handshake fail then, as they do for a wrong share.
 */
export function decryptShare(
  key: KeyObject,
  ciphertext: Buffer,
  { oaepHash }: Pick<Suite, 'oaepHash'>,
  instead: Uint8Array,
): Uint8Array {
  try {
    const share = privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, ciphertext)
    return share.length === shareBytes ? share : instead
  } catch {
    return instead
  }
}
