import t from 'tap'
import { readAcceptorMessage, writeAcceptorMessage } from '../../src/mailbox/acceptor-codec.ts'
import type { AcceptorMessage } from '../../src/mailbox/acceptor-messages.ts'
import { createRing, RingReader, RingWriter } from '../../src/mailbox/ring.ts'

/** Sends messages through a ring; what they hold of it is copied, as their receiver has to. */
function through(messages: readonly AcceptorMessage[]): AcceptorMessage[] {
  const ring = createRing(65_536)
  const writer = new RingWriter(ring)
  const reader = new RingReader(ring)
  for (const message of messages) if (!writeAcceptorMessage(writer, message)) throw new Error('no room')
  writer.publish()
  const result: AcceptorMessage[] = []
  reader.drain((kind, offset, payloadBytes) => {
    const message = readAcceptorMessage(reader, kind, offset, payloadBytes)
    result.push('frames' in message ? { ...message, frames: Buffer.from(message.frames) } : message)
    return true
  }, 100)
  return result
}

const frames = Buffer.from('027b7d03027b7d03', 'hex')
const policies = { signedOnly: true, endToEnd: 'require' } as const

t.test('every message comes out as it went in', async (t) => {
  const messages: AcceptorMessage[] = [
    { kind: 'deliver', connection: 1, receipt: 0, frames },
    { kind: 'deliver', connection: 2 ** 32 - 1, receipt: 2 ** 32 - 1, frames: Buffer.alloc(0) },
    { kind: 'deliverAll', audience: 'sessions', exceptUser: undefined, frames },
    { kind: 'deliverAll', audience: 'watchers', exceptUser: '__proto__', frames },
    { kind: 'beginSession', connection: 3, user: '李雷', frames, policies, keys: [['t', 'n']] },
    { kind: 'changeSession', connection: 3, policies, keys: [] },
    { kind: 'verified', connection: 3, count: 2, refused: { bad_signature: 1 } },
    { kind: 'refuseLogin', connection: 4, frames },
    { kind: 'watch', connection: 5, on: true },
    { kind: 'close', connection: 6, reason: 'kicked', message: 'An operator ended this session.' },
    { kind: 'quiesce' },
    { kind: 'drain', deadlineMs: 10_000 },
  ]
  t.strictSame(through(messages), messages)
})

t.test('a full ring is false, and nothing was written', async (t) => {
  const writer = new RingWriter(createRing(1024))
  const message: AcceptorMessage = { kind: 'deliver', connection: 1, receipt: 1, frames: Buffer.alloc(400) }
  t.equal(writeAcceptorMessage(writer, message), true)
  t.equal(writeAcceptorMessage(writer, message), true)
  const free = writer.freeBytes()
  t.equal(writeAcceptorMessage(writer, message), false)
  t.equal(writer.freeBytes(), free)
})
