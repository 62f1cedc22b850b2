import t from 'tap'
import { addressingOf } from '../../src/acceptor/addressing.ts'
import { LearnedShape } from '../../src/acceptor/learned-shape.ts'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'
import { frameOf, messageKeysOf } from './fakes.ts'

const envelope = new EnvelopeReader()
const keys = messageKeysOf('ann')

function frame(fields: Record<string, unknown>): { bytes: Buffer; start: number; end: number } {
  const bytes = frameOf({ ToUserId: 'bob', MsgType: 'TextMsgRequest', Content: { Message: 'hello' }, ...fields })
  return { bytes, start: 1, end: bytes.length - 1 }
}

function learn(shape: LearnedShape, from: ReturnType<typeof frame>): void {
  if (envelope.read(from.bytes, from.start, from.end) !== undefined) throw new Error('not an envelope')
  if (!envelope.contentIsPlainMessage()) throw new Error('not a plain message')
  shape.learn(envelope, addressingOf(envelope, from.start, keys), from)
}

function match(shape: LearnedShape, of: ReturnType<typeof frame>): ReturnType<LearnedShape['match']> {
  return shape.match(of, new DataView(of.bytes.buffer, of.bytes.byteOffset, of.bytes.length), keys)
}

t.test('what was learned of one message addresses the next one as reading it would', async (t) => {
  for (const named of [{}, { FromUserId: 'ann' }]) {
    const shape = new LearnedShape()
    t.equal(match(shape, frame(named)), undefined)
    learn(shape, frame({ ...named, CallbackID: '1' }))
    const next = frame({ ...named, ToUserId: 'carol', CallbackID: '22', Content: { Message: 'other' } })
    const learned = match(shape, next)
    envelope.read(next.bytes, next.start, next.end)
    const read = addressingOf(envelope, next.start)
    t.equal(learned?.to.toString('utf8', learned.toStart, learned.toEnd), 'carol')
    t.equal(learned?.callbackId, '22')
    t.equal(learned?.senderAt, read.senderAt)
    t.equal(learned?.senderIsNull, false)
  }
})

t.test('nothing is learned from a message whose sender is null, since its place is no constant', async (t) => {
  const shape = new LearnedShape()
  learn(shape, frame({ FromUserId: null }))
  t.equal(match(shape, frame({ FromUserId: null })), undefined)
})

t.test('a sender without a habit is left alone, and tried again later', async (t) => {
  const shape = new LearnedShape()
  for (let number = 0; number < 100; number++) learn(shape, frame({ [`Own${number}`]: 1 }))
  const steady = frame({ Own: 'steady' })
  learn(shape, steady)
  t.equal(match(shape, steady), undefined, 'it has given up')
  let frames = 0
  while (match(shape, steady) === undefined && frames < 1100) {
    learn(shape, steady)
    frames++
  }
  t.ok(match(shape, steady) !== undefined, `and has begun again after ${frames}`)
})
