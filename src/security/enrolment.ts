/**
 * Whose key is it: what a new key signs to be enrolled for a user (it is here, and wants to be this user's), and what a key
 * that is enrolled already signs to approve it. Both name the user, the device and the server, so that they serve nowhere else.
 */
import type { KeyObject } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { rsaSign, rsaVerify } from './rsa-signature.ts'
import { signedText } from './signed-text.ts'

/** The new key, as both signatures name it. */
export interface ApprovalClaim {
  readonly userId: string
  /** The device that has the new key. */
  readonly deviceId: string
  /** Thumbprint of the server's identity key. */
  readonly serverThumbprint: string
  /** Thumbprint of the new key. */
  readonly thumbprint: string
}

/** The same for one handshake. */
export interface EnrolmentClaim extends ApprovalClaim {
  /** The nonce of the server's first frame in this session, as its base64url: an enrolment is for one session alone. */
  readonly nonce: string
}

const enrolmentContext = 'parley enrolment v1'
const approvalContext = 'parley key approval v1'

/** The text that a new key signs. */
export function enrolmentText({ userId, deviceId, serverThumbprint, thumbprint, nonce }: EnrolmentClaim): Buffer {
  return signedText(enrolmentContext, userId, deviceId, serverThumbprint, thumbprint, nonce)
}

/** The text that an enrolled key signs for another one. */
export function approvalText({ userId, deviceId, serverThumbprint, thumbprint }: ApprovalClaim): Buffer {
  return signedText(approvalContext, userId, deviceId, serverThumbprint, thumbprint)
}

/** Signs an enrolment with the new key. The signature is base64url, for `EnrolKeyRequest`. */
export function signEnrolment(key: KeyObject, claim: EnrolmentClaim): string {
  return encodeBase64Url(rsaSign('PS256', key, enrolmentText(claim)))
}

/**
 * Whether an enrolment is signed by the new key.
 *
 * @param key the public key whose thumbprint is in the claim
 * @param signature from the wire
 */
export function verifyEnrolment(key: KeyObject, claim: EnrolmentClaim, signature: unknown): boolean {
  return isSignedBy(key, () => enrolmentText(claim), signature)
}

/** Signs the approval of another key with one that is enrolled. The signature is base64url. */
export function signApproval(key: KeyObject, claim: ApprovalClaim): string {
  return encodeBase64Url(rsaSign('PS256', key, approvalText(claim)))
}

/**
 * Whether a key is approved by another. The caller knows that the other one is enrolled for the same user.
 *
 * @param key the public key of the one that approves
 * @param signature from the wire
 */
export function verifyApproval(key: KeyObject, claim: ApprovalClaim, signature: unknown): boolean {
  return isSignedBy(key, () => approvalText(claim), signature)
}

function isSignedBy(key: KeyObject, text: () => Buffer, signature: unknown): boolean {
  const bytes = decodeBase64Url(signature)
  if (bytes === undefined) return false
  try {
    return rsaVerify('PS256', key, text(), bytes)
  } catch (error) {
    // Text that can't be signed, since it is not well-formed, is signed by nobody.
    if (error instanceof RangeError) return false
    throw error
  }
}
