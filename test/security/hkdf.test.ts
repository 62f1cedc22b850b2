import { createHmac, hkdfSync } from 'node:crypto'
import t from 'tap'
import { hkdfExpand } from '../../src/security/hkdf.ts'

t.test('RFC 5869, test case 1', async (t) => {
  const key = createHmac('sha256', Buffer.from('000102030405060708090a0b0c', 'hex'))
    .update(Buffer.alloc(22, 0x0b))
    .digest()
  t.equal(key.toString('hex'), '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5')
  t.equal(
    hkdfExpand(key, Buffer.from('f0f1f2f3f4f5f6f7f8f9', 'hex'), 42).toString('hex'),
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  )
})

t.test('lengths up to the limit agree with node:crypto', async (t) => {
  const salt = Buffer.alloc(32, 1)
  const input = Buffer.alloc(64, 2)
  const key = createHmac('sha256', salt).update(input).digest()
  for (const length of [0, 1, 31, 32, 33, 64, 8160]) {
    const expected = length === 0 ? Buffer.alloc(0) : Buffer.from(hkdfSync('sha256', input, salt, 'rekey', length))
    t.strictSame(hkdfExpand(key, 'rekey', length), expected)
  }
  t.throws(() => hkdfExpand(key, 'rekey', 8161), RangeError)
})
