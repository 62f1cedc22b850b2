import t from 'tap'
import { readAcceptorMessage } from '../../src/mailbox/acceptor-codec.ts'
import { createRing, RingReader, RingWriter } from '../../src/mailbox/ring.ts'
import { AcceptorLink } from '../../src/router/acceptor-link.ts'

t.test('without credit nothing new is taken in; what one event causes is copied and owed', (t) => {
  const memory = createRing(2 ** 21)
  const outbox = new RingWriter(memory)
  const reader = new RingReader(memory)
  const publish = (): void => {
    outbox.publish()
  }
  const link = new AcceptorLink({ outbox, publish, waitForSpace: publish })
  t.ok(link.hasCredit())
  const frames = Buffer.alloc(500_000)
  for (let index = 0; index < 6; index++) {
    frames.fill(index)
    link.send({ kind: 'deliver', connection: index, receipt: 0, frames })
  }
  t.notOk(link.hasCredit())
  frames.fill(0xff)
  const got: number[] = []
  for (let round = 0; round < 10; round++) {
    link.settle()
    publish()
    reader.drain((kind, offset, payloadBytes) => {
      const message = readAcceptorMessage(reader, kind, offset, payloadBytes)
      if (message.kind !== 'deliver') return true
      t.ok(Buffer.from(message.frames).every((byte) => byte === message.connection))
      got.push(message.connection)
      return true
    }, 100)
  }
  t.strictSame(got, [0, 1, 2, 3, 4, 5])
  t.ok(link.hasCredit())
  t.end()
})
