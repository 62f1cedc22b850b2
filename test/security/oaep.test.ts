import { constants, publicEncrypt, randomBytes } from 'node:crypto'
import t from 'tap'
import { decryptShare, encryptShare, readShare } from '../../src/security/oaep.ts'
import { suite3, suiteOf } from '../../src/security/suites.ts'
import { vectorKey } from '../vectors/vector-files.ts'

const suite1 = suiteOf(1) ?? suite3
const { privateKey, publicKey } = vectorKey('handshake')
const share = randomBytes(32)
const instead = Buffer.alloc(32, 1)

t.test('a share is decrypted with the hash of its suite, and with no other', async (t) => {
  for (const [suite, other] of [
    [suite1, suite3],
    [suite3, suite1],
  ] as const) {
    const ciphertext = Buffer.from(encryptShare(publicKey, share, suite), 'base64url')
    t.strictSame(decryptShare(privateKey, ciphertext, suite, instead), share)
    t.equal(decryptShare(privateKey, ciphertext, other, instead), instead)
  }
})

t.test('what can not be decrypted, or has another length, is as good as random bytes', async (t) => {
  t.equal(decryptShare(privateKey, randomBytes(256), suite1, instead), instead)
  t.equal(decryptShare(privateKey, Buffer.alloc(256), suite1, instead), instead)
  t.equal(decryptShare(privateKey, Buffer.alloc(256, 0xff), suite1, instead), instead, 'larger than the modulus')
  const labelled = { key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  t.equal(
    decryptShare(privateKey, publicEncrypt({ ...labelled, oaepLabel: Buffer.of(1) }, share), suite1, instead),
    instead,
  )
  for (const length of [0, 31, 33, 64]) {
    t.equal(decryptShare(privateKey, publicEncrypt(labelled, Buffer.alloc(length)), suite1, instead), instead)
  }
})

t.test('a ciphertext is as long as the modulus', async (t) => {
  const text = encryptShare(publicKey, share, suite1)
  t.equal(readShare(text, privateKey)?.length, 256)
  t.equal(readShare(text, vectorKey('identity').privateKey), undefined)
  for (const value of [`${text}A`, text.slice(1), `${text.slice(0, -1)}=`, '', undefined, 7]) {
    t.equal(readShare(value, privateKey), undefined)
  }
})
