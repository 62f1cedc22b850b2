import t from 'tap'
import { firstFrames, offsetOf } from '../../../src/router/inbox/frames.ts'

t.test('parts of a run are whole frames', async (t) => {
  const frames = Buffer.from('\u0002a\u0003\u0002bb\u0003\u0002\u0003')
  t.equal(firstFrames(frames, 2, 3).toString(), '\u0002a\u0003\u0002bb\u0003')
  t.strictSame(
    [0, 1, 2, 3].map((index) => offsetOf(frames, index, 3)),
    [0, 3, 7, 9],
  )
  t.throws(() => offsetOf(frames, 4, 3), RangeError)
})
