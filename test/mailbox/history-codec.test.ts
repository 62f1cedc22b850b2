import t from 'tap'
import {
  historyRecordBytes,
  readHistoryRun,
  storeHistoryKind,
  writeHistoryRun,
} from '../../src/mailbox/history-codec.ts'
import type { RingWriter } from '../../src/mailbox/ring.ts'

t.test('a run comes out of the ring as it went in, and a full ring takes nothing', async (t) => {
  const run = {
    from: 'änn',
    to: '你',
    epoch: 3,
    seq: 2 ** 40,
    count: 2,
    time: 1_700_000_000_123,
    frames: Buffer.from('\u0002a\u0003\u0002b\u0003'),
  }
  const bytes = Buffer.alloc(256, 0xff)
  const commits: number[][] = []
  const writer = { bytes, reserve: () => 8, commit: (...one: number[]) => commits.push(one) } as unknown as RingWriter
  t.equal(writeHistoryRun(writer, run), true)
  t.same(commits, [[storeHistoryKind, historyRecordBytes(run)]])
  const read = readHistoryRun(bytes, 8, historyRecordBytes(run))
  bytes.fill(0)
  t.same(read, run)
  t.equal(writeHistoryRun({ reserve: () => -1 } as unknown as RingWriter, run), false)
})
