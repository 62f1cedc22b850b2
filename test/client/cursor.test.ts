import t from 'tap'
import { type Cursor, compareCursors, cursorIn, wireCursor } from '../../src/client/cursor.ts'

function at(epoch: string, seq: number): Cursor {
  return { epoch, seq }
}

t.test('a place is read from an envelope or an answer, and from nothing else', async (t) => {
  t.same(cursorIn({ Epoch: 'e3', Seq: 7, MsgType: 'X' }), at('e3', 7))
  t.same(cursorIn({ Epoch: 'e3', Seq: 0 }), at('e3', 0))
  for (const other of [
    undefined,
    null,
    'e3',
    {},
    { Epoch: 'e3' },
    { Seq: 7 },
    { Epoch: '', Seq: 7 },
    { Epoch: 3, Seq: 7 },
    { Epoch: 'e3', Seq: -1 },
    { Epoch: 'e3', Seq: 0.5 },
    { Epoch: 'e3', Seq: 2 ** 53 },
  ]) {
    t.equal(cursorIn(other), undefined, JSON.stringify(other))
  }
  t.same(cursorIn(wireCursor(at('e3', 7))), at('e3', 7))
})

t.test('places are ordered by the number of the epoch, then by their own', async (t) => {
  t.ok(compareCursors(at('e9', 100), at('e10', 1)) < 0)
  t.ok(compareCursors(at('e10', 2), at('e10', 1)) > 0)
  t.equal(compareCursors(at('e10', 1), at('e10', 1)), 0)
})

t.test('an epoch that can’t be compared follows the one before it', async (t) => {
  t.ok(compareCursors(at('second', 1), at('first', 100)) > 0)
  t.ok(compareCursors(at('e2', 1), at('first', 100)) > 0)
  t.ok(compareCursors(at('e02', 1), at('e2', 100)) > 0)
})
