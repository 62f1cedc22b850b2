import t from 'tap'
import { decodeBase64Url, encodeBase64Url } from '../../src/security/base64url.ts'

t.test('bytes read back as they were written', async (t) => {
  for (let length = 0; length < 70; length++) {
    const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 151 + length) & 0xff))
    const text = encodeBase64Url(bytes)
    t.strictSame(decodeBase64Url(text), bytes)
    t.strictSame(decodeBase64Url(text, length), bytes)
    t.equal(decodeBase64Url(text, length + 1), undefined)
    t.equal(decodeBase64Url(text, length - 1), undefined)
  }
})

t.test('a view into other memory is written without its surroundings', async (t) => {
  t.equal(encodeBase64Url(new Uint8Array([9, 0xfb, 0xff, 9]).subarray(1, 3)), '-_8')
})

t.test('only the canonical text of some bytes is read', async (t) => {
  const bad = ['AA==', 'AA=', 'A', 'AAAAA', 'AB', 'AAB', '-/8', '-+8', 'A A', ' AA', 'AA\n', 'AÀ', 'AA.', 'AA%3D']
  for (const text of bad) t.equal(decodeBase64Url(text), undefined, JSON.stringify(text))
  t.strictSame(decodeBase64Url('AA'), Buffer.of(0))
  t.strictSame(decodeBase64Url('-_8'), Buffer.of(0xfb, 0xff))
  t.strictSame(decodeBase64Url(''), Buffer.alloc(0))
})

t.test('what is not text is not read', async (t) => {
  for (const value of [undefined, null, 1, {}, [], ['AA'], Buffer.from('AA')])
    t.equal(decodeBase64Url(value), undefined)
})
