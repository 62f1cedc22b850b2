/** That the code and `test/vectors/end-to-end.json` agree, so that the file can be trusted by other languages. */
import { createDecipheriv, randomBytes } from 'node:crypto'
import t from 'tap'
import { openEndToEnd } from '../../src/security/end-to-end.ts'
import type { EndToEndVectors } from '../vectors/end-to-end-vectors.ts'
import { readVectors, vectorKey } from '../vectors/vector-files.ts'

const vectors = readVectors<EndToEndVectors>('end-to-end')

for (const { name, valid, envelope, senderKeys, deviceKey, jws, message, problem } of vectors.cases) {
  t.test(`${valid ? 'opened' : 'refused'}: ${name}`, async (t) => {
    const { privateKey, thumbprint } = vectorKey(deviceKey)
    const { FromUserId, ToUserId, ClientMsgId, CreateTime } = envelope
    const opened = openEndToEnd(
      jws,
      { from: FromUserId, to: ToUserId, id: ClientMsgId, time: CreateTime },
      (key) => senderKeys.map(vectorKey).find((known) => known.thumbprint === key)?.publicKey,
      { thumbprint, key: privateKey },
      randomBytes,
    )
    if (!valid) return t.strictSame(opened, { problem })
    return t.match(opened, { message: { msgType: message?.MsgType, content: message?.Content } })
  })
}

t.test('the parts of the first message are what they are said to be', async (t) => {
  const { jwsHeader, jwe, jweHeader, additionalData, contentKey, plaintext } = vectors.parts
  const [header, payload] = vectors.cases[0]?.jws.split('.') ?? []
  t.equal(Buffer.from(jwsHeader).toString('base64url'), header)
  t.equal(Buffer.from(jwe).toString('base64url'), payload)
  t.equal(Buffer.from(jweHeader).toString('base64url'), additionalData)
  const parts = JSON.parse(jwe) as Record<'iv' | 'ciphertext' | 'tag', string>
  const bytes = (name: 'iv' | 'ciphertext' | 'tag'): Buffer => Buffer.from(parts[name], 'base64url')
  const key = Buffer.from(contentKey, 'hex')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes('iv'), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(additionalData)).setAuthTag(bytes('tag'))
  t.equal(Buffer.concat([decipher.update(bytes('ciphertext')), decipher.final()]).toString(), plaintext)
})
