import t from 'tap'
import { isFaultless, StreamVerifier, sumArrivals, verify } from '../../bench/verifier.ts'

function arrivalsOf(sequences: readonly number[]) {
  const verifier = new StreamVerifier()
  for (const sequence of sequences) verifier.arrive(sequence)
  return verifier.arrivals()
}

t.test('messages that arrive once and in order are faultless', async (t) => {
  const verification = verify(4, arrivalsOf([0, 1, 2, 3]))
  t.strictSame(verification, { sent: 4, arrived: 4, lost: 0, doubled: 0, disordered: 0, foreign: 0 })
  t.ok(isFaultless(verification))
})

t.test('a message that never arrives is lost, in the middle and at the end', async (t) => {
  t.match(verify(4, arrivalsOf([0, 2, 3])), { lost: 1, doubled: 0, disordered: 0 })
  t.match(verify(4, arrivalsOf([0, 1])), { lost: 2 })
  t.notOk(isFaultless(verify(4, arrivalsOf([0, 2, 3]))))
})

t.test('a message that arrives again is doubled, at once and later', async (t) => {
  t.match(verify(3, arrivalsOf([0, 1, 1, 2])), { lost: 0, doubled: 1, disordered: 0 })
  t.match(verify(3, arrivalsOf([0, 1, 2, 0])), { lost: 0, doubled: 1, disordered: 0 })
})

t.test('a message that another one overtook is out of order, not lost', async (t) => {
  t.match(verify(4, arrivalsOf([0, 2, 1, 3])), { lost: 0, doubled: 0, disordered: 1 })
})

t.test('a message that was overtaken and then comes twice is both', async (t) => {
  t.match(verify(4, arrivalsOf([0, 2, 1, 1, 3])), { lost: 0, doubled: 1, disordered: 1 })
})

t.test('the first arrival is told from a repeat', async (t) => {
  const verifier = new StreamVerifier()
  t.equal(verifier.arrive(1), true)
  t.equal(verifier.arrive(0), true)
  t.equal(verifier.arrive(0), false)
  t.equal(verifier.arrived, 2)
})

t.test('a huge gap is counted without remembering each number', async (t) => {
  t.match(verify(1_000_000_001, arrivalsOf([0, 1_000_000_000])), { arrived: 2, lost: 999_999_999 })
})

t.test('a foreign message is a fault', async (t) => {
  const verifier = new StreamVerifier()
  verifier.arrive(0)
  verifier.arriveForeign()
  t.notOk(isFaultless(verify(1, verifier.arrivals())))
})

t.test('streams are added up', async (t) => {
  const sum = sumArrivals([arrivalsOf([0, 0]), arrivalsOf([1, 0])])
  t.strictSame(sum, { arrived: 3, doubled: 1, disordered: 1, foreign: 0 })
})
