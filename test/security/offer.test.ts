import { randomBytes } from 'node:crypto'
import t from 'tap'
import { writeHandshakeBody } from '../../src/security/handshake-body.ts'
import { certifyHandshakeKey, signRotation } from '../../src/security/handshake-keys.ts'
import { clientClockSlackSeconds, offerWriter, readOffer } from '../../src/security/offer.ts'
import { vectorKey } from '../vectors/vector-files.ts'
import { certificate, day, now, offerBody } from './handshake-world.ts'

const identity = vectorKey('identity')
const nonce = Buffer.alloc(32, 9)

/** The members of an offer's content, changed. */
function changed(changes: Record<string, unknown>): Buffer {
  const content = JSON.parse(JSON.parse(offerBody().toString()).Content)
  return Buffer.from(writeHandshakeBody('PlatformKeyMessage', now, { ...content, ...changes }))
}

function problemOf(body: Uint8Array, clock: number | undefined = now): string | undefined {
  const read = readOffer(body, clock)
  return read.ok ? undefined : read.problem
}

t.test('an offer reads back as it was written', async (t) => {
  const older = vectorKey('olderIdentity')
  const rotations = [signRotation(older.privateKey, older.jwk, identity.jwk, now)]
  const body = offerWriter({ suites: [1, 2], identity: identity.jwk, certificate, rotations })({ nonce, now })
  t.strictSame(readOffer(body, now), {
    ok: true,
    offer: {
      body,
      suites: [1, 2],
      identity: identity.jwk,
      identityThumbprint: identity.thumbprint,
      olderIdentities: [older.thumbprint],
      handshakeKey: vectorKey('handshake').jwk,
      nonce: nonce.toString('base64url'),
      serverTime: now,
    },
  })
})

t.test('what is written from the template is what is written at once', async (t) => {
  const parts = { suites: [1, 2, 3], identity: identity.jwk, certificate, rotations: [] }
  for (const callbackId of [undefined, 'a', '"李"', ',"Content"', '*', '$&', '9007199254740991']) {
    for (const time of [0, 7, now]) {
      const members = {
        Version: 1,
        Suites: [1, 2, 3],
        IdentityKey: identity.jwk,
        HandshakeKey: certificate.key,
        NotBefore: certificate.notBefore,
        NotAfter: certificate.notAfter,
        Signature: certificate.signature,
        SignatureRS256: certificate.signatureRs256,
        Nonce: nonce.toString('base64url'),
        ServerTime: time,
      }
      const moment = { nonce, now: time, ...(callbackId === undefined ? {} : { callbackId }) }
      const expected = writeHandshakeBody('PlatformKeyMessage', time, members, callbackId)
      t.equal(offerWriter(parts)(moment).toString(), expected)
    }
  }
})

t.test('an offer with four rotations of long keys is not too long', async (t) => {
  const long = vectorKey('carol')
  const rotation = { key: long.jwk, time: now, signature: Buffer.alloc(512, 0xff).toString('base64url') }
  const parts = { suites: [1, 2, 3], identity: long.jwk, certificate, rotations: Array(4).fill(rotation) }
  const body = offerWriter(parts)({ nonce, now })
  t.equal(problemOf(body), 'the handshake key is not signed by the identity')
})

t.test('another version, a malformed member or another type is refused', async (t) => {
  t.match(problemOf(changed({ Version: 2 })), /another version/)
  t.match(problemOf(changed({ Version: '1' })), /another version/)
  const malformed = [
    { Suites: [] },
    { Suites: [1, 1] },
    { Suites: ['1'] },
    { Suites: [0] },
    { Suites: 1 },
    { Suites: Array.from({ length: 17 }, (_, index) => index + 1) },
    { Nonce: nonce.subarray(1).toString('base64url') },
    { Nonce: `${nonce.toString('base64url')}=` },
    { Nonce: undefined },
    { ServerTime: '1' },
    { ServerTime: undefined },
    { Rotations: {} },
    { Rotations: [1] },
  ]
  for (const changes of malformed) t.match(problemOf(changed(changes)), /malformed/, JSON.stringify(changes))
  t.match(problemOf(Buffer.from(offerBody().toString().replace('PlatformKeyMessage', 'PlatformFinish'))), /not a/)
  t.match(problemOf(Buffer.from('noise')), /not a/)
})

t.test('suites that a client does not know do not disturb it', async (t) => {
  t.equal(problemOf(changed({ Suites: [99, 1] })), undefined)
})

t.test('keys that break the rules are refused', async (t) => {
  for (const name of ['IdentityKey', 'HandshakeKey']) {
    for (const key of [undefined, {}, { ...identity.jwk, e: 'AQ' }, { ...identity.jwk, alg: 'PS256' }]) {
      t.match(problemOf(changed({ [name]: key })), /rules for keys/)
    }
  }
  for (const changes of [{ NotBefore: -1 }, { NotAfter: undefined }, { Signature: 7 }]) {
    t.match(problemOf(changed(changes)), /rules for keys|malformed/)
  }
})

t.test('an unsigned handshake key, or one that another signed, is refused', async (t) => {
  const stranger = vectorKey('strangerIdentity')
  const { key, notBefore, notAfter } = certificate
  const foreign = certifyHandshakeKey(stranger.privateKey, { key, notBefore, notAfter }, { suite3: false })
  const unsigned = /not signed by the identity/
  t.match(problemOf(offerBody({ certificate: foreign })), unsigned)
  t.match(problemOf(offerBody({ identity: stranger.jwk })), unsigned)
  t.match(problemOf(changed({ Signature: '' })), unsigned)
  t.match(problemOf(changed({ HandshakeKey: vectorKey('bob').jwk })), unsigned)
  t.match(problemOf(changed({ NotAfter: notAfter + 1 })), unsigned)
})

t.test('an expired handshake key is refused by the time of the server and by the own clock', async (t) => {
  const { notBefore, notAfter } = certificate
  const body = offerBody()
  t.match(problemOf(changed({ ServerTime: notAfter + 1 })), /expired/)
  t.match(problemOf(changed({ ServerTime: notBefore - 3601 })), /not valid yet/)
  t.equal(problemOf(body, notAfter + clientClockSlackSeconds), undefined)
  t.match(problemOf(body, notAfter + clientClockSlackSeconds + 1), /expired/)
  t.match(problemOf(body, notBefore - clientClockSlackSeconds - 3601), /not valid yet/)
  t.equal(readOffer(body, undefined).ok, true, 'a client without a clock')
  const claims = { key: certificate.key, notBefore: now, notAfter: now + 31 * day + 1 }
  const long = certifyHandshakeKey(identity.privateKey, claims, { suite3: false })
  t.match(problemOf(offerBody({ certificate: long })), /too long/)
})

t.test('a rotation that is not signed is refused', async (t) => {
  const older = vectorKey('olderIdentity')
  const rotation = signRotation(older.privateKey, older.jwk, vectorKey('bob').jwk, now)
  t.match(problemOf(offerBody({ rotations: [rotation] })), /rotation is not signed/)
})

t.test('each offer has its own nonce and time', async (t) => {
  const write = offerWriter({ suites: [1], identity: identity.jwk, certificate, rotations: [] })
  t.notSame(write({ nonce: randomBytes(32), now }), write({ nonce: randomBytes(32), now }))
  t.notSame(write({ nonce, now }), write({ nonce, now: now + 1 }))
})
