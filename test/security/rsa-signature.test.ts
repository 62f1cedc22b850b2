import { constants, sign } from 'node:crypto'
import t from 'tap'
import { rsaSign, rsaVerify } from '../../src/security/rsa-signature.ts'
import { vectorKey } from '../vectors/vector-files.ts'

const { privateKey, publicKey } = vectorKey('alice')
const text = Buffer.from('what is signed')

t.test('a signature is for its key, its text and its algorithm', async (t) => {
  for (const [name, other] of [
    ['PS256', 'RS256'],
    ['RS256', 'PS256'],
  ] as const) {
    const signature = rsaSign(name, privateKey, text)
    t.ok(rsaVerify(name, publicKey, text, signature))
    t.notOk(rsaVerify(other, publicKey, text, signature))
    t.notOk(rsaVerify(name, vectorKey('bob').publicKey, text, signature))
    t.notOk(rsaVerify(name, publicKey, Buffer.from('what is Signed'), signature))
  }
})

t.test('a salt of another length than 32 bytes is refused', async (t) => {
  for (const saltLength of [0, 20, 31, 33, constants.RSA_PSS_SALTLEN_MAX_SIGN]) {
    const signature = sign('sha256', text, { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength })
    t.notOk(rsaVerify('PS256', publicKey, text, signature), `${saltLength}`)
  }
})

t.test('a signature of another length is refused without an exception', async (t) => {
  const signature = rsaSign('PS256', privateKey, text)
  const others = [
    Buffer.alloc(0),
    signature.subarray(1),
    Buffer.concat([Buffer.of(0), signature]),
    Buffer.alloc(256, 0xff),
  ]
  for (const other of others) t.notOk(rsaVerify('PS256', publicKey, text, other))
})
