/** That the code and `test/vectors/enrolment.json` agree, so that the file can be trusted by other languages. */
import { createHash } from 'node:crypto'
import t from 'tap'
import {
  approvalText,
  type EnrolmentClaim,
  enrolmentText,
  verifyApproval,
  verifyEnrolment,
} from '../../src/security/enrolment.ts'
import { fingerprintBlocks, readFingerprint } from '../../src/security/fingerprint-blocks.ts'
import { verifyKeyLog } from '../../src/security/key-log.ts'
import { safetyNumber } from '../../src/security/safety-number.ts'
import type { EnrolmentCase, EnrolmentVectors } from '../vectors/enrolment-vectors.ts'
import { readVectors, vectorKey } from '../vectors/vector-files.ts'

const vectors = readVectors<EnrolmentVectors>('enrolment')

function claimOf({ UserId, DeviceId, Server, Thumbprint, Nonce = '' }: EnrolmentCase): EnrolmentClaim {
  return { userId: UserId, deviceId: DeviceId, serverThumbprint: Server, thumbprint: Thumbprint, nonce: Nonce }
}

t.test('enrolments', async (t) => {
  for (const made of vectors.enrolments) {
    const claim = claimOf(made)
    t.equal(enrolmentText(claim).toString('hex'), made.text, made.name)
    t.equal(verifyEnrolment(vectorKey(made.key).publicKey, claim, made.signature), made.valid, made.name)
  }
})

t.test('approvals', async (t) => {
  for (const made of vectors.approvals) {
    const claim = claimOf(made)
    t.equal(approvalText(claim).toString('hex'), made.text, made.name)
    t.equal(verifyApproval(vectorKey(made.key).publicKey, claim, made.signature), made.valid, made.name)
  }
})

t.test('the hashes of entries', async (t) => {
  t.ok(vectors.hashedTexts.length > 0)
  for (const { text, Hash } of vectors.hashedTexts) {
    t.equal(createHash('sha256').update(Buffer.from(text, 'hex')).digest('base64url'), Hash)
    t.ok(vectors.keyLogs.some(({ entries }) => entries.some((entry) => entry.Hash === Hash)))
  }
})

t.test('logs of keys', async (t) => {
  for (const { name, valid, UserId, entries, pinned, result } of vectors.keyLogs) {
    const read = verifyKeyLog(UserId, entries, pinned)
    t.equal('log' in read, valid, name)
    if (!('log' in read)) continue
    const { head, keys, revoked, beginnings } = read.log
    const { extendsPinned } = read
    t.strictSame({ extendsPinned, head, enrolled: [...keys.keys()], revoked: [...revoked], beginnings }, result, name)
  }
})

t.test('safety numbers and fingerprints', async (t) => {
  for (const { users, number } of vectors.safetyNumbers) {
    const [one, other] = users
    if (one === undefined || other === undefined) throw new Error('a number is of two users')
    t.equal(safetyNumber(one, other), number)
  }
  for (const { thumbprint, blocks } of vectors.fingerprints) {
    t.equal(fingerprintBlocks(thumbprint), blocks)
    t.equal(readFingerprint(blocks), thumbprint)
  }
})
