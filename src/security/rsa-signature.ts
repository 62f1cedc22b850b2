/** RSA signatures by their JOSE names, with every parameter given: Node's default salt is as long as it fits. */
import { constants, type KeyObject, sign, verify } from 'node:crypto'

/** PS256 everywhere; RS256 where suite 3 is on. */
export type RsaSignatureName = 'PS256' | 'RS256'

const saltLength = 32

/** Signs with a private RSA key. */
export function rsaSign(name: RsaSignatureName, key: KeyObject, text: Uint8Array): Buffer {
  return sign('sha256', text, { key, ...parametersOf(name) })
}

/** Whether a signature is by the private half of this key. Never throws. */
export function rsaVerify(name: RsaSignatureName, key: KeyObject, text: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify('sha256', text, { key, ...parametersOf(name) }, signature)
  } catch {
    return false
  }
}

function parametersOf(name: RsaSignatureName): { padding: number; saltLength?: number } {
  if (name === 'RS256') return { padding: constants.RSA_PKCS1_PADDING }
  return { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}
