/** Frame 1, `PlatformKeyMessage`: what the server is, which suites it speaks, and a nonce. Costs no private operation. */
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { asciiJson, type Members, readHandshakeBody, writeHandshakeBody } from './handshake-body.ts'
import {
  followRotations,
  type HandshakeCertificate,
  handshakeTimeProblem,
  isCertified,
  isUnixTime,
  type Rotation,
  readRotations,
  writeRotations,
} from './handshake-keys.ts'
import { type RsaPublicJwk, readPublicJwk, thumbprintOf } from './jwk.ts'

/** What is the same in every offer of a server until it renews a key. */
export interface OfferParts {
  /** Newest preferred first. */
  readonly suites: readonly number[]
  readonly identity: RsaPublicJwk
  readonly certificate: HandshakeCertificate
  /** Newest first, at most `rotationsMax`. */
  readonly rotations: readonly Rotation[]
}

/** What is new in each. */
export interface OfferMoment {
  /** 32 random bytes. */
  readonly nonce: Uint8Array
  /** Unix time in seconds. */
  readonly now: number
  /** Of the `PlatformKeyRequest` that the offer answers. */
  readonly callbackId?: string
}

/** An offer as a client has read and checked it. */
export interface Offer {
  /** The exact bytes, for the transcript. */
  readonly body: Uint8Array
  /** Also numbers that this version does not know. */
  readonly suites: readonly number[]
  readonly identity: RsaPublicJwk
  /** What a pin is compared with. */
  readonly identityThumbprint: string
  /** The thumbprints of older identities that signed their way to this one, newest first. */
  readonly olderIdentities: readonly string[]
  readonly handshakeKey: RsaPublicJwk
  /** The nonce as it stands in the frame: an enrolment signs this text. */
  readonly nonce: string
  /** Unix time in seconds. */
  readonly serverTime: number
}

/** The version of the handshake. */
export const handshakeVersion = 1
export const nonceBytes = 32
/** How wrong a client's own clock may be. */
export const clientClockSlackSeconds = 86_400

const msgType = 'PlatformKeyMessage'
const suitesMax = 16
/** What stands in the place of a nonce and a time until they are known. No key or signature has these in it. */
const nonceMark = '*'
const timeMark = 9_007_199_254_740_991

/** Prepares the writing of offers: what does not change is written once, since every connection gets one. */
export function offerWriter(parts: OfferParts): (moment: OfferMoment) => Buffer {
  const { suites, identity, certificate, rotations } = parts
  const members: Members = {
    Version: handshakeVersion,
    Suites: suites,
    IdentityKey: identity,
    HandshakeKey: certificate.key,
    NotBefore: certificate.notBefore,
    NotAfter: certificate.notAfter,
    Signature: certificate.signature,
    SignatureRS256: certificate.signatureRs256,
    Rotations: rotations.length === 0 ? undefined : writeRotations(rotations),
    Nonce: nonceMark,
    ServerTime: timeMark,
  }
  const body = writeHandshakeBody(msgType, timeMark, members)
  const [beforeNonce = '', afterNonce = ''] = body.split(nonceMark)
  const [beforeContent = '', content = ''] = cutAt(beforeNonce, ',"Content"')
  return ({ nonce, now, callbackId }) => {
    const time = String(now)
    const callback = callbackId === undefined ? '' : `,"CallbackID":${asciiJson(callbackId)}`
    const head = beforeContent.replace(String(timeMark), time) + callback + content
    return Buffer.from(head + encodeBase64Url(nonce) + afterNonce.replace(String(timeMark), time), 'latin1')
  }
}

/**
 * Reads and checks frame 1: both keys by the key rules, the signatures, the times. Whether the identity is the right one
 * is the pin's question (`checkPin`).
 *
 * @param now Unix time in seconds by the client's own clock; undefined when it has none that is set
 */
export function readOffer(
  body: Uint8Array,
  now: number | undefined,
): { readonly ok: true; readonly offer: Offer } | { readonly ok: false; readonly problem: string } {
  const members = readHandshakeBody(body, msgType)
  if (members === undefined) return refuse('the first frame is not a PlatformKeyMessage')
  if (members['Version'] !== handshakeVersion) return refuse('the server speaks another version of the handshake')
  const { Suites: suites, Nonce: nonce, ServerTime: serverTime } = members
  const identity = readPublicJwk(members['IdentityKey'])
  const certificate = certificateOf(members)
  const rotations = readRotations(members['Rotations'])
  if (identity === undefined || certificate === undefined)
    return refuse('a key of the server breaks the rules for keys')
  if (!areSuites(suites) || !isNonce(nonce) || !isUnixTime(serverTime) || rotations === undefined) {
    return refuse('the PlatformKeyMessage is malformed')
  }
  if (!isCertifiedAsBefore(identity, certificate)) return refuse('the handshake key is not signed by the identity')
  const problem =
    handshakeTimeProblem(certificate, serverTime) ??
    (now === undefined ? undefined : handshakeTimeProblem(certificate, now, clientClockSlackSeconds))
  if (problem !== undefined) return refuse(problem)
  const identityThumbprint = thumbprintOf(identity)
  const olderIdentities = followRotations(identityThumbprint, rotations)
  if (olderIdentities === undefined) return refuse('a rotation is not signed by the identity before it')
  const handshakeKey = certificate.key
  const offer = { body, suites, identity, identityThumbprint, olderIdentities, handshakeKey, nonce, serverTime }
  return { ok: true, offer }
}

/** Certificates that were found good, each as the text of all that the check depends on; as many as a process has servers, or so. */
const certified = new Set<string>()
const certifiedMax = 8

/** Who has many connections, or comes back, meets the same certificate again: its signature is checked once. */
function isCertifiedAsBefore(identity: RsaPublicJwk, certificate: HandshakeCertificate): boolean {
  const { key, notBefore, notAfter, signature } = certificate
  const text = JSON.stringify([identity.n, identity.e, key.n, key.e, notBefore, notAfter, signature])
  if (certified.has(text)) return true
  if (!isCertified(identity, certificate)) return false
  if (certified.size >= certifiedMax) certified.clear()
  certified.add(text)
  return true
}

function certificateOf(members: Members): HandshakeCertificate | undefined {
  const { NotBefore: notBefore, NotAfter: notAfter, Signature: signature, SignatureRS256: rs256 } = members
  const key = readPublicJwk(members['HandshakeKey'])
  if (key === undefined || !isUnixTime(notBefore) || !isUnixTime(notAfter) || typeof signature !== 'string') {
    return undefined
  }
  const certificate = { key, notBefore, notAfter, signature }
  return typeof rs256 === 'string' ? { ...certificate, signatureRs256: rs256 } : certificate
}

function areSuites(value: unknown): value is number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= suitesMax &&
    value.every((suite) => Number.isSafeInteger(suite) && suite > 0) &&
    new Set(value).size === value.length
  )
}

function isNonce(value: unknown): value is string {
  return decodeBase64Url(value, nonceBytes) !== undefined
}

function cutAt(text: string, mark: string): [string, string] {
  const index = text.indexOf(mark)
  return [text.slice(0, index), text.slice(index)]
}

function refuse(problem: string): { ok: false; problem: string } {
  return { ok: false, problem }
}
