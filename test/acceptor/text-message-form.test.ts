import t from 'tap'
import { TextMessageForm } from '../../src/acceptor/text-message-form.ts'
import type { FormSink } from '../../src/acceptor/wire-form.ts'

const others = { start: 0x1e, end: 0x1f }

function sink(): { into: FormSink; got: string[] } {
  const got: string[] = []
  const into: FormSink = {
    frame: (bytes, start, end) => got.push(bytes.toString('latin1', start - 1, end + 1)) > 0,
    noise: () => got.push('noise'),
    truncated: () => got.push('truncated'),
    tooLarge: () => got.push('tooLarge'),
  }
  return { into, got }
}

t.test('with the same delimiters nothing is touched', async (t) => {
  const form = new TextMessageForm({ delimiters: { start: 0x02, end: 0x03 }, bodyBytesMax: 10 })
  const frames = Buffer.from('\u0002a\u0003\u0002b\u0003')
  const { into, got } = sink()
  t.equal(form.read(frames, into), frames.length)
  t.same(got, ['\u0002a\u0003', '\u0002b\u0003'])
  t.equal(form.encode(frames), frames)
})

t.test("with others frames get the server's own, and back", async (t) => {
  const form = new TextMessageForm({ delimiters: others, bodyBytesMax: 10 })
  const { into, got } = sink()
  form.read(Buffer.from('\u0002a\u0003x\u0002b\u0002c\u0003\u0002ddddddddddd\u0003\u0002'), into)
  t.same(got, ['\u001ea\u001f', 'noise', 'truncated', '\u001ec\u001f', 'tooLarge'])
  t.ok(form.isInFrame())
  t.same(form.encode(Buffer.from('\u001ea\u001f\u001eb\u001f')), Buffer.from('\u0002a\u0003\u0002b\u0003'))
  t.equal(form.cut(Buffer.from('\u0002a\u0003\u0002b\u0003'), 0, 5), 3)
  form.bodyBytesMax = 20
  t.equal(form.bodyBytesMax, 20)
})

t.test("a body with the server's own delimiters inside is no message", async (t) => {
  const form = new TextMessageForm({ delimiters: others, bodyBytesMax: 10 })
  const { into, got } = sink()
  form.read(Buffer.from('\u0002a\u001fb\u0003'), into)
  t.same(got, ['\u001e\u0080\u001f'])
})
