import t from 'tap'
import { readPins } from '../../src/client/sealing-options.ts'

const pin = 'A'.repeat(43)

t.test('pins are thumbprints, one or several', async (t) => {
  t.strictSame(readPins(undefined), [])
  t.strictSame(readPins(pin), [pin])
  t.strictSame(readPins([pin, `SHA256:${pin}`]), [pin, pin])
})

t.test('what is no thumbprint is refused, and so is an empty list', async (t) => {
  for (const given of ['', 'abc', `${pin}A`, `${pin}=`, []]) {
    t.throws(() => readPins(given), { code: 'bad_argument' })
  }
})
