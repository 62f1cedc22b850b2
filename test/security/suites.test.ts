import t from 'tap'
import { suiteOf } from '../../src/security/suites.ts'

t.test('there are three suites, and only the third has no forward secrecy', async (t) => {
  t.strictSame(
    [1, 2, 3].map((number) => {
      const suite = suiteOf(number)
      return [suite?.number, suite?.ephemeral, suite?.oaepHash, suite?.signature, suite?.records]
    }),
    [
      [1, true, 'sha256', 'PS256', 'A256GCM'],
      [2, true, 'sha256', 'PS256', 'A256CBC-HS512'],
      [3, false, 'sha1', 'RS256', 'A256CBC-HS512'],
    ],
  )
})

t.test('anything else is no suite', async (t) => {
  for (const value of [0, 4, -1, 1.5, '1', [1], null, undefined, Number.NaN, true]) t.equal(suiteOf(value), undefined)
})
