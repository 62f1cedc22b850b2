import t from 'tap'
import {
  certifyHandshakeKey,
  earlySecondsMax,
  followRotations,
  handshakeKeySecondsMax,
  handshakeTimeProblem,
  isCertified,
  isUnixTime,
  readRotations,
  signRotation,
  writeRotations,
} from '../../src/security/handshake-keys.ts'
import { rsaVerify } from '../../src/security/rsa-signature.ts'
import { vectorKey } from '../vectors/vector-files.ts'
import { certificate, day, now } from './handshake-world.ts'

const identity = vectorKey('identity')
const older = vectorKey('olderIdentity')
const oldest = vectorKey('oldestIdentity')
const rotations = [
  signRotation(older.privateKey, older.jwk, identity.jwk, now - day),
  signRotation(oldest.privateKey, oldest.jwk, older.jwk, now - 2 * day),
]

t.test('a handshake key counts only under the identity that signed it, as it was signed', async (t) => {
  t.ok(isCertified(identity.jwk, certificate))
  t.ok(isCertified(identity.jwk, certificate, 'RS256'))
  const { key, notBefore, notAfter, signature, signatureRs256 = '' } = certificate
  t.notOk(isCertified(vectorKey('strangerIdentity').jwk, certificate))
  t.notOk(isCertified(identity.jwk, { ...certificate, key: vectorKey('bob').jwk }))
  t.notOk(isCertified(identity.jwk, { ...certificate, notBefore: notBefore - 1 }))
  t.notOk(isCertified(identity.jwk, { ...certificate, notAfter: notAfter + 1 }))
  t.notOk(isCertified(identity.jwk, { ...certificate, signature: signatureRs256 }))
  t.notOk(isCertified(identity.jwk, { ...certificate, signature: `${signature}A` }))
  t.notOk(isCertified(identity.jwk, { ...certificate, signature: '' }))
  t.notOk(isCertified(identity.jwk, { key, notBefore, notAfter, signature }, 'RS256'), 'without the one for suite 3')
})

t.test('the signature for suite 3 is there only while suite 3 is on', async (t) => {
  const { key, notBefore, notAfter } = certificate
  const plain = certifyHandshakeKey(identity.privateKey, { key, notBefore, notAfter }, { suite3: false })
  t.notOk('signatureRs256' in plain)
  t.ok(isCertified(identity.jwk, plain))
})

t.test('a handshake key has a time', async (t) => {
  const times = { notBefore: now, notAfter: now + handshakeKeySecondsMax }
  t.equal(handshakeTimeProblem(times, now), undefined)
  t.equal(handshakeTimeProblem(times, now - earlySecondsMax), undefined)
  t.match(handshakeTimeProblem(times, now - earlySecondsMax - 1), /not valid yet/)
  t.equal(handshakeTimeProblem(times, now - earlySecondsMax - day, day), undefined)
  t.match(handshakeTimeProblem(times, now - earlySecondsMax - day - 1, day), /not valid yet/)
  t.equal(handshakeTimeProblem(times, times.notAfter), undefined)
  t.match(handshakeTimeProblem(times, times.notAfter + 1), /expired/)
  t.equal(handshakeTimeProblem(times, times.notAfter + day, day), undefined)
  t.match(handshakeTimeProblem(times, times.notAfter + day + 1, day), /expired/)
  t.match(handshakeTimeProblem({ ...times, notAfter: times.notAfter + 1 }, now), /too long/)
})

t.test('rotations lead back from the identity of today', async (t) => {
  t.strictSame(followRotations(identity.thumbprint, rotations), [older.thumbprint, oldest.thumbprint])
  t.strictSame(followRotations(identity.thumbprint, rotations.slice(0, 1)), [older.thumbprint])
  t.strictSame(followRotations(identity.thumbprint, []), [])
})

t.test('a chain with a wrong link counts for nothing', async (t) => {
  const [first, second] = rotations
  if (first === undefined || second === undefined) throw new Error('two rotations')
  const chains = [[second], [second, first], [first, first], [{ ...first, time: first.time + 1 }]]
  for (const chain of chains) t.equal(followRotations(identity.thumbprint, chain), undefined)
  t.equal(followRotations(identity.thumbprint, [{ ...first, key: vectorKey('bob').jwk }]), undefined)
  t.equal(followRotations(identity.thumbprint, [{ ...first, signature: second.signature }]), undefined)
  t.equal(followRotations(vectorKey('strangerIdentity').thumbprint, rotations), undefined)
  t.equal(followRotations(identity.thumbprint, Array(5).fill(first)), undefined, 'too many')
})

t.test('a signature for one purpose serves no other', async (t) => {
  const [first] = rotations
  const bytes = Buffer.from(first?.signature ?? '', 'base64url')
  t.notOk(isCertified(older.jwk, { ...certificate, signature: first?.signature ?? '' }))
  t.notOk(rsaVerify('PS256', older.publicKey, Buffer.from(identity.thumbprint), bytes))
})

t.test('rotations are read from the wire as they were written', async (t) => {
  t.strictSame(readRotations(JSON.parse(JSON.stringify(writeRotations(rotations)))), rotations)
  t.strictSame(readRotations(undefined), [])
  const [first] = writeRotations(rotations)
  const bad = [null, {}, 'x', [null], [{}], Array(5).fill(first), [{ ...first, Time: -1 }], [{ ...first, Time: '1' }]]
  for (const value of [...bad, [{ ...first, Key: {} }], [{ ...first, Signature: 1 }]]) {
    t.equal(readRotations(value), undefined)
  }
})

t.test('a time is a whole number from 0 on', async (t) => {
  for (const value of [0, now]) t.ok(isUnixTime(value))
  for (const value of [-1, 0.5, Number.NaN, '1', undefined, null, 2 ** 53]) t.notOk(isUnixTime(value))
})
