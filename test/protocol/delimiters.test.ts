import t from 'tap'
import { decodeGb18030, encodeGb18030 } from '../../src/protocol/charset.ts'
import { charsets, defaultDelimiters, delimitersProblem } from '../../src/protocol/delimiters.ts'

/** Which bytes may begin a frame, written down a second time. */
const usable = {
  'utf-8': (byte: number): boolean =>
    (byte < 0x20 && ![0x09, 0x0a, 0x0d].includes(byte)) ||
    [0xc0, 0xc1].includes(byte) ||
    (byte >= 0xf5 && byte <= 0xff),
  gb18030: (byte: number): boolean => (byte < 0x20 && ![0x09, 0x0a, 0x0d].includes(byte)) || byte === 0xff,
}

for (const charset of charsets) {
  t.test(`${charset}: each byte is taken or refused, at either place`, async (t) => {
    for (let byte = 0; byte < 256; byte++) {
      const other = byte === 0x02 ? 0x03 : 0x02
      const asStart = delimitersProblem({ start: byte, end: other }, charset)
      const asEnd = delimitersProblem({ start: other, end: byte }, charset)
      t.equal(asStart === undefined, usable[charset](byte), `start 0x${byte.toString(16)}`)
      t.equal(asEnd === undefined, usable[charset](byte), `end 0x${byte.toString(16)}`)
      const name = `0x${byte.toString(16).padStart(2, '0')}`
      if (asStart !== undefined) t.ok(asStart.includes(`start byte ${name} `), asStart)
      if (asEnd !== undefined) t.ok(asEnd.includes(`end byte ${name} `), asEnd)
    }
  })

  t.test(
    `${charset}: no text has a byte that can delimit, but for control characters, which JSON escapes`,
    async (t) => {
      const encode = charset === 'utf-8' ? (text: string): Buffer => Buffer.from(text, 'utf8') : encodeGb18030
      for (let first = 0; first < 0x110000; first += 256) {
        const codes = Array.from({ length: 256 }, (_, index) => first + index).filter(
          (code) => code < 0xd800 || code > 0xdfff,
        )
        const json = JSON.stringify(String.fromCodePoint(...codes))
        for (const byte of encode(json))
          if (usable[charset](byte)) t.fail(`0x${byte.toString(16)} in the block at ${first}`)
      }
      t.pass()
    },
  )

  t.test(`${charset}: what is no byte is refused`, async (t) => {
    for (const byte of [-1, 256, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      t.type(delimitersProblem({ start: byte, end: 3 }, charset), 'string')
      t.type(delimitersProblem({ start: 2, end: byte }, charset), 'string')
    }
  })
}

t.test('the two must differ', async (t) => {
  t.match(delimitersProblem({ start: 2, end: 2 }, 'utf-8'), /differ/)
  t.equal(delimitersProblem(defaultDelimiters, 'utf-8'), undefined)
  t.equal(delimitersProblem(defaultDelimiters, 'gb18030'), undefined)
  t.strictSame(defaultDelimiters, { start: 0x02, end: 0x03 })
})

t.test('text never decodes from bytes with a delimiter of its charset inside', async (t) => {
  t.equal(decodeGb18030(Buffer.of(0x61, 0xff)), undefined)
  t.equal(decodeGb18030(Buffer.of(0x81, 0xff)), undefined)
})
