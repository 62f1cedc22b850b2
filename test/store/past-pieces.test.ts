import t from 'tap'
import { packPieces, unpackPieces } from '../../src/store/past-pieces.ts'

t.test('pieces come back as they were', async (t) => {
  const pieces = [
    { epoch: 1, seq: 2 ** 50, time: 1_700_000_000_000, count: 7, byteCount: 2 ** 31, isLow: true },
    { epoch: 2, seq: 1, time: 0, count: 1, byteCount: 0, isLow: false },
  ]
  t.strictSame(unpackPieces(packPieces(pieces)), pieces)
  t.strictSame(unpackPieces(packPieces([])), [])
})
