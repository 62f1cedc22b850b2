import t from 'tap'
import { FrameReader } from '../../../bench/generator/frame-reader.ts'

function framesOf(chunks: readonly Buffer[]): string[] {
  const frames: string[] = []
  const reader = new FrameReader((bytes, start, end) => frames.push(bytes.toString('latin1', start, end)))
  for (const chunk of chunks) {
    // Room behind the chunk with an END in it: what lies beyond the length must not be looked at.
    const bytes = Buffer.alloc(chunk.length + 50, '\x02x\x03')
    chunk.copy(bytes)
    reader.consume(bytes, chunk.length)
  }
  return frames
}

const frames = ['\x02aaaa\x03', '\x02bbbb\x03', '\x02c\x03', '\x02dddddddd\x03', '\x02eeee\x03', '\x02ffff\x03']
const stream = Buffer.from(frames.join(''))

t.test('frames of different lengths in one chunk are found', async (t) => {
  t.strictSame(framesOf([stream]), frames)
})

t.test('the same frames are found when the stream is cut at any byte', async (t) => {
  for (let cut = 0; cut <= stream.length; cut++) {
    t.strictSame(framesOf([stream.subarray(0, cut), stream.subarray(cut)]), frames, `cut at ${cut}`)
  }
})

t.test('the same frames are found byte by byte', async (t) => {
  t.strictSame(framesOf([...stream].map((byte) => Buffer.from([byte]))), frames)
})

t.test('bytes between frames are skipped', async (t) => {
  t.strictSame(framesOf([Buffer.from('noise\x02aaaa\x03more\x02bbbb\x03')]), ['\x02aaaa\x03', '\x02bbbb\x03'])
})
