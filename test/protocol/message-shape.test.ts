import fc from 'fast-check'
import t from 'tap'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'
import type { MessageShape } from '../../src/protocol/message-shape.ts'

function body(fields: Record<string, unknown>, message: string): Buffer {
  return Buffer.from(JSON.stringify({ ...fields, Content: JSON.stringify({ Message: message }) }))
}

const fields = { ToUserId: 'bob', FromUserId: 'alice', MsgType: 'TextMsgRequest', CreateTime: 1700000000 }
const withIds = { ...fields, CallbackID: 'c1', ClientMsgId: 'm1' }

/** The shape of a message, as the acceptor learns it. */
function shapeOf(bytes: Buffer): MessageShape | undefined {
  const reader = new EnvelopeReader()
  if (reader.read(bytes, 0, bytes.length) !== undefined || !reader.contentIsPlainMessage()) return undefined
  return reader.shape(0, bytes.length)
}

function matches(shape: MessageShape | undefined, bytes: Buffer, start = 0, end = bytes.length): boolean {
  return shape?.match(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start, end) ?? false
}

t.test('another text of any length has the same shape', async (t) => {
  const shape = shapeOf(body(fields, 'first'))
  for (let length = 0; length < 70; length++)
    t.ok(matches(shape, body(fields, 'y'.repeat(length))), `${length} characters`)
  t.ok(matches(shape, body(fields, 'Grüße, 世界 🌍')))
  t.ok(matches(shapeOf(body(fields, '')), body(fields, 'more')), 'learned from an empty text')
})

t.test('receiver, time and ids are found', async (t) => {
  const shape = shapeOf(body(withIds, 'first'))
  const other = body({ ...withIds, ToUserId: 'caroline', CreateTime: 5, CallbackID: 'c22', ClientMsgId: '' }, 'x')
  t.ok(matches(shape, other))
  t.equal(other.toString('utf8', shape?.toStart, shape?.toEnd), 'caroline')
  t.equal(other.toString('utf8', shape?.callbackStart, shape?.callbackEnd), 'c22')
  t.ok(matches(shape, body({ ...withIds, CallbackID: '' }, 'x')))
  t.equal(shape?.callbackStart, shape?.callbackEnd, 'an empty CallbackID asks for no answer')
})

t.test('values at their limits are taken, and beyond them are not', async (t) => {
  const shape = shapeOf(body(withIds, 'x'))
  const cases: readonly (readonly [Record<string, unknown>, boolean])[] = [
    [{ ToUserId: 'x'.repeat(64) }, true],
    [{ ToUserId: 'x'.repeat(65) }, false],
    [{ ToUserId: '' }, false],
    [{ ToUserId: 'a b' }, false],
    [{ ToUserId: 'a\u007fb' }, false],
    [{ ToUserId: '世' }, false],
    [{ CallbackID: 'x'.repeat(128) }, true],
    [{ CallbackID: 'x'.repeat(129) }, false],
    [{ ClientMsgId: 'x'.repeat(128) }, true],
    [{ ClientMsgId: 'x'.repeat(129) }, false],
    [{ CreateTime: 0 }, true],
    [{ CreateTime: 999_999_999_999_999 }, true],
    [{ CreateTime: 1_000_000_000_000_000 }, false],
    [{ CreateTime: -1 }, false],
    [{ CreateTime: 1.5 }, false],
    [{ CreateTime: null }, false],
  ]
  for (const [changed, expected] of cases)
    t.equal(matches(shape, body({ ...withIds, ...changed }, 'x')), expected, JSON.stringify(changed))
  t.notOk(
    matches(shape, Buffer.from(body(withIds, 'x').toString().replace('1700000000', '01700000'))),
    'a leading zero',
  )
})

