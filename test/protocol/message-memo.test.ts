import fc from 'fast-check'
import t from 'tap'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'
import { MessageMemo } from '../../src/protocol/message-memo.ts'

function body(fields: Record<string, unknown>, message: string): Buffer {
  return Buffer.from(JSON.stringify({ ...fields, Content: JSON.stringify({ Message: message }) }))
}

const fields = { ToUserId: 'bob', FromUserId: 'alice', MsgType: 'TextMsgRequest', CreateTime: 1700000000 }

/** A memo of a message, as the acceptor makes it. */
function memoOf(bytes: Buffer, start = 0, end = bytes.length): MessageMemo | undefined {
  const reader = new EnvelopeReader()
  if (reader.read(bytes, start, end) !== undefined || !reader.contentIsPlainMessage()) return undefined
  const text = reader.plainText()
  return text === undefined ? undefined : new MessageMemo(bytes, start, end, text)
}

function matches(memo: MessageMemo | undefined, bytes: Buffer, start = 0, end = bytes.length): boolean {
  return memo?.matches(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), start, end) ?? false
}

t.test('another text of any length is recognised', async (t) => {
  const memo = memoOf(body(fields, 'first'))
  for (let length = 0; length < 70; length++)
    t.ok(matches(memo, body(fields, 'y'.repeat(length))), `${length} characters`)
  t.ok(matches(memo, body(fields, 'Grüße, 世界 🌍')))
})

t.test('the empty text can be remembered', async (t) => {
  t.ok(matches(memoOf(body(fields, '')), body(fields, 'more')))
})

t.test('any other difference is not', async (t) => {
  const memo = memoOf(body(fields, 'hello'))
  t.notOk(matches(memo, body({ ...fields, ToUserId: 'eve' }, 'hello')))
  t.notOk(matches(memo, body({ ...fields, FromUserId: 'eve' }, 'hello')))
  t.notOk(matches(memo, body({ ...fields, CreateTime: 1700000001 }, 'hello')))
  t.notOk(matches(memo, body({ ...fields, CallbackID: '1' }, 'hello')))
  t.notOk(matches(memo, Buffer.from(`${body(fields, 'hello')} `)))
  t.notOk(matches(memo, Buffer.alloc(0)))
})

t.test('a text with a quote, a backslash or a control character anywhere is read in full', async (t) => {
  const memo = memoOf(body(fields, 'x'.repeat(40)))
  const plain = body(fields, 'x'.repeat(40))
  const first = plain.indexOf('xxxx')
  for (let at = first; at < first + 40; at++) {
    for (const byte of [0x00, 0x03, 0x0a, 0x1f, 0x22, 0x5c]) {
      const changed = Buffer.from(plain)
      changed[at] = byte
      t.notOk(matches(memo, changed), `${byte} at ${at}`)
    }
    for (const byte of [0x20, 0x21, 0x23, 0x5b, 0x5d, 0x7f, 0xe4]) {
      const changed = Buffer.from(plain)
      changed[at] = byte
      t.ok(matches(memo, changed), `${byte} at ${at}`)
    }
  }
})

t.test('a message with escapes in its text is not remembered', async (t) => {
  t.equal(memoOf(body(fields, 'a "quote"')), undefined)
  t.equal(memoOf(body(fields, 'a\nline')), undefined)
})

t.test(
  'whatever is recognised reads as the remembered one with another text (fuzzed against JSON.parse)',
  async (t) => {
    const reader = new EnvelopeReader()
    const texts = fc.string({ unit: 'grapheme', maxLength: 40 })
    fc.assert(
      fc.property(
        texts,
        texts,
        fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 3 }),
        fc.nat(8),
        (a, b, edits, pad) => {
          const memo = memoOf(body(fields, a))
          const inner = body(fields, b)
          for (const [at, byte] of edits) inner[at % inner.length] = byte
          // Not at the beginning of the memory: alignment must not matter.
          const bytes = Buffer.concat([Buffer.alloc(pad), inner, Buffer.alloc(3)])
          if (!matches(memo, bytes, pad, pad + inner.length)) return true
          // Bytes that are no UTF-8 never get here in the server.
          if (!Buffer.from(inner.toString('utf8')).equals(inner)) return true
          const parsed = JSON.parse(inner.toString('utf8')) as Record<string, unknown>
          const content = JSON.parse(String(parsed['Content'])) as Record<string, unknown>
          return (
            reader.read(bytes, pad, pad + inner.length) === undefined &&
            parsed['ToUserId'] === 'bob' &&
            parsed['FromUserId'] === 'alice' &&
            Object.keys(parsed).join() === 'ToUserId,FromUserId,MsgType,CreateTime,Content' &&
            Object.keys(content).join() === 'Message' &&
            typeof content['Message'] === 'string'
          )
        },
      ),
      { numRuns: 5000 },
    )
    t.pass('for all texts and edits')
  },
)
