import { createCipheriv } from 'node:crypto'
import t from 'tap'
import { type RecordCipher, type RecordParameters, recordCipherOf } from '../../src/security/record-ciphers.ts'
import { suite3, suiteOf } from '../../src/security/suites.ts'

const gcm = recordCipherOf(suiteOf(1) ?? suite3)
const cbc = recordCipherOf(suite3)
const key = Buffer.from(Array.from({ length: 64 }, (_, index) => index))

function seal(cipher: RecordCipher, parameters: RecordParameters, type: number, plaintext: Buffer): Buffer {
  const record = Buffer.alloc(1 + cipher.ciphertextLength(plaintext.length) + cipher.tagBytes)
  cipher.seal(parameters, type, plaintext, record)
  return record
}

t.test('A256CBC-HS512: RFC 7518, appendix B.3', async (t) => {
  const plaintext = Buffer.from(
    'A cipher system must not be required to be secret, and it must be able to fall into the hands of the enemy without inconvenience',
  )
  const iv = Buffer.from('1af38c2dc2b96ffdd86694092341bc04', 'hex')
  const aad = Buffer.from('The second principle of Auguste Kerckhoffs')
  const ciphertext =
    '4affaaadb78c31c5da4b1b590d10ffbd3dd8d5d302423526912da037ecbcc7bd822c301dd67c373bccb584ad3e9279c2e6d12a1374b77f077553df829410446b36ebd97066296ae6427ea75c2e0846a11a09ccf5370dc80bfecbad28c73f09b3a3b75e662a2594410ae496b2e2e6609e31e6e02cc837f053d21f37ff4f51950bbe2638d09dd7a4930930806d0703b1f6'
  const tag = '4dd3b4c088a7f45c216839645b2012bf2e6269a8c56a816dbc1b267761955bc5'
  const record = seal(cbc, { key, imported: undefined, iv, aad }, 4, plaintext)
  t.equal(record.toString('hex'), `04${ciphertext}${tag}`)
  t.strictSame(cbc.open({ key, imported: undefined, iv, aad }, record), plaintext)
})

t.test('A256GCM is that of node:crypto, with the whole tag', async (t) => {
  const iv = Buffer.alloc(12, 5)
  const aad = Buffer.from('aad')
  const cipher = createCipheriv('aes-256-gcm', key.subarray(0, 32), iv, { authTagLength: 16 })
  cipher.setAAD(aad)
  const expected = Buffer.concat([Buffer.of(4), cipher.update('hello'), cipher.final(), cipher.getAuthTag()])
  t.strictSame(seal(gcm, { key, imported: undefined, iv, aad }, 4, Buffer.from('hello')), expected)
})

t.test('the nonce of GCM is the IV key and the counter, that of CBC an HMAC', async (t) => {
  const ivKey = Buffer.alloc(32, 0xf0)
  const counter = Buffer.from('0102030405060708', 'hex')
  const nonce = Buffer.alloc(12)
  gcm.writeIv(nonce, ivKey, counter)
  t.equal(nonce.toString('hex'), 'f0f0f0f0f1f2f3f4f5f6f7f8')
  const iv = Buffer.alloc(16)
  cbc.writeIv(iv, ivKey, counter)
  t.equal(iv.toString('hex'), '424c747526d1da012978abfc9213efc5')
})

t.test('lengths are those of the ciphertext', async (t) => {
  for (const cipher of [gcm, cbc]) {
    const iv = Buffer.alloc(cipher.ivBytes)
    for (const length of [0, 1, 15, 16, 17, 1000]) {
      const parameters = { key, imported: undefined, iv, aad: Buffer.alloc(15) }
      const record = seal(cipher, parameters, 4, Buffer.alloc(length, 7))
      t.equal(record.length, 1 + cipher.ciphertextLength(length) + cipher.tagBytes)
      t.strictSame(cipher.open(parameters, record), Buffer.alloc(length, 7))
      const imported = { ...parameters, imported: cipher.importKey(key) }
      t.strictSame(seal(cipher, imported, 4, Buffer.alloc(length, 7)), record, 'an imported key is the same key')
      const into = Buffer.alloc(length + 1)
      const opened = cipher.open(imported, record, into)
      t.strictSame(opened, Buffer.alloc(length, 7))
      t.equal(opened?.buffer, into.buffer)
      if (length > 0) t.not(cipher.open(imported, record, into.subarray(2))?.buffer, into.buffer, 'there is no room')
    }
  }
})

t.test(
  'CBC with a right tag over wrong padding, or over part of a block, does not open and does not throw',
  async (t) => {
    const iv = Buffer.alloc(16)
    const aad = Buffer.alloc(15)
    const record = seal(cbc, { key, imported: undefined, iv, aad }, 4, Buffer.alloc(20))
    t.equal(
      cbc.open({ key, imported: undefined, iv, aad }, Buffer.concat([record.subarray(0, 10), record.subarray(-32)])),
      undefined,
    )
    t.equal(
      cbc.open({ key, imported: undefined, iv, aad }, Buffer.concat([record.subarray(0, 1), record.subarray(-32)])),
      undefined,
    )
  },
)
