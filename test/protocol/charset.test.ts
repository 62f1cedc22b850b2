import fc from 'fast-check'
import t from 'tap'
import { decodeGb18030, encodeGb18030 } from '../../src/protocol/charset.ts'

/**
 * Private-use characters that do not come back as they were. The first has no code in GB18030 (WHATWG Encoding,
 * "gb18030 encoder"); the codes of the others belong, since GB18030-2022, to characters that Unicode has taken in.
 */
const reassigned = new Map([
  ...[0xe5e5].map((code) => [code, undefined] as const),
  ...[0xe78d, 0xe78e, 0xe78f, 0xe790, 0xe791, 0xe792, 0xe793].map(
    (code) => [code, [0xfe10, 0xfe12, 0xfe11, 0xfe13, 0xfe14, 0xfe15, 0xfe16][code - 0xe78d]] as const,
  ),
  ...[0xe794, 0xe795, 0xe796].map((code) => [code, [0xfe17, 0xfe18, 0xfe19][code - 0xe794]] as const),
  ...([
    [0xe81e, 0x9fb4],
    [0xe826, 0x9fb5],
    [0xe82b, 0x9fb6],
    [0xe82c, 0x9fb7],
    [0xe832, 0x9fb8],
    [0xe843, 0x9fb9],
    [0xe854, 0x9fba],
    [0xe864, 0x9fbb],
  ] as const),
])

t.test('every character comes back as it was, but for 19 of private use', async (t) => {
  for (let code = 0; code < 0x110000; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const char = String.fromCodePoint(code)
    const back = decodeGb18030(encodeGb18030(char))
    if (back === char) continue
    if (!reassigned.has(code)) t.fail(`U+${code.toString(16)} comes back as ${JSON.stringify(back)}`)
    const standard = reassigned.get(code)
    if (standard !== undefined) t.equal(back, String.fromCodePoint(standard), `U+${code.toString(16)}`)
  }
})

t.test('random text comes back as it was', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
      if ([...text].some((char) => reassigned.has(char.codePointAt(0) ?? 0))) return true
      return decodeGb18030(encodeGb18030(text)) === text
    }),
    { numRuns: 2000 },
  )
})

t.test('text of GB2312, GBK and GB18030 has the bytes of the standards', async (t) => {
  const samples: readonly (readonly [string, string])[] = [
    ['你好，世界', 'c4e3bac3a3accac0bde7'],
    ['中文 abc', 'd6d0cec420616263'],
    ['镕', 'e946'],
    ['€', 'a2e3'],
    ['é', 'a8a6'],
    ['ß', '81308938'],
    ['😀', '9439fc36'],
    ['𠀀', '95328236'],
    ['\uffff', '8431a439'],
    ['\u{10ffff}', 'e3329a35'],
  ]
  for (const [text, hex] of samples) {
    t.equal(encodeGb18030(text).toString('hex'), hex, text)
    t.equal(decodeGb18030(Buffer.from(hex, 'hex')), text)
  }
  t.equal(decodeGb18030(Buffer.of(0x80)), '€', 'as in code page 936')
  t.equal(decodeGb18030(Buffer.alloc(0)), '')
})

t.test('ASCII is itself, and nothing is dropped at the front', async (t) => {
  const ascii = Buffer.from(Array.from({ length: 128 }, (_, code) => code))
  t.equal(decodeGb18030(ascii), ascii.toString('latin1'))
  t.strictSame(encodeGb18030(ascii.toString('latin1')), ascii)
  t.equal(decodeGb18030(encodeGb18030('\ufeff{}')), '\ufeff{}', 'a byte order mark')
})

t.test('bytes that are not GB18030 are refused, and the next text is read as if nothing had been', async (t) => {
  for (const hex of [
    '81',
    '8130',
    '813081',
    'ff',
    '6181',
    '81ff',
    '817f',
    '8120',
    '81308120',
    '8130ff30',
    '61ff62',
    'c4e3ba',
    'fe39fe39',
    'e3329a36',
    '8431a530',
  ]) {
    t.equal(decodeGb18030(Buffer.from(hex, 'hex')), undefined, hex)
    t.equal(decodeGb18030(Buffer.from('30c4e3', 'hex')), '0你', `after ${hex}`)
  }
})

t.test('what decodes is whole text: no half of a character', async () => {
  const bytes = fc.array(
    fc.oneof(
      fc.integer({ min: 0x30, max: 0x39 }),
      fc.integer({ min: 0x81, max: 0xfe }),
      fc.integer({ min: 0, max: 255 }),
    ),
    { maxLength: 16 },
  )
  fc.assert(
    fc.property(bytes, (values) => {
      const text = decodeGb18030(Buffer.from(values))
      return text === undefined || Buffer.from(text, 'utf8').toString('utf8') === text
    }),
    { numRuns: 20_000 },
  )
})

t.test('half a character in text becomes a question mark', async (t) => {
  t.equal(encodeGb18030('a\ud800b').toString('latin1'), 'a?b')
  t.equal(encodeGb18030('a\ud83d').toString('latin1'), 'a?')
  t.equal(decodeGb18030(encodeGb18030('\ud83d\ud83d\ude00')), '?😀')
})
