/**
 * Messages from end to end, made by a second implementation with every part open to change: what the first one would never
 * make. All are from bob's key to alice's two, about the same address.
 */
import { constants, createCipheriv, type KeyObject, publicEncrypt, randomBytes, sign } from 'node:crypto'
import { type VectorKey, vectorKey } from '../vectors/vector-files.ts'

const sender = vectorKey('bob')

/** What every good message has inside. */
export const message = { msgType: 'TextMsgRequest', content: '{"Message":"你好"}' }

/** A JSON object, open to change. */
export type Json = Record<string, unknown>

/** A message before it is sealed. */
export interface Draft {
  jwsHeader: Json
  jweHeader: Json
  jwe: Json
  contentKey: Buffer
  plaintext: Buffer | string
}

/** The receiver's keys in the order of their thumbprints. */
export const sortedKeys = ['alice', 'aliceTablet']
  .map(vectorKey)
  .sort((one, other) => (one.thumbprint < other.thumbprint ? -1 : 1))

/** Base64url of bytes, or of the JSON text of anything else. */
export function b64u(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('base64url') : Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** A draft of a good message. `edit` may change anything before it is sealed, `late` what stands in the JWE then. */
export function forge(
  edit: (draft: Draft, parley: Json) => void = () => {},
  options: { signer?: VectorKey; late?: (jwe: Json) => void; jweText?: (text: string) => string } = {},
): string {
  const parley = {
    From: 'bob',
    To: 'alice',
    Id: 'm-1',
    Time: 1_700_000_000,
    SenderKey: sender.thumbprint,
    RecipientKeys: sortedKeys.map(({ thumbprint }) => thumbprint),
  }
  const contentKey = randomBytes(32)
  const draft: Draft = {
    jwsHeader: { alg: 'PS256', kid: sender.thumbprint, typ: 'parley-e2e+jws', parley: { ...parley } },
    jweHeader: { enc: 'A256GCM', typ: 'parley-e2e', parley: { ...parley } },
    jwe: {
      recipients: sortedKeys.map(({ thumbprint, publicKey }) => ({
        header: { alg: 'RSA-OAEP-256', kid: thumbprint },
        encrypted_key: oaep(publicKey, contentKey).toString('base64url'),
      })),
    },
    contentKey,
    plaintext: JSON.stringify({ MsgType: message.msgType, Content: message.content }),
  }
  edit(draft, draft.jwsHeader['parley'] as Json)
  const protectedHeader = b64u(draft.jweHeader)
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', draft.contentKey, iv, { authTagLength: 16 })
  cipher.setAAD(Buffer.from(protectedHeader))
  const ciphertext = Buffer.concat([cipher.update(draft.plaintext), cipher.final()])
  const jwe: Json = { protected: protectedHeader, ...draft.jwe, iv: b64u(iv), ciphertext: b64u(ciphertext) }
  jwe['tag'] = b64u(cipher.getAuthTag())
  options.late?.(jwe)
  const jweText = options.jweText?.(JSON.stringify(jwe)) ?? JSON.stringify(jwe)
  return signed(`${b64u(draft.jwsHeader)}.${b64u(Buffer.from(jweText))}`, options.signer ?? sender)
}

/** A text with the PS256 signature of a key: the end of a JWS. */
export function signed(text: string, { privateKey }: VectorKey): string {
  const padding = constants.RSA_PKCS1_PSS_PADDING
  return `${text}.${b64u(sign('sha256', Buffer.from(text), { key: privateKey, padding, saltLength: 32 }))}`
}

/** RSA-OAEP, with SHA-256 unless told otherwise. */
export function oaep(key: KeyObject, bytes: Buffer, oaepHash = 'sha256'): Buffer {
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, bytes)
}
