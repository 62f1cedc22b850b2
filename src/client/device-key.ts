/**
 * The RSA key of a device: it proves the device in handshakes, signs its messages and opens what is encrypted for it.
 * For Node.
 */
import { createPrivateKey, generateKeyPair, type JsonWebKey, KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { type ClientKey, clientKeyOf } from '../security/client-handshake.ts'
import { ParleyError } from './errors.ts'

/** A private key as applications have it: an object of `node:crypto`, PEM text (PKCS#8 or PKCS#1), or a JWK. */
export type GivenKey = KeyObject | string | JsonWebKey

/** A key with its public half, as JWK, and its thumbprint. */
export type DeviceKey = ClientKey

/** The bits of a key that is made here; the wire takes 2048 to 4096. */
const modulusBits = 2048

/**
 * Reads a key that the application gives.
 *
 * @throws ParleyError `bad_argument` when it is none, or none that the wire takes
 */
export function readDeviceKey(given: GivenKey): DeviceKey {
  try {
    return keyOf(privateKeyOf(given))
  } catch (cause) {
    const reason = cause instanceof Error ? ` (${cause.message})` : ''
    throw new ParleyError('bad_argument', {
      message: `The option key must be a private RSA key of 2048 to 4096 bits${reason}.`,
      cause,
    })
  }
}

/** Makes a key; it takes a tenth of a second or more, in another thread. */
export async function makeDeviceKey(): Promise<DeviceKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: modulusBits, publicExponent: 65537 })
  return keyOf(privateKey)
}

let keyOfProcess: Promise<DeviceKey> | undefined

/** One key for all clients of this process that were given none; it is gone with the process. */
export function processDeviceKey(): Promise<DeviceKey> {
  keyOfProcess ??= makeDeviceKey()
  return keyOfProcess
}

function privateKeyOf(given: GivenKey): KeyObject {
  if (given instanceof KeyObject) return given
  return typeof given === 'string' ? createPrivateKey(given) : createPrivateKey({ key: given, format: 'jwk' })
}

function keyOf(privateKey: KeyObject): DeviceKey {
  if (privateKey.type !== 'private' || privateKey.asymmetricKeyType !== 'rsa')
    throw new TypeError('it is no private RSA key')
  return clientKeyOf(privateKey)
}
