import t from 'tap'
import { createRing, RingReader, RingWriter } from '../../src/mailbox/ring.ts'
import { type Outbox, Sender, type Write } from '../../src/mailbox/sender.ts'

/** A mailbox that notes what it is asked. */
function openOutbox(): { outbox: Outbox; reader: RingReader; asked: string[] } {
  const ring = createRing(1024)
  const writer = new RingWriter(ring)
  const asked: string[] = []
  const outbox: Outbox = {
    outbox: writer,
    publish: () => {
      asked.push('publish')
      writer.publish()
    },
    waitForSpace: () => {
      asked.push('waitForSpace')
      writer.publish()
      writer.waitForSpace()
    },
  }
  return { outbox, reader: new RingReader(ring), asked }
}

/** Writes a record of 200 bytes: four fit into the ring. */
function message(kind: number): Write {
  return (writer) => {
    if (writer.reserve(200) === -1) return false
    writer.commit(kind, 200)
    return true
  }
}

function take(reader: RingReader, recordsMax = 100): number[] {
  const kinds: number[] = []
  reader.drain((kind) => kinds.push(kind) > 0, recordsMax)
  return kinds
}

t.test('writes at once while there is space', async (t) => {
  const { outbox, reader, asked } = openOutbox()
  const sender = new Sender(outbox)
  t.equal(sender.freeBytes(), 1024)
  t.equal(sender.tryWrite(message(1)), true)
  t.equal(sender.freeBytes(), 1024 - 208)
  t.equal(sender.isBlocked(), false)
  sender.publish()
  t.strictSame(take(reader), [1])
  t.strictSame(asked, ['publish'])
})

t.test('what is owed goes out in order, before anything newer', async (t) => {
  const { outbox, reader, asked } = openOutbox()
  const sender = new Sender(outbox)
  let kind = 0
  while (sender.tryWrite(message(kind))) kind++
  t.equal(kind, 4)
  sender.owe(message(4))
  sender.owe(message(5))
  t.strictSame(asked, ['waitForSpace'], 'once')
  t.equal(sender.isBlocked(), true)
  t.equal(sender.freeBytes(), 0)
  t.strictSame(take(reader, 1), [0])
  t.equal(sender.tryWrite(message(99)), false, 'nothing overtakes what is owed')
  t.equal(sender.settle(), false, 'there was room for one')
  t.strictSame(asked, ['waitForSpace', 'waitForSpace'])
  t.strictSame(take(reader), [1, 2, 3, 4])
  t.equal(sender.settle(), true)
  t.equal(sender.isBlocked(), false)
  t.equal(asked.at(-1), 'publish', 'what was written is shown')
  t.strictSame(take(reader), [5])
  t.equal(sender.tryWrite(message(6)), true)
})

t.test('settling when nothing is owed is nothing', async (t) => {
  const { outbox } = openOutbox()
  const sender = new Sender(outbox)
  t.equal(sender.settle(), true)
  sender.waitForSpace()
  t.equal(sender.isBlocked(), false)
})
