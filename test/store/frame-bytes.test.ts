import t from 'tap'
import { bytesOfFrames, framesWithin, withDelimiters } from '../../src/store/frame-bytes.ts'

const frames = Buffer.from('\u0002ab\u0003\u0002c\u0003\u0002\u0003')

t.test('how many bytes the first frames take', async (t) => {
  t.strictSame(
    [0, 1, 2, 3].map((count) => bytesOfFrames(frames, count, 3)),
    [0, 4, 7, 9],
  )
  t.throws(() => bytesOfFrames(frames, 4, 3), RangeError)
})

t.test('how many frames fit, at the limit and one under', async (t) => {
  t.strictSame(
    [0, 3, 4, 6, 7, 8, 9, 100].map((bytesMax) => framesWithin(frames, 3, 9, bytesMax)),
    [0, 0, 1, 1, 2, 2, 3, 3],
  )
  t.equal(framesWithin(frames, 3, 1, 100), 1)
  t.equal(framesWithin(frames, 3, 0, 100), 0)
})

t.test('other delimiters take the place of the old ones, and nothing else changes', async (t) => {
  const changed = withDelimiters(frames, { start: 2, end: 3 }, { start: 0x1e, end: 0x1f })
  t.equal(Buffer.from(changed).toString(), '\u001eab\u001f\u001ec\u001f\u001e\u001f')
  t.equal(withDelimiters(frames, { start: 2, end: 3 }, { start: 2, end: 3 }), frames, 'the same bytes')
})
