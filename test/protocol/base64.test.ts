import { randomBytes } from 'node:crypto'
import t from 'tap'
import { base64Length, decodeBase64, encodeBase64 } from '../../src/protocol/base64.ts'

const decode = (text: string): Buffer | undefined => {
  const bytes = Buffer.from(`<${text}>`, 'latin1')
  return decodeBase64(bytes, 1, bytes.length - 1)
}

t.test('what was encoded decodes to the same', async (t) => {
  for (let length = 1; length < 200; length++) {
    const bytes = randomBytes(length)
    const to = Buffer.alloc(base64Length(length) + 2)
    t.equal(encodeBase64(bytes, to, 1), to.length - 1)
    t.same(decodeBase64(to, 1, to.length - 1), bytes)
  }
})

t.test('only the one text of some bytes is taken', async (t) => {
  t.same(decode('QQ=='), Buffer.from('A'))
  for (const text of [
    '',
    'QQ',
    'QQ=',
    'QR==',
    'Q===',
    '====',
    'QUJ=',
    'QQ=A',
    'Q=Q=',
    'QQ==QQ==',
    '-_-_',
    '+/+_',
    'QU\n=',
    ' QQ=',
  ])
    t.equal(decode(text), undefined, JSON.stringify(text))
  t.same(decode('+/+/'), Buffer.from('fbffbf', 'hex'))
})

t.test('no text with a bit flipped gives the same bytes', async (t) => {
  for (const length of [1, 2, 3, 60, 61, 62]) {
    const bytes = randomBytes(length)
    const text = Buffer.from(bytes.toString('base64'), 'latin1')
    for (let at = 0; at < text.length * 8; at++) {
      const flipped = Buffer.from(text)
      flipped[at >> 3] = (flipped[at >> 3] as number) ^ (1 << (at & 7))
      const decoded = decodeBase64(flipped, 0, flipped.length)
      if (decoded?.equals(bytes) === true)
        t.fail(`${flipped.toString('latin1')} is taken for ${text.toString('latin1')}`)
    }
  }
})
