import t from 'tap'
import { signedText } from '../../src/security/signed-text.ts'

t.test('each part stands behind its length', async (t) => {
  const text = signedText('ab', '李', 120, Buffer.of(1, 2), '', 0)
  t.equal(
    text.toString('hex'),
    `${'00000002'}6162${'00000003'}e69d8e${'00000003'}313230${'00000002'}0102${'00000000'}${'00000001'}30`,
  )
})

t.test('other borders between parts give other text', async (t) => {
  t.notSame(signedText('a', 'bc', 'd'), signedText('a', 'b', 'cd'))
  t.notSame(signedText('a', 'b'), signedText('a', 'b', ''))
  t.notSame(signedText('ab'), signedText('a', 'b'))
})

t.test('what has more than one form is refused', async (t) => {
  for (const number of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    t.throws(() => signedText('a', number), RangeError)
  }
  t.throws(() => signedText('a', '\ud800'), RangeError)
  t.throws(() => signedText('\udc00'), RangeError)
  t.doesNotThrow(() => signedText('a', '😀', 2 ** 53 - 1))
})
