import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { signMessage } from '../../src/security/message-signature.ts'
import { rsaSign } from '../../src/security/rsa-signature.ts'
import { SignatureBundleWriter } from '../../src/security/signature-bundle.ts'
import { doSignatureTask } from '../../src/workers/signatures.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = publicJwkOf(privateKey)

t.test('a bundle of messages has a verdict each', async (t) => {
  const fields = { from: 'ann', to: 'bob', clientMsgId: 'i', createTime: 5, msgType: 'T', content: '{}' }
  const { Signature } = signMessage('PS256', privateKey, thumbprintOf(jwk), fields)
  const writer = new SignatureBundleWriter()
  writer.add({ alg: 'PS256', modulus: jwk.n, signature: Signature, ...fields })
  writer.add({ alg: 'PS256', modulus: jwk.n, signature: Signature, ...fields, to: 'cid' })
  t.same([...doSignatureTask({ kind: 'bundle', bytes: writer.take() })], [1, 0])
})

t.test('single texts too', async (t) => {
  const text = Buffer.from('text')
  const signature = rsaSign('PS256', privateKey, text).toString('base64url')
  const item = { modulus: jwk.n, text, signature }
  const items = [
    item,
    { ...item, text: Buffer.from('other') },
    { ...item, signature: 'A' },
    { ...item, signature: '' },
    { ...item, modulus: 'AQAB' },
  ]
  t.same([...doSignatureTask({ kind: 'texts', items })], [1, 0, 0, 0, 0])
})
