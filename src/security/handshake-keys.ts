/**
 * The server's two keys towards clients: the identity, which they pin, signs the handshake key, which it renews all the
 * time; and an identity that is replaced signs the next one.
 */
import type { KeyObject } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { importPublicKey, type RsaPublicJwk, readPublicJwk, thumbprintOf } from './jwk.ts'
import { type RsaSignatureName, rsaSign, rsaVerify } from './rsa-signature.ts'
import { signedText } from './signed-text.ts'

/** The bits of the keys that the server makes. */
export const identityBits = 3072
export const handshakeBits = 2048

/** The longest life of a handshake key that clients accept. */
export const handshakeKeySecondsMax = 31 * 86_400
/** How long before its begin a handshake key is accepted: clocks differ. */
export const earlySecondsMax = 3600
/** The most rotations in an offer. */
export const rotationsMax = 4

/** A handshake key with the identity's signature. */
export interface HandshakeCertificate {
  readonly key: RsaPublicJwk
  /** Unix time in seconds. */
  readonly notBefore: number
  readonly notAfter: number
  /** PS256, as base64url. */
  readonly signature: string
  /** RS256 over the same text; only while suite 3 is on. */
  readonly signatureRs256?: string
}

/** An older identity's word that the next newer one takes its place. */
export interface Rotation {
  /** The older identity. */
  readonly key: RsaPublicJwk
  /** Unix time in seconds. */
  readonly time: number
  /** PS256 by the older identity, as base64url. */
  readonly signature: string
}

/** Certifies a handshake key. */
export function certifyHandshakeKey(
  identity: KeyObject,
  claims: Pick<HandshakeCertificate, 'key' | 'notBefore' | 'notAfter'>,
  options: { readonly suite3: boolean },
): HandshakeCertificate {
  const text = certificateText(claims)
  const { key, notBefore, notAfter } = claims
  const signature = encodeBase64Url(rsaSign('PS256', identity, text))
  const certificate = { key, notBefore, notAfter, signature }
  if (!options.suite3) return certificate
  return { ...certificate, signatureRs256: encodeBase64Url(rsaSign('RS256', identity, text)) }
}

/** Whether the identity signed this handshake key; the times are `handshakeTimeProblem`'s. */
export function isCertified(
  identity: RsaPublicJwk,
  certificate: HandshakeCertificate,
  name: RsaSignatureName = 'PS256',
): boolean {
  const signature = decodeBase64Url(name === 'PS256' ? certificate.signature : certificate.signatureRs256)
  if (signature === undefined) return false
  return rsaVerify(name, importPublicKey(identity), certificateText(certificate), signature)
}

/**
 * Says what is wrong with the times of a handshake key, or nothing.
 *
 * @param now Unix time in seconds
 * @param slackSeconds how wrong the clock may be that `now` came from
 */
export function handshakeTimeProblem(
  { notBefore, notAfter }: Pick<HandshakeCertificate, 'notBefore' | 'notAfter'>,
  now: number,
  slackSeconds = 0,
): string | undefined {
  if (notAfter - notBefore > handshakeKeySecondsMax) return 'the handshake key is valid for too long'
  if (now < notBefore - earlySecondsMax - slackSeconds) return 'the handshake key is not valid yet'
  if (now > notAfter + slackSeconds) return 'the handshake key has expired'
  return undefined
}

/** Signs a new identity with the one that it replaces. */
export function signRotation(older: KeyObject, olderKey: RsaPublicJwk, newer: RsaPublicJwk, time: number): Rotation {
  const text = rotationText(thumbprintOf(olderKey), thumbprintOf(newer), time)
  return { key: olderKey, time, signature: encodeBase64Url(rsaSign('PS256', older, text)) }
}

/**
 * Follows rotations back from the identity of today.
 *
 * @param rotations newest first
 * @returns the thumbprints of the older identities, newest first; undefined when a signature is not right
 */
export function followRotations(identity: string, rotations: readonly Rotation[]): string[] | undefined {
  if (rotations.length > rotationsMax) return undefined
  const older: string[] = []
  let newer = identity
  for (const { key, time, signature } of rotations) {
    const thumbprint = thumbprintOf(key)
    const bytes = decodeBase64Url(signature)
    const text = rotationText(thumbprint, newer, time)
    if (bytes === undefined || !rsaVerify('PS256', importPublicKey(key), text, bytes)) return undefined
    older.push(thumbprint)
    newer = thumbprint
  }
  return older
}

/** Rotations as the wire has them. */
export function writeRotations(rotations: readonly Rotation[]): object[] {
  return rotations.map(({ key, time, signature }) => ({ Key: key, Time: time, Signature: signature }))
}

/** Reads rotations from the wire; undefined when they do not have their form. The signatures are not looked at. */
export function readRotations(value: unknown): Rotation[] | undefined {
  if (value === undefined) return []
  if (!Array.isArray(value) || value.length > rotationsMax) return undefined
  const rotations = value.map(readRotation)
  return rotations.every((rotation) => rotation !== undefined) ? rotations : undefined
}

function readRotation(value: unknown): Rotation | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { Key, Time, Signature }: { Key?: unknown; Time?: unknown; Signature?: unknown } = value
  const key = readPublicJwk(Key)
  if (key === undefined || !isUnixTime(Time) || typeof Signature !== 'string') return undefined
  return { key, time: Time, signature: Signature }
}

/** Whether a value from the wire is a time in whole seconds. */
export function isUnixTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function certificateText({ key, notBefore, notAfter }: Pick<HandshakeCertificate, 'key' | 'notBefore' | 'notAfter'>) {
  return signedText('parley handshake key v1', thumbprintOf(key), notBefore, notAfter)
}

function rotationText(older: string, newer: string, time: number): Buffer {
  return signedText('parley identity rotation v1', older, newer, time)
}
