import t from 'tap'
import { KIND_HOT, KIND_PACKED, readPacked, writePacked } from '../../src/mailbox/record.ts'
import { createRing, RingReader, RingWriter } from '../../src/mailbox/ring.ts'

/** Sends a message through a ring and back. */
function through(message: object): unknown {
  const ring = createRing(65_536)
  const writer = new RingWriter(ring)
  const reader = new RingReader(ring)
  if (!writePacked(writer, message)) throw new Error('no room')
  writer.publish()
  let result: unknown
  reader.drain((kind, offset, payloadBytes) => {
    t.equal(kind, KIND_PACKED)
    result = readPacked(reader, offset, payloadBytes)
    return true
  }, 1)
  // What was read must not lie in the ring.
  reader.bytes.fill(0xff)
  return result
}

t.test('messages come out as they went in', async (t) => {
  const messages: object[] = [
    {},
    { a: undefined, b: null, c: true, d: '', e: [] },
    { small: 0, negative: -1, large: 2 ** 53 - 1, time: 1_763_000_000_123, fraction: 0.1, connection: 2 ** 32 - 1 },
    { text: '李雷😀\u0000"\\', long: 'é'.repeat(10_000), names: ['__proto__', 'constructor'] },
    { deep: [{ a: [{ b: {} }] }] },
  ]
  for (const message of messages) t.strictSame(through(message), message)
})

t.test('bytes come out as bytes of their own', async (t) => {
  const result = through({
    frames: Buffer.from('hello'),
    array: Uint8Array.of(1, 2, 3),
    empty: Buffer.alloc(0),
  }) as Record<string, Uint8Array>
  t.strictSame(
    Object.values(result).map((bytes) => [...bytes]),
    [[104, 101, 108, 108, 111], [1, 2, 3], []],
  )
})

t.test('two messages of one shape do not lean on each other: a reader may be new', async (t) => {
  const ring = createRing(1024)
  const writer = new RingWriter(ring)
  for (let id = 0; id < 3; id++) writePacked(writer, { id, name: 'x' })
  writer.publish()
  const ids: unknown[] = []
  for (let round = 0; round < 3; round++) {
    const reader = new RingReader(ring)
    reader.drain(
      (_, offset, payloadBytes) => ids.push(readPacked<{ id: number }>(reader, offset, payloadBytes).id) > 0,
      1,
    )
  }
  t.strictSame(ids, [0, 1, 2])
})

t.test('a full ring is false, and nothing was written', async (t) => {
  const ring = createRing(1024)
  const writer = new RingWriter(ring)
  let count = 0
  while (writePacked(writer, { text: 'x'.repeat(100) })) count++
  const free = writer.freeBytes()
  t.equal(writePacked(writer, { text: 'x'.repeat(100) }), false)
  t.equal(writer.freeBytes(), free)
  writer.publish()
  t.equal(
    new RingReader(ring).drain(() => true, 100),
    count,
  )
  t.not(KIND_HOT, KIND_PACKED)
})
