import t from 'tap'
import { beginning, comparePositions, laterPosition } from '../../src/mailbox/position.ts'

t.test('places are ordered by epoch, then by number', async (t) => {
  const places = [{ epoch: 2, seq: 1 }, { epoch: 1, seq: 10 }, { epoch: 1, seq: 2 }, beginning]
  t.strictSame([...places].sort(comparePositions), [...places].reverse())
  t.equal(comparePositions({ epoch: 1, seq: 2 }, { epoch: 1, seq: 2 }), 0)
})

t.test('the later of two, whichever comes first', async (t) => {
  const early = { epoch: 1, seq: 9 }
  const late = { epoch: 2, seq: 1 }
  t.equal(laterPosition(early, late), late)
  t.equal(laterPosition(late, early), late)
})
