import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { safetyNumber } from '../../src/security/safety-number.ts'
import { signedText } from '../../src/security/signed-text.ts'

const print = (text: string): string => createHash('sha256').update(text).digest('base64url')
const alice = { userId: 'alice', thumbprints: [print('a1'), print('a2')] }
const bob = { userId: 'bob', thumbprints: [print('b1')] }

t.test('it has 12 groups of 5 digits, the same on both sides', async (t) => {
  t.match(safetyNumber(alice, bob), /^(\d{5} ){11}\d{5}$/)
  t.equal(safetyNumber(alice, bob), safetyNumber(bob, alice))
  const turned = { ...alice, thumbprints: [...alice.thumbprints].reverse() }
  t.equal(safetyNumber(turned, bob), safetyNumber(alice, bob), 'the order of keys does not matter')
})

t.test('the construction is the one that is written down', async (t) => {
  const hash = createHash('sha256')
    .update(signedText('parley safety number v1', 'bob', print('b1')))
    .digest()
  const groups = [0, 5, 10, 15, 20, 25].map((at) => {
    const number = BigInt(`0x${hash.subarray(at, at + 5).toString('hex')}`) % 100_000n
    return String(number).padStart(5, '0')
  })
  const halves = Array.from(safetyNumber(alice, bob).matchAll(/(\d{5} ){5}\d{5}/g), ([half]) => half)
  t.equal(halves.length, 2)
  t.ok(halves.includes(groups.join(' ')))
  t.ok((halves[0] ?? '') <= (halves[1] ?? ''))
})

t.test('other keys or another user give another number', async (t) => {
  const number = safetyNumber(alice, bob)
  t.not(safetyNumber({ ...alice, thumbprints: [print('a1')] }, bob), number)
  t.not(safetyNumber({ ...alice, thumbprints: [...alice.thumbprints, print('a3')] }, bob), number)
  t.not(safetyNumber({ ...alice, userId: 'alicia' }, bob), number)
  t.not(safetyNumber({ ...alice, thumbprints: bob.thumbprints }, { ...bob, thumbprints: alice.thumbprints }), number)
})

t.test('small groups keep their zeros', async (t) => {
  const property = fc.property(fc.string({ minLength: 1 }), (name) =>
    /^(\d{5} ){11}\d{5}$/.test(safetyNumber({ userId: name, thumbprints: [] }, bob)),
  )
  fc.assert(property)
  t.pass()
})
