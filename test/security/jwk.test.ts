import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import {
  importPublicKey,
  isThumbprint,
  publicJwkOf,
  readPublicJwk,
  takeCheckedJwk,
  thumbprintOf,
} from '../../src/security/jwk.ts'
import { vectorKey } from '../vectors/vector-files.ts'

/** The example of RFC 7638 section 3.1. */
const rfcKey = {
  kty: 'RSA',
  n: '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw',
  e: 'AQAB',
} as const
const rfcThumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'

t.test('the thumbprint is that of RFC 7638', async (t) => {
  t.equal(thumbprintOf(rfcKey), rfcThumbprint)
  t.ok(isThumbprint(rfcThumbprint))
})

t.test('a key that another thread has checked is imported without a second check', async (t) => {
  const jwk = takeCheckedJwk(structuredClone(readPublicJwk(rfcKey)) ?? rfcKey)
  t.strictSame(jwk, rfcKey)
  t.ok(Object.isFrozen(jwk))
  t.equal(importPublicKey(jwk).asymmetricKeyDetails?.modulusLength, 2048)
})

t.test('a thumbprint is 43 characters that are 32 bytes', async (t) => {
  for (const value of [
    '',
    rfcThumbprint.slice(1),
    `${rfcThumbprint}A`,
    `${rfcThumbprint.slice(0, -1)}t`,
    7,
    undefined,
  ]) {
    t.notOk(isThumbprint(value))
  }
})

t.test('a key is imported and exported as it was', async (t) => {
  t.strictSame(publicJwkOf(importPublicKey(rfcKey)), rfcKey)
  const { privateKey, jwk } = vectorKey('alice')
  t.strictSame(publicJwkOf(privateKey), jwk)
  t.strictSame(publicJwkOf(createPublicKey(privateKey)), jwk)
})

t.test('a key that breaks the rules reaches OpenSSL on no path', async (t) => {
  t.throws(() => importPublicKey({ ...rfcKey, e: 'AQ' }), /exponent/)
  t.equal(readPublicJwk({ ...rfcKey, e: 'AQ' }), undefined)
  t.throws(() => publicJwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey), /2048/)
  t.throws(() => publicJwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey), RangeError)
})

t.test('a key that was read has no other members and no prototype of its own', async (t) => {
  const key = readPublicJwk(JSON.parse(JSON.stringify(rfcKey)))
  t.strictSame(key, rfcKey)
  t.ok(Object.isFrozen(key), 'what was checked stays as it was')
})
