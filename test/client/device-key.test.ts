import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { makeDeviceKey, processDeviceKey, readDeviceKey } from '../../src/client/device-key.ts'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

t.test('a key may be an object, PEM or a JWK: it is the same key', async (t) => {
  const { thumbprint, publicJwk: jwk } = readDeviceKey(privateKey)
  t.match(thumbprint, /^[A-Za-z0-9_-]{43}$/)
  t.strictSame(Object.keys(jwk), ['kty', 'n', 'e'])
  t.equal(readDeviceKey(pem).thumbprint, thumbprint)
  t.equal(readDeviceKey(privateKey.export({ format: 'jwk' })).thumbprint, thumbprint)
})

t.test('what is no private RSA key of the right size is refused', async (t) => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  for (const given of [publicKey, small, curve, 'no key', {}, privateKey.export({ format: 'jwk' }).n ?? '']) {
    t.throws(() => readDeviceKey(given), { code: 'bad_argument' })
  }
})

t.test('a key that is made serves; that of the process is one', async (t) => {
  const made = await makeDeviceKey()
  t.equal(readDeviceKey(made.privateKey).thumbprint, made.thumbprint)
  t.equal(await processDeviceKey(), await processDeviceKey())
})
