import t from 'tap'
import { RouterLink } from '../../src/acceptor/router-link.ts'
import { createRing, RingReader, RingWriter } from '../../src/mailbox/ring.ts'
import { readRouterMessage } from '../../src/mailbox/router-codec.ts'
import type { RouterMessage } from '../../src/mailbox/router-messages.ts'

/** A link whose ring somebody reads only when told. */
function link(): { link: RouterLink; read: () => RouterMessage[]; asked: () => number } {
  const memory = createRing(1024)
  const outbox = new RingWriter(memory)
  const reader = new RingReader(memory)
  let waits = 0
  return {
    link: new RouterLink({
      outbox,
      publish: () => {
        outbox.publish()
      },
      waitForSpace: () => {
        outbox.publish()
        waits++
      },
    }),
    read: () => {
      outbox.publish()
      const messages: RouterMessage[] = []
      reader.drain((kind, offset, payloadBytes) => {
        const message = readRouterMessage(reader, kind, offset, payloadBytes)
        messages.push('frames' in message ? { ...message, frames: Buffer.from(message.frames) } : message)
        return true
      }, 1000)
      return messages
    },
    asked: () => waits,
  }
}

t.test('what finds the ring full is copied, owed, and sent in order once there is space', (t) => {
  const { link: sender, read, asked } = link()
  const bytes = Buffer.alloc(100)
  const sent: string[] = []
  for (let index = 0; index < 20; index++) {
    bytes.fill(index)
    const run = {
      connection: 1,
      count: 1,
      to: Buffer.from('bob'),
      toStart: 0,
      toEnd: 3,
      callbackIds: [],
      bytes,
      start: 0,
      end: 100,
    }
    if (index % 2 === 0) sender.relay(run)
    else sender.send({ kind: 'closed', connection: index })
    sent.push(index % 2 === 0 ? `relay ${index}` : `closed ${index}`)
  }
  // The chunk is used again by its owner.
  bytes.fill(0xff)
  t.ok(sender.isBlocked())
  t.equal(asked(), 1)
  const received: string[] = []
  let rounds = 0
  do {
    for (const message of read()) {
      if (message.kind === 'relay') {
        received.push(`relay ${message.frames[0]}`)
        t.ok(message.frames.every((byte) => byte === message.frames[0]))
      } else if (message.kind === 'closed') received.push(`closed ${message.connection}`)
    }
    rounds++
  } while (!sender.settle() && rounds < 100)
  for (const message of read())
    if (message.kind === 'relay') received.push(`relay ${message.frames[0]}`)
    else if (message.kind === 'closed') received.push(`closed ${message.connection}`)
  t.strictSame(received, sent)
  t.notOk(sender.isBlocked())
  t.end()
})

t.test('events are dropped and counted when the ring is full, messages are not', (t) => {
  const { link: sender } = link()
  for (let index = 0; index < 100; index++) sender.event({ name: 'refused', address: 'a', reason: 'server_busy' })
  t.ok(sender.droppedEvents() > 50)
  t.notOk(sender.isBlocked(), 'a dropped event holds nobody up')
  t.end()
})
