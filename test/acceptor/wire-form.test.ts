import t from 'tap'
import { TcpForm } from '../../src/acceptor/wire-form.ts'
import { encodeGb18030 } from '../../src/protocol/charset.ts'
import { compactPrelude, compactToJson, jsonToCompact } from '../../src/protocol/compact.ts'
import { defaultDelimiters } from '../../src/protocol/delimiters.ts'

function read(chunks: Buffer[], charset: 'utf-8' | 'gb18030' = 'utf-8'): { out: string[]; form: TcpForm } {
  const out: string[] = []
  const form = new TcpForm({ delimiters: defaultDelimiters, charset, bodyBytesMax: 1000 })
  const sink = {
    frame: (bytes: Buffer, start: number, end: number) => {
      t.equal(bytes[start - 1], 0x02)
      t.equal(bytes[end], 0x03)
      out.push(bytes.toString('utf8', start, end))
      return true
    },
    noise: (byteCount: number) => {
      out.push(`<${byteCount} noise>`)
    },
    truncated: () => {
      out.push('<truncated>')
    },
    tooLarge: () => {
      out.push('<too large>')
    },
  }
  for (const chunk of chunks) t.equal(form.read(chunk, sink), chunk.length)
  return { out, form }
}

function compact(json: string): Buffer {
  const body = jsonToCompact(json)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

t.test('the prelude announces the compact codec, wherever it is cut', async (t) => {
  const stream = Buffer.concat([compactPrelude, compact('{"MsgType":"A"}'), compact('{"MsgType":"B"}')])
  for (let cut = 0; cut <= stream.length; cut++) {
    const { out, form } = read([stream.subarray(0, cut), stream.subarray(cut)])
    t.same(out, ['{"MsgType":"A"}', '{"MsgType":"B"}'], `cut at ${cut}`)
    const encoded = form.encode(Buffer.from('\x02{"MsgType":"C"}\x03\x02{"MsgType":"D"}\x03'))
    const length = encoded.readUInt32BE(0)
    t.equal(compactToJson(encoded.subarray(4, 4 + length)), '{"MsgType":"C"}')
    t.equal(compactToJson(encoded.subarray(8 + length)), '{"MsgType":"D"}')
  }
})

t.test('what only begins like the prelude is noise before delimited frames', async (t) => {
  t.same(read([Buffer.from('PL\x02{}\x03')]).out, ['<2 noise>', '{}'])
  const { out } = read([Buffer.from('PL'), Buffer.from('\x02{}\x03')])
  t.same(out, ['<2 noise>', '{}'])
})

t.test('a compact body that can not be decoded comes as a byte that is no UTF-8', async (t) => {
  const { out } = read([Buffer.concat([compactPrelude, Buffer.from('00000001c1', 'hex')])])
  t.same(out, ['\ufffd'])
})

t.test('GB18030 goes in and out with a character cut anywhere', async (t) => {
  const body = '{"MsgType":"文本消息€𠀀"}'
  const stream = Buffer.concat([Buffer.of(2), encodeGb18030(body), Buffer.of(3)])
  for (let cut = 0; cut <= stream.length; cut++) {
    const { out, form } = read([stream.subarray(0, cut), stream.subarray(cut)], 'gb18030')
    t.same(out, [body], `cut at ${cut}`)
    t.same(form.encode(Buffer.from(`\x02${body}\x03`)), stream)
  }
  t.same(read([Buffer.from('\x02\xff\x03', 'latin1')], 'gb18030').out, ['\ufffd'])
})

t.test('a GB18030 body is also limited by the UTF-8 that it stands for', async (t) => {
  const frame = (bytes: number): Buffer => Buffer.concat([Buffer.of(2), Buffer.alloc(bytes, 0x80), Buffer.of(3)])
  t.same(read([frame(333)], 'gb18030').out, ['€'.repeat(333)])
  t.same(read([frame(334), frame(1)], 'gb18030').out, ['<too large>', '€'])
})
