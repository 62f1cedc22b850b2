import t from 'tap'
import { beginning } from '../../src/mailbox/position.ts'
import { Inbox } from '../../src/store/inbox.ts'
import { readInbox } from '../../src/store/inbox-reader.ts'
import type { Segment } from '../../src/store/segment.ts'
import { segmentOf } from './inbox-fixtures.ts'
import { frameBytes, framesOf } from './inbox-model.ts'

const end = 3

function inboxWith(...segments: [number, number][]): Inbox {
  const inbox = new Inbox('ann')
  for (const [seq, count] of segments) inbox.add(segmentOf(seq, count, { bytes: count * frameBytes }))
  return inbox
}

function tableWithout(damaged: number) {
  return {
    readFrames: (user: string, { epoch, firstSeq, count }: Segment) =>
      firstSeq === damaged ? undefined : framesOf(user, { epoch, seq: firstSeq }, count),
  }
}

t.test('it begins within a segment and ends where enough was read', async (t) => {
  const inbox = inboxWith([1, 4], [5, 4], [9, 4])
  const first = readInbox(inbox, tableWithout(0), { after: { epoch: 1, seq: 2 }, bytesMax: 6 * frameBytes }, end)
  t.same(first.segments, [
    { epoch: 1, seq: 3, count: 2, frames: framesOf('ann', { epoch: 1, seq: 3 }, 2) },
    { epoch: 1, seq: 5, count: 4, frames: framesOf('ann', { epoch: 1, seq: 5 }, 4) },
  ])
  t.match(first, { end: { epoch: 1, seq: 8 }, more: true })
  const second = readInbox(inbox, tableWithout(0), { after: first.end, bytesMax: 1 }, end)
  t.match(second, { segments: [{ seq: 9, count: 4 }], end: { epoch: 1, seq: 12 }, more: false })
})

t.test('what all devices have is not read again', async (t) => {
  const inbox = inboxWith([1, 4])
  inbox.devices.see('phone', { epoch: 1, seq: 3 }, 1)
  inbox.settle()
  t.match(readInbox(inbox, tableWithout(0), { after: beginning, bytesMax: 1e6 }, end), {
    segments: [{ seq: 4, count: 1 }],
  })
})

t.test('a damaged segment is named, left out and passed', async (t) => {
  const inbox = inboxWith([1, 4], [5, 4], [9, 4])
  const read = readInbox(inbox, tableWithout(5), { after: beginning, bytesMax: 1e6 }, end)
  t.match(read.segments, [{ seq: 1 }, { seq: 9 }])
  t.strictSame(read.damaged, [{ user: 'ann', epoch: 1, from: 5, to: 8 }])
  t.strictSame(read.end, { epoch: 1, seq: 12 })
})

t.test('an empty inbox', async (t) => {
  const after = { epoch: 1, seq: 5 }
  const read = readInbox(inboxWith(), tableWithout(0), { after, bytesMax: 1 }, end)
  t.strictSame(read, { segments: [], end: after, more: false, damaged: [] })
})
