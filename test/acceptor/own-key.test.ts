import t from 'tap'
import { keyOfEnvelope, keyOfShape } from '../../src/acceptor/own-key.ts'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'
import { frameOf, messageKeysOf } from './fakes.ts'

const keys = messageKeysOf('ann')

function read(fields: Record<string, unknown>): { envelope: EnvelopeReader; bytes: Buffer } {
  const bytes = frameOf({ ToUserId: 'bob', MsgType: 'TextMsgRequest', Content: { Message: 'hello' }, ...fields })
  const envelope = new EnvelopeReader()
  t.equal(envelope.read(bytes, 1, bytes.length - 1), undefined)
  envelope.contentIsPlainMessage()
  return { envelope, bytes }
}

function hex(key: Buffer | undefined): string | undefined {
  return key?.toString('hex')
}

t.test('the learned shape makes the key that a full reading makes', async (t) => {
  const { envelope, bytes } = read({ ClientMsgId: 'm1', CallbackID: 'c' })
  const shape = envelope.shape(1, bytes.length - 1)
  if (shape === undefined) return t.fail('no shape')
  for (const fields of [
    { ClientMsgId: 'm2' },
    { ClientMsgId: 'm2', Content: { Message: 'other' } },
    { ClientMsgId: 'm2', ToUserId: 'cid' },
  ]) {
    const next = read({ CallbackID: 'd', ...fields })
    const view = new DataView(next.bytes.buffer, next.bytes.byteOffset, next.bytes.length)
    const full = read({ CallbackID: 'd', ...fields })
    // The order of members decides on the shape.
    if (!shape.match(next.bytes, view, 1, next.bytes.length - 1)) continue
    t.equal(hex(keyOfShape(keys, shape, next.bytes)), hex(keyOfEnvelope(keys, full.envelope)))
  }
  return t.end()
})

t.test('a message without an id has no key', async (t) => {
  t.equal(keyOfEnvelope(keys, read({}).envelope), undefined)
  t.equal(keyOfEnvelope(keys, read({ ClientMsgId: '' }).envelope), undefined)
  t.equal(keyOfEnvelope(keys, read({ ClientMsgId: 'x', MsgType: 'Own' }).envelope)?.length, 16)
})
