import t from 'tap'
import type { FrameHandler } from '../../../bench/generator/frame-reader.ts'
import { MeshUser } from '../../../bench/generator/mesh-user.ts'
import type { RawConnection } from '../../../bench/generator/raw-connection.ts'
import { Receiver } from '../../../bench/generator/receiver.ts'
import { natsWire } from '../../../bench/generator/wires/nats.ts'
import { Complaints } from '../../../bench/generator/work.ts'

const text = '~00007:0000000000~the quick brown fox ju'
const message = `MSG bench-00001 1 40\r\n${text}\r\n`

/** A connection without a socket: what it reads is given by hand, what is no message is noted. */
class ReadConnection {
  readonly wire = natsWire
  readonly controls: string[] = []
  handler: FrameHandler = () => {}
  onLost: () => void = () => {}

  answerControl(bytes: Buffer, start: number, end: number): string | undefined {
    this.controls.push(bytes.toString('latin1', start, end))
    return undefined
  }
}

// A read of a long message, then of a short frame into the same buffer.
function readOver(connection: ReadConnection): void {
  const buffer = Buffer.from(message)
  connection.handler(buffer, 0, buffer.length)
  buffer.write('PING\r\n')
  connection.handler(buffer, 0, 6)
}

t.test('what an older message left behind a short frame is not read again', async (t) => {
  const connection = new ReadConnection()
  const complaints = new Complaints()
  const options = { senderNumber: 7, size: 40, complaints, arrived: () => {} }
  const receiver = new Receiver(connection as unknown as RawConnection, options)
  readOver(connection)
  t.strictSame(connection.controls, ['PING\r\n'])
  t.strictSame(receiver.stream.arrivals(), { arrived: 1, doubled: 0, disordered: 0, foreign: 0 })
  t.strictSame(complaints.list(), [])
})

t.test('neither by a user who also sends', async (t) => {
  const connection = new ReadConnection()
  const arrived: number[] = []
  new MeshUser(connection as unknown as RawConnection, {
    number: 1,
    userIds: ['bench-00000', 'bench-00001'],
    shape: { size: 40, from: 'set', callback: false },
    complaints: new Complaints(),
    arrived: (sender) => arrived.push(sender),
    foreign: () => t.fail('nothing foreign was here'),
  })
  readOver(connection)
  t.strictSame(connection.controls, ['PING\r\n'])
  t.strictSame(arrived, [7])
})

t.test('a message of somebody else, or another text, is foreign', async (t) => {
  const connection = new ReadConnection()
  const options = { senderNumber: 7, size: 40, complaints: new Complaints(), arrived: () => {} }
  const receiver = new Receiver(connection as unknown as RawConnection, options)
  for (const wrong of [message.replace('~00007', '~00008'), message.replace('quick', 'quack')]) {
    connection.handler(Buffer.from(wrong), 0, wrong.length)
  }
  t.match(receiver.stream.arrivals(), { arrived: 0, foreign: 2 })
})
