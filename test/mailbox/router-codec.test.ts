import { inspect, isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { messageKeyBytes } from '../../src/mailbox/message-key.ts'
import { createRing, RingReader, RingWriter } from '../../src/mailbox/ring.ts'
import { type RelayRun, readRouterMessage, writeRelay, writeRouterMessage } from '../../src/mailbox/router-codec.ts'
import type { RelayMessage, RouterMessage } from '../../src/mailbox/router-messages.ts'

/** Takes all messages; what they hold of the ring is copied, as their receiver has to. */
function takeAll(reader: RingReader): RouterMessage[] {
  const result: RouterMessage[] = []
  reader.drain((kind, offset, payloadBytes) => {
    const message = readRouterMessage(reader, kind, offset, payloadBytes)
    result.push(message.kind === 'relay' ? { ...message, frames: Buffer.from(message.frames) } : message)
    return true
  }, 100)
  return result
}

t.test('a run of frames comes out as it went in', async () => {
  const run = fc.record({
    connection: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    count: fc.integer({ min: 1, max: 4 }),
    isVolatile: fc.boolean(),
    hasKeys: fc.boolean(),
    to: fc.oneof(
      fc.constantFrom('__proto__', '😀'.repeat(64), 'a\\b'),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 16 }),
    ),
    callbackIds: fc.array(fc.oneof(fc.string({ maxLength: 64, unit: 'grapheme' }), fc.constant('x'.repeat(255))), {
      maxLength: 4,
    }),
    frames: fc.uint8Array({ maxLength: 300 }),
    before: fc.nat(5),
  })
  fc.assert(
    fc.property(fc.array(run, { maxLength: 5 }), (runs) => {
      const ring = createRing(65_536)
      const writer = new RingWriter(ring)
      const expected: RelayMessage[] = runs.map(
        ({ connection, count, isVolatile, hasKeys, to, callbackIds, frames, before }) => {
          const keys = hasKeys ? Buffer.alloc(count * messageKeyBytes, count) : undefined
          const bytes = Buffer.concat([Buffer.alloc(before, 0xee), frames, Buffer.of(0xee)])
          const written: RelayRun = {
            connection,
            count,
            to: Buffer.from(`<${to}>`),
            toStart: 1,
            toEnd: 1 + Buffer.byteLength(to),
            callbackIds,
            isVolatile,
            keys,
            bytes,
            start: before,
            end: before + frames.length,
          }
          if (!writeRelay(writer, written)) throw new Error('no room')
          return { kind: 'relay', connection, to, callbackIds, count, isVolatile, keys, frames: Buffer.from(frames) }
        },
      )
      writer.publish()
      const actual = takeAll(new RingReader(ring))
      if (!isDeepStrictEqual(actual, expected)) throw new Error(`${inspect(actual)} is not ${inspect(expected)}`)
    }),
    { numRuns: 300 },
  )
})

t.test('every other message comes out as it went in', async (t) => {
  const messages: Exclude<RouterMessage, RelayMessage>[] = [
    { kind: 'authenticate', connection: 1, address: '::1', callbackId: undefined, content: '{"UserId":"a"}' },
    { kind: 'request', connection: 2, type: 'KickRequest', callbackId: 'c', content: '{}', frame: undefined },
    { kind: 'written', receipts: [1, 2 ** 32 - 1], completed: false },
    { kind: 'closed', connection: 2 ** 32 - 1 },
    { kind: 'event', event: { name: 'listenFailed', listener: 'tcp', host: '::', port: 7700, code: 'EADDRINUSE' } },
    {
      kind: 'event',
      event: {
        name: 'connectionClosed',
        connection: 1,
        address: 'a',
        user: '李雷',
        reason: 'peer',
        detail: undefined,
        receivedBytes: 2 ** 40,
        sentBytes: 0,
      },
    },
    { kind: 'event', event: { name: 'drained' } },
  ]
  const ring = createRing(65_536)
  const writer = new RingWriter(ring)
  for (const message of messages) t.ok(writeRouterMessage(writer, message))
  t.ok(
    writeRouterMessage(writer, {
      kind: 'request',
      connection: 2,
      type: 'BroadcastRequest',
      callbackId: 'c',
      content: '{}',
      frame: Buffer.of(2, 3),
    }),
  )
  writer.publish()
  const taken = takeAll(new RingReader(ring))
  const broadcast = taken.pop()
  t.strictSame(taken, messages)
  t.strictSame(broadcast?.kind === 'request' && [...(broadcast.frame ?? [])], [2, 3])
})

t.test('a full ring is false, and nothing was written', async (t) => {
  const writer = new RingWriter(createRing(1024))
  const run: RelayRun = {
    connection: 1,
    count: 1,
    to: Buffer.from('bob'),
    toStart: 0,
    toEnd: 3,
    callbackIds: [],
    bytes: Buffer.alloc(400),
    start: 0,
    end: 400,
  }
  t.equal(writeRelay(writer, run), true)
  t.equal(writeRelay(writer, run), true)
  const free = writer.freeBytes()
  t.equal(writeRelay(writer, run), false)
  t.equal(writer.freeBytes(), free)
})
