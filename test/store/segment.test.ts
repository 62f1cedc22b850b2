import t from 'tap'
import { bytesOfPart, countAfter, firstIndexAfter, lastSeqOf, partAfter } from '../../src/store/segment.ts'
import { segmentOf } from './inbox-fixtures.ts'

t.test('which messages of a segment come after a place', async (t) => {
  const segment = segmentOf(5, 3, { epoch: 2 })
  t.equal(lastSeqOf(segment), 7)
  const counts = [
    [1, 99, 3],
    [2, 0, 3],
    [2, 4, 3],
    [2, 5, 2],
    [2, 7, 0],
    [2, 8, 0],
    [3, 0, 0],
  ] as const
  for (const [epoch, seq, count] of counts) t.equal(countAfter(segment, { epoch, seq }), count, `${epoch}:${seq}`)
  t.strictSame(partAfter(segment, { epoch: 2, seq: 5 }), { segment, from: 6, to: 7 })
  t.equal(partAfter(segment, { epoch: 2, seq: 7 }), undefined)
})

t.test('the bytes of a part are its share', async (t) => {
  const segment = segmentOf(1, 3, { bytes: 10 })
  t.strictSame(
    [0, 1, 2, 3].map((count) => bytesOfPart(segment, count)),
    [0, 4, 7, 10],
  )
})

t.test('the first segment after a place is found among many', async (t) => {
  const segments = [segmentOf(1, 2), segmentOf(3, 2), segmentOf(9, 1), segmentOf(1, 1, { epoch: 2 })]
  const found = [0, 1, 2, 3, 4, 8, 9, 10].map((seq) => firstIndexAfter(segments, { epoch: 1, seq }))
  t.strictSame(found, [0, 0, 1, 1, 2, 2, 3, 3])
  t.equal(firstIndexAfter(segments, { epoch: 2, seq: 1 }), 4)
  t.equal(firstIndexAfter([], { epoch: 0, seq: 0 }), 0)
})
