/**
 * Makes `test/vectors/keys.json`, once: all other vectors are made with these keys, so a new run makes all of them void.
 * Run: `node build/test/vectors/make-keys.js`. Never use these keys for anything but tests.
 */
import { generateKeyPairSync } from 'node:crypto'
import { vectorFile, writeVectors } from './vector-files.ts'

const bits = {
  identity: 3072,
  olderIdentity: 3072,
  oldestIdentity: 3072,
  strangerIdentity: 3072,
  handshake: 2048,
  alice: 2048,
  aliceTablet: 2048,
  bob: 2048,
  carol: 4096,
}

const keys = Object.entries(bits).map(([name, modulusLength]) => {
  const { kty, n, e, d, p, q, dp, dq, qi } = generateKeyPairSync('rsa', { modulusLength }).privateKey.export({
    format: 'jwk',
  })
  return [name, { kty, n, e, d, p, q, dp, dq, qi }]
})

writeVectors(vectorFile('keys'), Object.fromEntries(keys))
