/** That the code and `test/vectors/signatures.json` agree, so that the file can be trusted by other languages. */
import { createHash } from 'node:crypto'
import t from 'tap'
import {
  type MessageFields,
  messageText,
  readSign,
  signMessage,
  signSessionMessage,
  verifyMessage,
  verifySessionMessage,
} from '../../src/security/message-signature.ts'
import { Secret } from '../../src/security/secret.ts'
import { SenderKeyCache, SignatureBundleWriter, verifyBundle } from '../../src/security/signature-bundle.ts'
import { readWeChatToken, signWeChat, verifyWeChat } from '../../src/security/wechat.ts'
import type { SignatureVectors, WireFields } from '../vectors/signature-vectors.ts'
import { readVectors, vectorKey } from '../vectors/vector-files.ts'

const vectors = readVectors<SignatureVectors>('signatures')

function fieldsOf(wire: WireFields): MessageFields {
  return {
    from: wire.FromUserId,
    to: wire.ToUserId,
    clientMsgId: wire.ClientMsgId,
    createTime: wire.CreateTime,
    msgType: wire.MsgType,
    content: wire.Content,
  }
}

t.test('signatures by a key', async (t) => {
  t.ok(vectors.keySignatures.length > 20)
  for (const { name, valid, key, fields, contentSha256, text, sign } of vectors.keySignatures) {
    const { publicKey, privateKey, thumbprint, jwk } = vectorKey(key)
    const label = `${sign.Alg}: ${name}`
    const message = fieldsOf(fields)
    const { clientMsgId = '', createTime = 0 } = message
    t.equal(thumbprint, vectors.thumbprints[key])
    t.equal(createHash('sha256').update(fields.Content).digest('hex'), contentSha256, label)
    t.equal(messageText(message, sign.Key)?.toString('hex'), text, label)
    const isRead = readSign(sign) !== undefined
    t.equal(isRead && verifyMessage(sign, publicKey, message), valid, label)
    const writer = new SignatureBundleWriter()
    const alg = sign.Alg
    writer.add({ ...message, clientMsgId, createTime, alg, modulus: jwk.n, signature: sign.Signature })
    t.strictSame([...verifyBundle(writer.take(), new SenderKeyCache())], [valid ? 1 : 0], `${label}, in a bundle`)
    if (valid && alg === 'RS256') t.strictSame(signMessage(alg, privateKey, thumbprint, message), sign, label)
  }
})

t.test('signatures by a session', async (t) => {
  t.ok(vectors.sessionSignatures.length > 10)
  for (const { name, valid, signingKey, fields, text, macText, sign } of vectors.sessionSignatures) {
    const key = new Secret(Buffer.from(signingKey, 'hex'))
    const message = fieldsOf(fields)
    const digest = createHash('sha256').update(Buffer.from(text, 'hex')).digest('base64url')
    t.equal(`v2\n${sign.Time}\n${sign.Nonce}\n${digest}`, macText, name)
    t.equal(readSign(sign) !== undefined && verifySessionMessage(sign, key, message), valid, name)
    if (valid) t.strictSame(signSessionMessage(key, message, sign.Time, sign.Nonce), sign, name)
  }
})

t.test("WeChat's signatures", async (t) => {
  for (const { name, valid, token, hashed, sign } of vectors.weChat) {
    const secret = readWeChatToken(token)
    if (secret === undefined) throw new Error('the token is not one')
    t.equal([token, sign.Timestamp, sign.Nonce].sort().join(''), hashed, name)
    t.equal(readSign(sign) !== undefined && verifyWeChat(sign, secret), valid, name)
    if (valid) t.strictSame(signWeChat(secret, Number(sign.Timestamp), sign.Nonce), sign, name)
  }
})
