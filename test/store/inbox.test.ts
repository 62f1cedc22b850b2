import t from 'tap'
import { beginning } from '../../src/mailbox/position.ts'
import { Inbox } from '../../src/store/inbox.ts'
import { segmentOf } from './inbox-fixtures.ts'

function inboxWith(...segments: [number, number][]): Inbox {
  const inbox = new Inbox('ann')
  for (const [seq, count] of segments) inbox.add(segmentOf(seq, count))
  return inbox
}

function firsts(inbox: Inbox): number[] {
  return inbox.segments.map((segment) => segment.firstSeq)
}

t.test('segments are in order, whichever comes first', async (t) => {
  const inbox = inboxWith([5, 2], [1, 2], [3, 1], [9, 1])
  t.strictSame(firsts(inbox), [1, 3, 5, 9])
  t.equal(inbox.count, 6)
  t.equal(inbox.bytes, 60)
})

t.test('of a run that is appended again only what is new is taken', async (t) => {
  const inbox = inboxWith([3, 3])
  const part = (seq: number, count: number) => inbox.newPart({ epoch: 1, seq, count })
  t.strictSame(part(3, 3), { skip: 3, count: 0 })
  t.strictSame(part(4, 4), { skip: 2, count: 2 })
  t.strictSame(part(1, 4), { skip: 0, count: 2 })
  t.strictSame(part(6, 2), { skip: 0, count: 2 })
  inbox.devices.see('phone', { epoch: 1, seq: 4 }, 1)
  inbox.settle()
  t.strictSame(part(1, 2), { skip: 2, count: 0 }, 'what all devices have is not stored once more')
  t.strictSame(inbox.newPart({ epoch: 2, seq: 1, count: 2 }), { skip: 0, count: 2 })
})

t.test('what all devices have leaves, in whole segments and in parts', async (t) => {
  const inbox = inboxWith([1, 4], [5, 4])
  inbox.devices.see('phone', beginning, 1)
  inbox.devices.acknowledge('phone', { epoch: 1, seq: 6 }, 1)
  t.strictSame(
    inbox.settle().map((segment) => segment.firstSeq),
    [1],
  )
  t.equal(inbox.count, 2)
  t.equal(inbox.bytes, 20)
  t.strictSame(inbox.settle(), [], 'a second time changes nothing')
})

t.test('the oldest are dropped, just as many as need be', async (t) => {
  const inbox = inboxWith([1, 4], [5, 4])
  const dropped = inbox.dropOldest({ countMax: 3, bytesMax: 1000 })
  t.match(dropped, [
    { from: 1, to: 4 },
    { from: 5, to: 5 },
  ])
  inbox.settle()
  t.equal(inbox.count, 3)
  t.match(inbox.dropOldest({ countMax: 100, bytesMax: 15 }), [{ from: 6, to: 7 }])
  inbox.settle()
  t.equal(inbox.bytes, 10)
})

t.test('what expires leaves from anywhere', async (t) => {
  const inbox = inboxWith([1, 2])
  inbox.add(segmentOf(3, 2, { expires: 50 }))
  inbox.add(segmentOf(5, 1))
  t.strictSame(inbox.expire(49), [])
  t.match(inbox.expire(50), [{ from: 3, to: 4 }])
  t.strictSame(firsts(inbox), [1, 5])
  t.equal(inbox.count, 3)
})

t.test('what reaches the first device is told once', async (t) => {
  const inbox = inboxWith([1, 4], [5, 4])
  t.match(inbox.deliver({ epoch: 1, seq: 6 }), [
    { from: 1, to: 4 },
    { from: 5, to: 6 },
  ])
  t.strictSame(inbox.deliver({ epoch: 1, seq: 6 }), [])
  t.match(inbox.deliver({ epoch: 2, seq: 0 }), [{ from: 7, to: 8 }])
  const written = inboxWith([1, 3])
  written.devices.see('', { epoch: 1, seq: 2 }, 1)
  written.settle()
  t.strictSame(written.deliver({ epoch: 1, seq: 1 }), [], 'what left some other way reached nobody by this')
  t.match(written.deliver({ epoch: 1, seq: 3 }), [{ from: 3, to: 3 }])
})

t.test('a snapshot brings everything back', async (t) => {
  const inbox = inboxWith([1, 4], [9, 1])
  inbox.devices.see('phone', beginning, 1)
  const snapshot = inbox.snapshot()
  inbox.add(segmentOf(10, 1))
  inbox.add(segmentOf(6, 1))
  inbox.devices.acknowledge('phone', { epoch: 1, seq: 5 }, 1)
  inbox.settle()
  inbox.deliver({ epoch: 1, seq: 5 })
  inbox.restore(snapshot)
  t.strictSame(firsts(inbox), [1, 9])
  t.strictSame([inbox.count, inbox.bytes], [5, 50])
  t.strictSame(
    [inbox.floor, inbox.delivered, inbox.devices.byName.get('phone')?.cursor],
    [beginning, beginning, beginning],
  )
})

t.test('how much waits after a place, and that a cleared inbox is blank', async (t) => {
  const inbox = inboxWith([1, 4], [5, 4])
  t.strictSame(inbox.waitingAfter({ epoch: 1, seq: 3 }), { count: 5, bytes: 50 })
  t.equal(inbox.isBlank, false)
  t.equal(inbox.clear().length, 2)
  t.equal(inbox.isBlank, true)
})
