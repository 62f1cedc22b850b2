import { createPublicKey, randomBytes } from 'node:crypto'
import t from 'tap'
import { findMark, readSequence } from '../../../bench/generator/frame.ts'
import { generatorKey } from '../../../bench/generator/sealing.ts'
import { SignedFrames, type Signer } from '../../../bench/generator/signed-frames.ts'
import {
  type MessageFields,
  readSign,
  verifyMessage,
  verifySessionMessage,
} from '../../../src/security/message-signature.ts'
import { Secret } from '../../../src/security/secret.ts'
import { route, shape } from './wires/check-wire.ts'

const signingKey = new Secret(randomBytes(32))

interface Envelope {
  readonly ClientMsgId: string
  readonly CreateTime: number
  readonly MsgType: string
  readonly Content: string
  readonly Sign: unknown
}

function isGood(frame: Buffer): boolean {
  const envelope = JSON.parse(frame.toString('utf8', 1, frame.length - 1)) as Envelope
  const fields: MessageFields = {
    from: route.fromUserId,
    to: route.toUserId,
    clientMsgId: envelope.ClientMsgId,
    createTime: envelope.CreateTime,
    msgType: envelope.MsgType,
    content: envelope.Content,
  }
  const sign = readSign(envelope.Sign)
  if (sign?.Alg === 'PS256') return verifyMessage(sign, createPublicKey(generatorKey().privateKey), fields)
  return sign?.Alg === 'HS256' && verifySessionMessage(sign, signingKey, fields)
}

for (const signer of [
  { alg: 'PS256', key: generatorKey() },
  { alg: 'HS256', signingKey },
] satisfies Signer[]) {
  t.test(`messages by ${signer.alg} are signed, numbered and never the same`, async (t) => {
    const frames = await SignedFrames.make(route, shape, { signer, count: 12, capacity: 4 })
    t.match(frames, { count: 12, capacity: 4 })
    const ids = new Set<string>()
    const length = frames.number(0, 1).length
    for (let number = 0; number < 12; number++) {
      const frame = frames.number(number, 1)
      t.equal(frame.length, length)
      t.equal(readSequence(frame, findMark(frame, 0, frame.length)), number)
      t.ok(isGood(frame))
      ids.add(/"ClientMsgId":"(\w+)"/.exec(frame.toString())?.[1] ?? '')
    }
    t.equal(ids.size, 12)
    t.equal(frames.number(4, 4).length, 4 * length)
  })
}
