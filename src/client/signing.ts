/** The field `Sign` of messages: written with the key of this device or of the session, and checked with the sender's. For Node. */
import { importPublicKey } from '../security/jwk.ts'
import {
  type MessageFields,
  readSign,
  signMessage,
  signSessionMessage,
  verifyMessage,
} from '../security/message-signature.ts'
import type { DeviceKey } from './device-key.ts'
import type { Directory } from './directory.ts'
import { ParleyError } from './errors.ts'
import type { IncomingMessage, MessageSignature } from './message.ts'
import type { SealedChannel } from './sealed-channel.ts'

/** How messages are signed: by the key of this device, which receivers can check; or by the session, for the server alone. */
export type SignAlgorithm = 'PS256' | 'HS256'

/** Signs with the key of this device. */
export function signByKey(key: DeviceKey, fields: MessageFields): object {
  return signed(() => signMessage('PS256', key.privateKey, key.thumbprint, fields))
}

/** Signs with the signing key of a sealed session. Serves in that session only. */
export function signBySession(channel: SealedChannel, fields: MessageFields): object {
  const time = Math.floor(Date.now() / 1000)
  return signed(() => signSessionMessage(channel.signingKey, fields, time, globalThis.crypto.randomUUID()))
}

/**
 * Checks the signature of a message with the sender's enrolled keys.
 *
 * @param self the user who got it
 */
export async function checkSignature(
  message: IncomingMessage,
  self: string,
  directory: Directory,
): Promise<MessageSignature> {
  const { from, envelope, type } = message
  if (envelope.Sign === undefined) return { kind: 'none' }
  const sign = readSign(envelope.Sign)
  if (sign === undefined) return invalid('it has no form that is known')
  if (sign.Alg !== 'PS256' && sign.Alg !== 'RS256') return invalid(`${sign.Alg} is for the server alone`)
  const to = envelope.ToUserId ?? ''
  // What was signed for the server, or for somebody else, must not be shown to us as ours.
  if (to !== self && !(to === '' && type === 'BroadcastRequest')) return invalid('it is for somebody else')
  const key = (await directory.log(from)).keys.get(sign.Key) ?? (await directory.log(from, 'fresh')).keys.get(sign.Key)
  if (key === undefined) return invalid('its key is not enrolled for the sender')
  const { ClientMsgId: clientMsgId, CreateTime: createTime, Content: content = '' } = envelope
  const fields = { from, to, clientMsgId, createTime, msgType: type, content }
  if (!verifyMessage(sign, importPublicKey(key.key), fields)) return invalid('it is not over this message')
  return { kind: 'valid', thumbprint: key.thumbprint, deviceId: key.deviceId }
}

function invalid(reason: string): MessageSignature {
  return { kind: 'invalid', reason }
}

function signed(sign: () => object): object {
  try {
    return sign()
  } catch (cause) {
    throw new ParleyError('bad_argument', {
      message: 'The message can’t be signed: log in first, and send whole text.',
      cause,
    })
  }
}
