import t from 'tap'
import { beginning } from '../../src/mailbox/position.ts'
import type { Device } from '../../src/store/devices.ts'
import { Inbox } from '../../src/store/inbox.ts'
import { judgeResume } from '../../src/store/resume.ts'
import { segmentOf } from './inbox-fixtures.ts'

const epoch = 3

function at(seq: number, epoch = 1): { epoch: number; seq: number } {
  return { epoch, seq }
}

function device(cursor: Device['cursor'], changes: Partial<Device> = {}): Device {
  return { cursor, lastSeen: 1, missing: 0, lost: beginning, ...changes }
}

function inboxWith(...segments: [number, number][]): Inbox {
  const inbox = new Inbox('ann')
  for (const [seq, count] of segments) inbox.add(segmentOf(seq, count))
  return inbox
}

t.test('a device that is known and was not passed over goes on where it was', async (t) => {
  const inbox = inboxWith([5, 3])
  const whole = { recovered: true, missing: 0 }
  t.strictSame(judgeResume(inbox, device(at(4)), undefined, epoch), { cursor: at(4), ...whole })
  t.strictSame(judgeResume(inbox, device(at(4)), at(4), epoch), { cursor: at(4), ...whole })
  t.strictSame(judgeResume(inbox, device(at(4)), at(6), epoch), { cursor: at(6), ...whole }, 'it had more')
})

t.test('a device that is not known can not be told that nothing is missing', async (t) => {
  const inbox = inboxWith([5, 3])
  const unknown = { recovered: false, missing: undefined }
  t.strictSame(judgeResume(inbox, undefined, at(6), epoch), { cursor: at(6), ...unknown })
  t.strictSame(
    judgeResume(inbox, undefined, at(1, 9), epoch),
    { cursor: beginning, ...unknown },
    'a place in the future',
  )
  t.strictSame(judgeResume(inbox, device(at(4)), at(1, 9), epoch), { cursor: at(4), ...unknown })
  t.strictSame(judgeResume(inbox, undefined, undefined, epoch), { cursor: beginning, recovered: true, missing: 0 })
})

t.test('what was dropped or expired is missing, until the device goes on behind it', async (t) => {
  const inbox = inboxWith([8, 3])
  const passedOver = device(at(4), { missing: 3, lost: at(7) })
  const told = { cursor: at(7), recovered: false, missing: 3 }
  t.strictSame(judgeResume(inbox, passedOver, at(4), epoch), told)
  t.strictSame(judgeResume(inbox, passedOver, undefined, epoch), told)
  t.match(judgeResume(inbox, passedOver, at(7), epoch), { recovered: true })
  t.match(
    judgeResume(inboxWith([5, 1], [8, 3]), passedOver, at(4), epoch),
    { cursor: at(4) },
    'never behind what waits',
  )
  t.match(judgeResume(inboxWith(), passedOver, at(4), epoch), { cursor: at(7) })
})

t.test('after a backup was restored nobody knows how much is missing', async (t) => {
  const verdict = judgeResume(inboxWith(), device(at(4), { lost: at(0, 2) }), at(6), epoch)
  t.strictSame(verdict, { cursor: at(0, 2), recovered: false, missing: undefined })
})

t.test('a device that has lost what it had acknowledged gets what is still there', async (t) => {
  const inbox = inboxWith([1, 10])
  t.strictSame(judgeResume(inbox, device(at(8)), at(2), epoch), { cursor: at(2), recovered: true, missing: 0 })
  const holes = inboxWith([4, 7])
  t.strictSame(judgeResume(holes, device(at(8)), at(2), epoch), { cursor: at(2), recovered: false, missing: 1 })
  t.match(judgeResume(holes, device(at(1, 2)), at(2), epoch), { recovered: false, missing: undefined })
})
