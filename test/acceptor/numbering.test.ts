import t from 'tap'
import { numbered } from '../../src/acceptor/numbering.ts'

const delimiters = { start: 2, end: 3 }

t.test('each envelope gets its number, in front of what its sender wrote', async (t) => {
  const frames = Buffer.from('\u0002{"ToUserId":"bob","MsgType":"X"}\u0003\u0002  { "MsgType":"ä{"}\u0003')
  const written = numbered(frames, delimiters, { epoch: 3, seq: 9, tag: 'abc', serverTime: 17_900 }).toString()
  t.strictSame(
    written.split('\u0003').map((frame) => (frame === '' ? undefined : (JSON.parse(frame.slice(1)) as unknown))),
    [
      { MsgId: 'e3-9-abc', Seq: 9, Epoch: 'e3', ServerTime: 17, ToUserId: 'bob', MsgType: 'X' },
      { MsgId: 'e3-10-abc', Seq: 10, Epoch: 'e3', ServerTime: 17, MsgType: 'ä{' },
      undefined,
    ],
  )
  t.notMatch(numbered(frames, delimiters, { epoch: 1, seq: 1, tag: 'a', serverTime: 0 }).toString(), 'ServerTime')
})
