import fc from 'fast-check'
import t from 'tap'
import { type ByteRange, MessageKeys } from '../../src/acceptor/message-keys.ts'

function range(text: string): ByteRange {
  const bytes = Buffer.from(`<${text}>`)
  return { bytes, start: 1, end: bytes.length - 1 }
}

function keyOf(keys: MessageKeys, id: string, ...parts: string[]): string {
  return keys.make(range(id), parts.map(range)).toString('hex')
}

t.test('a key is the same for the same device, id and content, and other for any other', async (t) => {
  const secret = Buffer.alloc(32, 1)
  const ann = new MessageKeys(secret, 'ann\nphone')
  const key = keyOf(ann, 'm1', 'text', 'bob', 'hello')
  t.equal(keyOf(new MessageKeys(secret, 'ann\nphone'), 'm1', 'text', 'bob', 'hello'), key)
  const idPart = key.slice(0, 24)
  t.equal(keyOf(ann, 'm1', 'text', 'bob', 'hullo').slice(0, 24), idPart)
  t.not(keyOf(ann, 'm1', 'text', 'bob', 'hullo'), key)
  t.not(keyOf(ann, 'm1', 'text', 'bobh', 'ello'), key, 'parts are told apart')
  t.not(keyOf(ann, 'm2', 'text', 'bob', 'hello').slice(0, 24), idPart)
  t.not(keyOf(new MessageKeys(secret, 'ann\ndesk'), 'm1').slice(0, 24), idPart)
  t.not(keyOf(new MessageKeys(Buffer.alloc(32, 2), 'ann\nphone'), 'm1').slice(0, 24), idPart)
})

t.test('ids of any length and spelling have keys of their own', async () => {
  const keys = new MessageKeys(Buffer.alloc(32, 3), 'ann')
  fc.assert(
    fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (one, other) => {
      return (keyOf(keys, one).slice(0, 24) === keyOf(keys, other).slice(0, 24)) === (one === other)
    }),
  )
})