t.test('any other difference is no match', async (t) => {
  const shape = shapeOf(body(fields, 'hello'))
  t.notOk(matches(shape, body({ ...fields, FromUserId: 'eve' }, 'hello')))
  t.notOk(matches(shape, body({ ...fields, MsgType: 'TextMsgRequesT' }, 'hello')))
  t.notOk(matches(shape, body({ ...fields, CallbackID: '1' }, 'hello')))
  t.notOk(matches(shape, Buffer.from(`${body(fields, 'hello')} `)))
  t.notOk(matches(shape, body(fields, 'hello').subarray(0, -1)))
  t.notOk(matches(shape, Buffer.alloc(0)))
})

t.test('a text with a quote, a backslash or a control character anywhere is read in full', async (t) => {
  const shape = shapeOf(body(fields, 'x'.repeat(40)))
  const plain = body(fields, 'x'.repeat(40))
  const first = plain.indexOf('xxxx')
  for (let at = first; at < first + 40; at++) {
    for (const byte of [0x00, 0x03, 0x0a, 0x1f, 0x22, 0x5c]) {
      const changed = Buffer.from(plain)
      changed[at] = byte
      t.notOk(matches(shape, changed), `${byte} at ${at}`)
    }
    for (const byte of [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0xe4]) {
      const changed = Buffer.from(plain)
      changed[at] = byte
      t.ok(matches(shape, changed), `${byte} at ${at}`)
    }
  }
})

t.test('a message with escapes in a value has no shape', async (t) => {
  t.equal(shapeOf(body(fields, 'a "quote"')), undefined)
  t.equal(shapeOf(body(fields, 'a\nline')), undefined)
  t.equal(shapeOf(body({ ...fields, ToUserId: 'a\\b' }, 'x')), undefined)
  t.equal(shapeOf(body({ ...withIds, CallbackID: '"' }, 'x')), undefined)
})

t.test('whatever has the shape reads as the reader reads it (fuzzed against the reader and JSON.parse)', async (t) => {
  const reader = new EnvelopeReader()
  const texts = fc.string({ unit: 'grapheme', maxLength: 40 })
  const names = fc.string({ minLength: 1, maxLength: 70 })
  const message = fc.record({ text: texts, to: names, time: fc.nat(), callback: texts, id: texts })
  const write = (m: { text: string; to: string; time: number; callback: string; id: string }): Buffer =>
    body({ ...withIds, ToUserId: m.to, CreateTime: m.time, CallbackID: m.callback, ClientMsgId: m.id }, m.text)
  let matched = 0
  fc.assert(
    fc.property(message, fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 3 }), fc.nat(8), (m, edits, pad) => {
      const shape = shapeOf(body(withIds, 'learned'))
      const inner = write(m)
      for (const [at, byte] of edits) inner[at % inner.length] = byte
      // Not at the beginning of the memory: alignment must not matter.
      const bytes = Buffer.concat([Buffer.alloc(pad), inner, Buffer.alloc(3)])
      if (!matches(shape, bytes, pad, pad + inner.length) || shape === undefined) return true
      // Bytes that are no UTF-8 never get here in the server.
      if (!Buffer.from(inner.toString('utf8')).equals(inner)) return true
      matched++
      const parsed = JSON.parse(inner.toString('utf8')) as Record<string, unknown>
      const content = JSON.parse(String(parsed['Content'])) as Record<string, unknown>
      return (
        reader.read(bytes, pad, pad + inner.length) === undefined &&
        reader.to() === bytes.toString('utf8', shape.toStart, shape.toEnd) &&
        (reader.callbackId() ?? '') === bytes.toString('utf8', shape.callbackStart, shape.callbackEnd) &&
        reader.from() === 'alice' &&
        reader.type() === 'TextMsgRequest' &&
        Object.keys(parsed).join() === [...Object.keys(withIds), 'Content'].join() &&
        Object.keys(content).join() === 'Message' &&
        typeof content['Message'] === 'string'
      )
    }),
    { numRuns: 10_000 },
  )
  t.ok(matched > 1000, `${matched} of 10,000 had the shape`)
})
