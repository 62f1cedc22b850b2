/**
 * Messages that are signed before they are sent: each needs an id and a time of its own, and a signature by a key takes longer than
 * everything that a server does with the message. They lie one behind the other, so that to send some of them is to cut a piece.
 */
import { constants, type KeyObject, randomBytes, sign } from 'node:crypto'
import { promisify } from 'node:util'
import type { ClientKey } from '../../src/security/client-handshake.ts'
import { messageText, signSessionMessage } from '../../src/security/message-signature.ts'
import type { Secret } from '../../src/security/secret.ts'
import { type FrameSource, findMark, type MessageShape, type Route, sequenceAt, writeSequence } from './frame.ts'
import { markedText } from './wires/text.ts'

/** Who signs: a key that is enrolled for the sender, or the sender's sealed session. */
export type Signer =
  | { readonly alg: 'PS256'; readonly key: ClientKey }
  | { readonly alg: 'HS256'; readonly signingKey: Secret }

const signAsync = promisify(sign)
/** Signatures under way at a time: enough for the threads of libuv. */
const atOnce = 16
const idDigits = 10
/** Of a SHA-256 as salt, as the protocol has it. */
const saltLength = 32

/** Signed messages of one sender. */
export class SignedFrames implements FrameSource {
  readonly capacity: number
  /** How many there are. */
  readonly count: number
  readonly #bytes: Buffer
  readonly #frameBytes: number

  private constructor(bytes: Buffer, count: number, capacity: number) {
    this.#bytes = bytes
    this.count = count
    this.#frameBytes = bytes.length / count
    this.capacity = capacity
  }

  /** Signs `count` messages, numbered from 0. `capacity` is the most that is sent in one write. */
  static async make(
    route: Route,
    shape: MessageShape,
    options: { readonly signer: Signer; readonly count: number; readonly capacity: number },
  ): Promise<SignedFrames> {
    const { signer, count, capacity } = options
    const writer = new Writer(route, shape, signer)
    const first = await writer.write(0)
    const bytes = Buffer.allocUnsafe(first.length * count)
    first.copy(bytes)
    let next = 1
    const lane = async (): Promise<void> => {
      for (let number = next++; number < count; number = next++) {
        const frame = await writer.write(number)
        if (frame.length !== first.length) throw new Error('signed messages must have one length')
        frame.copy(bytes, number * first.length)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    return new SignedFrames(bytes, count, capacity)
  }

  number(first: number, count: number): Buffer {
    return this.#bytes.subarray(first * this.#frameBytes, (first + count) * this.#frameBytes)
  }
}

class Writer {
  readonly #route: Route
  readonly #signer: Signer
  /** The same in all messages of a run, and in no other run. */
  readonly #prefix = randomBytes(6).toString('hex')
  readonly #text: Buffer
  readonly #numberAt: number

  constructor(route: Route, shape: MessageShape, signer: Signer) {
    this.#route = route
    this.#signer = signer
    this.#text = Buffer.from(markedText(route, shape))
    this.#numberAt = sequenceAt(findMark(this.#text, 0, this.#text.length))
  }

  async write(number: number): Promise<Buffer> {
    const { fromUserId, toUserId } = this.#route
    writeSequence(this.#text, this.#numberAt, number)
    const content = JSON.stringify({ Message: this.#text.toString() })
    const clientMsgId = `${this.#prefix}${String(number).padStart(idDigits, '0')}`
    const createTime = Math.floor(Date.now() / 1000)
    const msgType = 'TextMsgRequest'
    const fields = { from: fromUserId, to: toUserId, clientMsgId, createTime, msgType, content }
    const signature =
      this.#signer.alg === 'PS256'
        ? await signByKey(this.#signer.key, messageText(fields, this.#signer.key.thumbprint))
        : signSessionMessage(this.#signer.signingKey, fields, createTime, clientMsgId)
    const body = JSON.stringify({
      ToUserId: toUserId,
      FromUserId: fromUserId,
      MsgType: msgType,
      CreateTime: createTime,
      ClientMsgId: clientMsgId,
      Content: content,
      Sign: signature,
    })
    return Buffer.from(`\x02${body}\x03`)
  }
}

/** In a thread of libuv, so that all cores sign. */
async function signByKey({ privateKey, thumbprint }: ClientKey, text: Buffer | undefined): Promise<object> {
  if (text === undefined) throw new Error('the message can not be signed')
  const signature = await signAsync('sha256', text, pssOf(privateKey))
  return { Alg: 'PS256', Key: thumbprint, Signature: signature.toString('base64url') }
}

function pssOf(key: KeyObject): Parameters<typeof sign>[2] {
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
}
