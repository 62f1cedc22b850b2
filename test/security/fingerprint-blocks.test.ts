import fc from 'fast-check'
import t from 'tap'
import { fingerprintBlocks, readFingerprint } from '../../src/security/fingerprint-blocks.ts'

const thumbprint = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex').toString(
  'base64url',
)
// python3 -c "import base64; print(base64.b32encode(bytes(range(32))))"
const base32 = 'AAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPQ'

t.test('a thumbprint is shown as base32 in blocks of four', async (t) => {
  t.equal(fingerprintBlocks(thumbprint), (base32.match(/.{4}/g) ?? []).join('-'))
  t.throws(() => fingerprintBlocks('x'), RangeError)
})

t.test('what a person types is read, in any case and with any spaces', async (t) => {
  const blocks = fingerprintBlocks(thumbprint)
  const forms = [blocks, base32, blocks.toLowerCase(), blocks.replaceAll('-', ' '), ` ${blocks}\n`, thumbprint]
  for (const form of forms) t.equal(readFingerprint(form), thumbprint, form)
})

t.test('anything else is not read', async (t) => {
  const bad = ['', 'A', base32.slice(1), `${base32}A`, base32.replace(/Q$/, 'R'), base32.replace('E', '1')]
  for (const text of [...bad, `${thumbprint}A`, ' '.repeat(1_000_000)]) {
    t.equal(readFingerprint(text), undefined, text.slice(0, 60))
  }
})

t.test('every thumbprint comes back', async (t) => {
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const property = fc.property(bytes, (value) => {
    const text = Buffer.from(value).toString('base64url')
    return readFingerprint(fingerprintBlocks(text)) === text
  })
  fc.assert(property)
  t.pass()
})
