import t from 'tap'
import { emptyTally, isRepeat, pairOf, tallyWith, totalOf } from '../../src/store/conversation.ts'

t.test('a pair is the same whoever is named first', async (t) => {
  t.same(pairOf('bob', 'ann'), pairOf('ann', 'bob'))
  t.same(pairOf('ann', 'ann'), { low: 'ann', high: 'ann' })
})

t.test('a tally counts each direction, and knows what it has', async (t) => {
  const piece = { epoch: 2, seq: 5, count: 3, time: 0, byteCount: 0, isLow: true }
  const tally = tallyWith(emptyTally, piece)
  t.match(tally, { last: 3, lowTotal: 3, highTotal: 0, lowPlace: { epoch: 2, seq: 7 } })
  t.equal(totalOf(tally, false), 0)
  t.equal(isRepeat(tally, piece), true)
  t.equal(isRepeat(tally, { ...piece, seq: 8 }), false)
  t.equal(isRepeat(tally, { ...piece, isLow: false }), false)
})
