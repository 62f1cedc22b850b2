/**
 * The client's proof, in its first record: that it has the session keys, that it has the private half of its RSA key, and
 * with them its login. The plaintext of that record:
 *
 *     MAC (32) | signature length (2, big-endian) | signature (none in a resumption) | one whole frame, the AuthRequest
 */
import type { KeyObject } from 'node:crypto'
import { macOf } from './finish-frame.ts'
import { importPublicKey, type RsaPublicJwk } from './jwk.ts'
import type { SessionKeys } from './key-schedule.ts'
import { rsaSign, rsaVerify } from './rsa-signature.ts'
import { secretsEqual } from './secret.ts'
import { signedText } from './signed-text.ts'
import { type SuiteNumber, suiteOf } from './suites.ts'

/** The plaintext of a finish record, taken apart. Nothing about it is checked. */
export interface ClientProof {
  readonly mac: Buffer
  /** Empty in a resumption. */
  readonly signature: Buffer
  /** The frame with the `AuthRequest`, as it would be sent without sealing. */
  readonly frame: Buffer
}

const macBytes = 32
const lengthBytes = 2
const context = 'parley transcript v1'

/**
 * Writes the plaintext of the client's first record.
 *
 * @param key the client's private key in a full handshake; undefined in a resumption
 * @param frame one whole frame, with its START and END or its length
 */
export function makeClientProof(
  session: { readonly suite: SuiteNumber; readonly keys: SessionKeys; readonly transcript: Uint8Array },
  key: KeyObject | undefined,
  frame: Uint8Array,
): Buffer {
  const { keys, suite, transcript } = session
  const signature = key === undefined ? Buffer.alloc(0) : signTranscript(suite, key, transcript)
  const length = Buffer.alloc(lengthBytes)
  length.writeUInt16BE(signature.length)
  return Buffer.concat([macOf(keys.clientFinishKey, transcript), length, signature, frame])
}

/** Takes the plaintext of a finish record apart; undefined when it is too short for what it says. */
export function readClientProof(plaintext: Uint8Array): ClientProof | undefined {
  const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.byteLength)
  if (bytes.length < macBytes + lengthBytes) return undefined
  const start = macBytes + lengthBytes
  const end = start + bytes.readUInt16BE(macBytes)
  if (end > bytes.length) return undefined
  return { mac: bytes.subarray(0, macBytes), signature: bytes.subarray(start, end), frame: bytes.subarray(end) }
}

/** Whether the client has the session keys. To be asked before anything else in the record is looked at. */
export function isClientMac(keys: SessionKeys, transcript: Uint8Array, mac: Uint8Array): boolean {
  return secretsEqual(macOf(keys.clientFinishKey, transcript), mac)
}

/** Whether the client has the private half of the key that it named. Costs about 35 µs: for the pool. */
export function isTranscriptSignature(
  suite: SuiteNumber,
  key: RsaPublicJwk,
  transcript: Uint8Array,
  signature: Uint8Array,
): boolean {
  const name = suiteOf(suite)?.signature
  return name !== undefined && rsaVerify(name, importPublicKey(key), signedText(context, transcript), signature)
}

function signTranscript(suite: SuiteNumber, key: KeyObject, transcript: Uint8Array): Buffer {
  return rsaSign(suiteOf(suite)?.signature ?? 'PS256', key, signedText(context, transcript))
}
