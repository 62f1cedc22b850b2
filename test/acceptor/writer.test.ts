import t from 'tap'
import type { Connection } from '../../src/acceptor/connection.ts'
import { Counters } from '../../src/acceptor/counters.ts'
import { Writer, type WriterOptions } from '../../src/acceptor/writer.ts'
import { connectionIn, FakeChannel, frameOfText, sessionOf } from './fakes.ts'

/** A writer to one connection, and what it told the router. */
function world(): {
  readonly writer: Writer
  readonly connection: Connection
  readonly channel: FakeChannel
  readonly told: string[]
  readonly counters: Counters
} {
  const told: string[] = []
  const counters = new Counters()
  const link: WriterOptions['link'] = {
    send: (message) => {
      if (message.kind === 'written') told.push(`${message.completed ? 'written' : 'failed'} ${message.receipts}`)
    },
    publish: () => told.push('published'),
  }
  const writer = new Writer({ link, counters, outputBytesMax: 100, tooSlow: () => told.push('too slow') })
  const channel = new FakeChannel()
  return {
    writer,
    connection: connectionIn({ kind: 'session', session: sessionOf('ann') }, channel),
    channel,
    told,
    counters,
  }
}

const frame = frameOfText('{}')

t.test('what a batch gathers leaves in one write, and its receipts are due when that has completed', async (t) => {
  const { writer, connection, channel, told, counters } = world()
  writer.append(connection, frame, 1)
  writer.append(connection, frame, 0)
  writer.append(connection, frame, 2)
  t.strictSame([channel.calls, told], [[], []])
  writer.flush()
  t.strictSame([channel.calls, told], [[`write ${3 * frame.length}`], ['published']])
  writer.append(connection, frame, 3)
  writer.flush()
  t.equal(channel.calls.length, 1, 'one write at a time')
  writer.written(connection)
  t.strictSame(channel.calls, [`write ${3 * frame.length}`, `write ${frame.length}`])
  writer.written(connection)
  t.strictSame(
    told.filter((one) => one !== 'published'),
    ['written 1,2', 'written 3'],
  )
  t.equal(counters.sentBytes, 4 * frame.length)
  t.equal(connection.sentBytes, 4 * frame.length)
})

t.test('many flushes that are asked for in one turn are one', async (t) => {
  const { writer, told } = world()
  writer.flushSoon()
  writer.flushSoon()
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(told, ['published'])
})

t.test('a peer that does not read is found out behind a write that it has not taken', async (t) => {
  const { writer, connection, told } = world()
  writer.append(connection, Buffer.alloc(1000), 1)
  writer.append(connection, Buffer.alloc(1000), 2)
  writer.flush()
  t.strictSame(told, ['published'], 'much in one batch is no sign')
  writer.append(connection, Buffer.alloc(99), 3)
  writer.append(connection, Buffer.alloc(2), 4)
  t.strictSame(told, ['published', 'failed 3,4', 'too slow'])
})

t.test('what can not be encoded ends its connection and no other', async (t) => {
  const { writer, connection, channel } = world()
  const other = world()
  channel.write = () => {
    throw new Error('no such character')
  }
  writer.append(connection, frame, 0)
  writer.append(other.connection, frame, 0)
  writer.flush()
  t.strictSame(channel.calls, ['destroy'])
  t.equal(connection.closeDetail, 'no such character')
  t.strictSame(other.channel.calls, [`write ${frame.length}`])
})

t.test('the stream of a closing connection ends behind its last frames', async (t) => {
  const { writer, connection, channel, told } = world()
  writer.appendLast(connection, frame)
  connection.state = { kind: 'closing', deadline: 0 }
  writer.append(connection, frame, 5)
  t.strictSame(told, ['failed 5'], 'nothing follows')
  writer.flush()
  writer.written(connection)
  t.strictSame(channel.calls, [`write ${frame.length}`, 'end'])
  const resting = world()
  resting.connection.state = { kind: 'closing', deadline: 0 }
  resting.writer.endSoon(resting.connection)
  resting.writer.flush()
  t.strictSame(resting.channel.calls, ['end'])
})

t.test('nothing is written to what has closed', async (t) => {
  const { writer, connection, channel } = world()
  writer.append(connection, frame, 0)
  connection.state = { kind: 'closed' }
  writer.flush()
  writer.written(connection)
  t.strictSame(channel.calls, [])
})
