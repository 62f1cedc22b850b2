import { createPublicKey } from 'node:crypto'
import t from 'tap'
import {
  approvalText,
  type EnrolmentClaim,
  enrolmentText,
  signApproval,
  signEnrolment,
  verifyApproval,
  verifyEnrolment,
} from '../../src/security/enrolment.ts'
import { signedText } from '../../src/security/signed-text.ts'
import { vectorKey } from '../vectors/vector-files.ts'

const phone = vectorKey('alice')
const other = vectorKey('bob')
const claim: EnrolmentClaim = {
  userId: 'alice',
  deviceId: 'phone',
  serverThumbprint: vectorKey('identity').thumbprint,
  thumbprint: phone.thumbprint,
  nonce: Buffer.alloc(32, 1).toString('base64url'),
}
const changes: readonly Partial<EnrolmentClaim>[] = [
  { userId: 'mallory' },
  { deviceId: 'phone2' },
  { serverThumbprint: other.thumbprint },
  { thumbprint: other.thumbprint },
  { userId: 'alicep', deviceId: 'hone' },
  { userId: '\ud800' },
]

t.test('the texts are those that are written down', async (t) => {
  const { userId, deviceId, serverThumbprint, thumbprint, nonce } = claim
  const parts = [userId, deviceId, serverThumbprint, thumbprint] as const
  t.strictSame(enrolmentText(claim), signedText('parley enrolment v1', ...parts, nonce))
  t.strictSame(approvalText(claim), signedText('parley key approval v1', ...parts))
})

t.test('an enrolment is for one user, device, server, key and session', async (t) => {
  const signature = signEnrolment(phone.privateKey, claim)
  t.ok(verifyEnrolment(phone.publicKey, claim, signature))
  t.ok(verifyEnrolment(createPublicKey({ key: { ...phone.jwk }, format: 'jwk' }), claim, signature))
  for (const change of [...changes, { nonce: Buffer.alloc(32, 2).toString('base64url') }]) {
    t.notOk(verifyEnrolment(phone.publicKey, { ...claim, ...change }, signature), JSON.stringify(change))
  }
  t.notOk(verifyEnrolment(other.publicKey, claim, signature), 'by another key')
})

t.test('an approval is for one user, device, server and key', async (t) => {
  const signature = signApproval(other.privateKey, claim)
  t.ok(verifyApproval(other.publicKey, claim, signature))
  for (const change of changes) {
    t.notOk(verifyApproval(other.publicKey, { ...claim, ...change }, signature), JSON.stringify(change))
  }
  t.notOk(verifyApproval(phone.publicKey, claim, signature), 'by another key')
})

t.test('neither serves for the other', async (t) => {
  t.notOk(verifyApproval(phone.publicKey, claim, signEnrolment(phone.privateKey, claim)))
  t.notOk(verifyEnrolment(phone.publicKey, claim, signApproval(phone.privateKey, claim)))
})

t.test('a signature that is none is bad and does not throw', async (t) => {
  const signature = signEnrolment(phone.privateKey, claim)
  for (const bad of [undefined, null, 7, {}, '', 'AA', `${signature}=`, signature.slice(4), `AAAA${signature}`]) {
    t.notOk(verifyEnrolment(phone.publicKey, claim, bad), JSON.stringify(bad)?.slice(0, 20))
    t.notOk(verifyApproval(phone.publicKey, claim, bad))
  }
})
