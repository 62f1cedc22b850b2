import t from 'tap'
import { TimeRecorder } from '../../../bench/generator/distribution.ts'
import type { FrameHandler } from '../../../bench/generator/frame-reader.ts'
import type { RawConnection } from '../../../bench/generator/raw-connection.ts'
import { StoringSender } from '../../../bench/generator/storing-sender.ts'
import { mqttQos1Wire } from '../../../bench/generator/wires/mqtt-qos1.ts'
import type { Wire } from '../../../bench/generator/wires/wire.ts'
import { xmppOfflineWire } from '../../../bench/generator/wires/xmpp-offline.ts'
import { Complaints } from '../../../bench/generator/work.ts'

/** A connection without a socket. */
class WrittenConnection {
  readonly wire: Wire
  readonly written: Buffer[] = []
  handler: FrameHandler = () => {}
  onLost: () => void = () => {}

  constructor(wire: Wire) {
    this.wire = wire
  }

  write(bytes: Buffer, done: () => void): void {
    this.written.push(Buffer.from(bytes))
    done()
  }

  answerControl(): string {
    return 'something else'
  }

  read(frame: string | Buffer): void {
    const bytes = Buffer.from(frame)
    this.handler(bytes, 0, bytes.length)
  }
}

function make(wire: Wire, limit = 100) {
  const connection = new WrittenConnection(wire)
  const complaints = new Complaints()
  const times = new TimeRecorder()
  const counts: number[] = []
  const route = { number: 7, fromUserId: 'bench-00000', toUserId: 'bench-00001' }
  const sender = new StoringSender(connection as unknown as RawConnection, route, {
    shape: { size: 40, from: 'set', callback: true },
    window: 4,
    limit,
    complaints,
    times: () => times,
    answered: (count) => counts.push(count),
  })
  return { connection, complaints, times, counts, sender }
}

t.test('messages are counted by their answers, once each, in any order', async (t) => {
  const { connection, complaints, times, counts, sender } = make(mqttQos1Wire)
  sender.owe(3)
  sender.flush()
  t.equal(connection.written.length, 1)
  for (const identifier of [1, 3, 2, 2]) connection.read(Buffer.from([0x40, 2, 0, identifier]))
  t.strictSame(counts, [1, 1, 1])
  t.match(sender.answers.arrivals(), { arrived: 3, doubled: 1 })
  t.equal(times.distribution().count, 1, 'one in four')
  connection.read(Buffer.from([0x40, 2, 0, 9]))
  t.equal(sender.answers.arrived, 3, 'an answer to what was not sent')
  connection.read(Buffer.from([0xe0, 0]))
  t.strictSame(complaints.list(), ['something else'])
})

t.test('one answer may be for several', async (t) => {
  const { connection, counts, sender } = make(xmppOfflineWire)
  sender.owe(3)
  sender.flush()
  connection.read("<a h='2'/>")
  connection.read("<a h='3'/>")
  t.strictSame(counts, [2, 1])
})

t.test('no more is sent than the limit', async (t) => {
  const { sender } = make(mqttQos1Wire, 2)
  sender.owe(4)
  sender.flush()
  t.equal(sender.sent, 2)
})
