import t from 'tap'
import {
  createRecipient,
  hasLiveReader,
  isIdle,
  isRetaining,
  owesAcknowledgement,
  type Reader,
  refresh,
} from '../../../src/router/inbox/recipient.ts'

function reader(connection: number, more: Partial<Reader> = {}): Reader {
  const start = { epoch: 0, seq: 0 }
  return {
    connection,
    device: 'phone',
    acknowledges: true,
    given: start,
    acknowledged: start,
    noted: start,
    stage: { kind: 'live' },
    ...more,
  }
}

t.test('messages stay in memory only where one session has them all and no other device is known', async (t) => {
  const cases: [boolean, Reader[], string[], number][] = [
    [true, [reader(1)], ['phone'], 0],
    [true, [reader(1, { device: '' })], [], 0],
    [false, [], ['phone'], 0],
    [false, [reader(1)], ['phone', 'desk'], 0],
    [false, [reader(1)], ['phone'], 1],
    [false, [reader(1), reader(2)], ['phone'], 0],
    [false, [reader(1, { acknowledges: false })], [], 0],
    [false, [reader(1, { stage: { kind: 'reading', order: 0 } })], ['phone'], 0],
  ]
  for (const [expected, readers, devices, openings] of cases) {
    const recipient = createRecipient('bob', 0, 'exists')
    for (const one of readers) recipient.readers.set(one.connection, one)
    recipient.devices = new Set(devices)
    recipient.openings = openings
    refresh(recipient)
    t.equal(recipient.isDirect, expected, JSON.stringify([readers, devices, openings]))
  }
})

t.test('what a recipient needs follows from its readers', async (t) => {
  const recipient = createRecipient('bob', 0, 'exists')
  t.ok(isIdle(recipient, false))
  recipient.devices = new Set(['phone'])
  t.notOk(isIdle(recipient, true), 'a device that is away')
  const behind = reader(1, { stage: { kind: 'waiting', until: 0 } })
  recipient.readers.set(1, behind)
  t.ok(isRetaining(recipient))
  t.notOk(hasLiveReader(recipient))
  behind.stage = { kind: 'live' }
  t.notOk(isRetaining(recipient))
  t.ok(hasLiveReader(recipient))
  behind.acknowledged = { epoch: 1, seq: 2 }
  t.notOk(owesAcknowledgement(recipient, behind), 'nothing was stored')
  recipient.storedTo = { epoch: 1, seq: 1 }
  t.ok(owesAcknowledgement(recipient, behind))
})
