import t from 'tap'
import { notedRuns, packNotes, unpackNotes } from '../../src/store/run-notes.ts'
import { segmentOf } from './inbox-fixtures.ts'

const note = (text: string) => Buffer.from(text)

t.test('notes come back as they were; without any there is nothing to store', async (t) => {
  const runs = [
    { count: 3, note: note('from ann') },
    { count: 70_000, note: note('') },
    { count: 1, note: Buffer.alloc(65_535, 7) },
  ]
  t.strictSame(unpackNotes(packNotes(runs) ?? Buffer.alloc(0)), runs)
  t.equal(packNotes([{ count: 3, note: note('') }]), null)
})

t.test('a part of a segment names the runs that it cuts', async (t) => {
  const segment = segmentOf(10, 9)
  const notes = [
    { count: 3, note: note('a') },
    { count: 4, note: note('b') },
    { count: 2, note: note('c') },
  ]
  const runs = notedRuns('ann', { segment, from: 12, to: 15 }, notes)
  t.strictSame(runs, [
    { user: 'ann', epoch: 1, firstSeq: 10, from: 12, to: 12, note: note('a') },
    { user: 'ann', epoch: 1, firstSeq: 13, from: 13, to: 15, note: note('b') },
  ])
  t.match(notedRuns('ann', { segment, from: 12, to: 15 }, []), [
    { firstSeq: 10, from: 12, to: 15, note: { length: 0 } },
  ])
})
