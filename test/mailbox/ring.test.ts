/** The ring alone, against a model, and between real threads. */
import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import t from 'tap'
import { createRing, RingReader, RingWriter } from '../../src/mailbox/ring.ts'
import { fillRecord, newSeed, randomOf, recordProblem, recordSize } from './random.ts'
import type { RingWriterData } from './ring-writer.worker.ts'

function openRing(bytes: number): { writer: RingWriter; reader: RingReader } {
  const ring = createRing(bytes)
  return { writer: new RingWriter(ring), reader: new RingReader(ring) }
}

/** Writes a record of that many bytes, all of the value `fill`. False when there is no room. */
function write(writer: RingWriter, payloadBytes: number, fill = 0): boolean {
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  writer.bytes.fill(fill, offset, offset + payloadBytes)
  writer.commit(fill, payloadBytes)
  return true
}

/** Takes up to `recordsMax` records: kind and payload in hex. */
function take(reader: RingReader, recordsMax = Number.MAX_SAFE_INTEGER): string[] {
  const records: string[] = []
  reader.drain((kind, offset, payloadBytes) => {
    records.push(`${kind}:${reader.bytes.toString('hex', offset, offset + payloadBytes)}`)
    return true
  }, recordsMax)
  return records
}

t.test('a capacity is a power of two from 1 KiB to 1 GiB', async (t) => {
  for (const bytes of [0, -1, 512, 1000, 1025, 1536, 2 ** 31, Number.NaN, 1024.5])
    t.throws(() => createRing(bytes), RangeError)
  t.equal(new RingWriter(createRing(1024)).freeBytes(), 1024)
  t.equal(new RingWriter(createRing(2 ** 20)).freeBytes(), 2 ** 20)
})

t.test('records come out in order, whole, once', async (t) => {
  const { writer, reader } = openRing(1024)
  for (const [fill, payloadBytes] of [0, 1, 7, 8, 9].entries()) t.ok(write(writer, payloadBytes, fill))
  writer.publish()
  t.strictSame(take(reader), ['0:', '1:01', '2:02020202020202', '3:0303030303030303', '4:040404040404040404'])
  t.strictSame(take(reader), [])
})

t.test('what was not published is not there', async (t) => {
  const { writer, reader } = openRing(1024)
  write(writer, 4, 1)
  t.strictSame(take(reader), [])
  t.equal(reader.hasMore(), false)
  writer.publish()
  t.equal(reader.hasMore(), true)
  const offset = writer.reserve(4)
  writer.bytes.fill(0xee, offset, offset + 4)
  writer.publish()
  t.strictSame(take(reader), ['1:01010101'], 'nor is a record that is still open')
})

t.test('a record may become shorter than was reserved, never longer', async (t) => {
  const { writer, reader } = openRing(1024)
  const offset = writer.reserve(100)
  writer.bytes.fill(7, offset, offset + 100)
  writer.commit(1, 2)
  write(writer, 1, 3)
  writer.publish()
  t.strictSame(take(reader), ['1:0707', '3:03'])
  t.throws(() => writer.commit(1, 0), /no reserve/)
  writer.reserve(10)
  t.throws(() => writer.commit(1, 11), /no reserve/)
})

t.test('the largest payload fits at every position; one byte more never', async (t) => {
  const { writer, reader } = openRing(1024)
  t.equal(writer.payloadBytesMax, 504)
  t.throws(() => writer.reserve(505), RangeError)
  for (let position = 0; position < 300; position++) {
    t.ok(write(writer, writer.payloadBytesMax, 1))
    writer.publish()
    t.equal(take(reader).length, 1)
    t.ok(write(writer, 3, 2))
    writer.publish()
    t.strictSame(take(reader), ['2:020202'])
  }
})

t.test('a full ring takes nothing, and all of it comes out', async (t) => {
  const { writer, reader } = openRing(1024)
  let written = 0
  while (write(writer, 8, written)) written++
  t.equal(written, 64)
  t.equal(writer.freeBytes(), 0)
  t.equal(writer.reserve(0), -1)
  writer.publish()
  t.equal(take(reader, 1).length, 1)
  t.equal(writer.freeBytes(), 16)
  t.ok(write(writer, 8, 64))
  t.notOk(write(writer, 0))
  writer.publish()
  t.equal(take(reader).length, 64)
})

t.test('a record that the handler refuses stays first', async (t) => {
  const { writer, reader } = openRing(1024)
  for (let fill = 0; fill < 3; fill++) write(writer, 1, fill)
  writer.publish()
  const seen: number[] = []
  const taken = reader.drain((kind) => {
    seen.push(kind)
    return kind !== 1
  }, 10)
  t.strictSame([taken, seen], [1, [0, 1]])
  t.strictSame(take(reader), ['1:01', '2:02'])
})

t.test('a record on which the handler throws is taken, and the space of all before it is free', async (t) => {
  const { writer, reader } = openRing(1024)
  for (let fill = 0; fill < 3; fill++) write(writer, 1, fill)
  writer.publish()
  t.throws(
    () =>
      reader.drain((kind) => {
        if (kind === 1) throw new Error('broken')
        return true
      }, 10),
    /broken/,
  )
  t.equal(writer.freeBytes(), 1024 - 16)
  t.strictSame(take(reader), ['2:02'])
})

t.test('a drain takes no more records than it may; padding is no record', async (t) => {
  const { writer, reader } = openRing(1024)
  write(writer, 500, 1)
  writer.publish()
  take(reader)
  write(writer, 400, 2)
  write(writer, 400, 3)
  write(writer, 0, 4)
  writer.publish()
  t.equal(take(reader, 1).length, 1)
  t.match(take(reader, 1), [/^3:/])
  t.strictSame(take(reader, 0), [])
  t.strictSame(take(reader, 5), ['4:'])
})

t.test('positions go on over 2^32', async (t) => {
  const ring = createRing(1024)
  const control = new Int32Array(ring.memory)
  // Head and tail are the first words of the first two cache lines.
  control[0] = -64
  control[16] = -64
  const writer = new RingWriter(ring)
  const reader = new RingReader(ring)
  for (let round = 0; round < 100; round++) {
    for (let fill = 0; fill < 5; fill++) t.ok(write(writer, 20, fill))
    writer.publish()
    t.equal(reader.hasMore(), true)
    t.equal(take(reader).length, 5)
    t.equal(reader.hasMore(), false)
    t.equal(writer.freeBytes(), 1024)
  }
})

t.test('a writer and a reader that come later find where the others were', async (t) => {
  const ring = createRing(1024)
  const first = new RingWriter(ring)
  write(first, 4, 1)
  first.publish()
  write(first, 4, 0xee)
  const second = new RingWriter(ring)
  write(second, 2, 2)
  second.publish()
  const reader = new RingReader(ring)
  t.strictSame(take(reader, 1), ['1:01010101'])
  t.strictSame(take(new RingReader(ring)), ['2:0202'], 'what the first did not publish is gone')
})

t.test('publish says once for each sleep that the reader must be woken', async (t) => {
  const { writer, reader } = openRing(1024)
  write(writer, 1)
  t.equal(writer.publish(), false, 'nobody sleeps')
  t.equal(reader.sleep(), false, 'there is something to take')
  take(reader)
  t.equal(reader.sleep(), true)
  t.equal(writer.publish(), false, 'nothing new')
  write(writer, 1)
  t.equal(writer.publish(), true)
  write(writer, 1)
  t.equal(writer.publish(), false, 'it was told before')
})

t.test('the reader owes a signal once for each wait, when half of the ring is free', async (t) => {
  const { writer, reader } = openRing(1024)
  t.equal(writer.waitForSpace(), false, 'all is free')
  for (let record = 0; record < 8; record++) write(writer, 120)
  writer.publish()
  t.equal(reader.owesSpaceSignal(), false, 'nobody waits')
  t.equal(writer.waitForSpace(), true)
  take(reader, 3)
  t.equal(reader.owesSpaceSignal(), false, '384 bytes are free')
  take(reader, 1)
  t.equal(reader.owesSpaceSignal(), true, '512 bytes are free')
  t.equal(reader.owesSpaceSignal(), false, 'it was told before')
  t.equal(writer.waitForSpace(), false, 'half is free still')
})

t.test('a record that needs more than half of the ring waits for as much as it needs', async (t) => {
  const { writer, reader } = openRing(1024)
  for (let record = 0; record < 4; record++) write(writer, 136)
  writer.publish()
  take(reader, 1)
  // 432 bytes are used, up to 576; 448 are left behind them, so the largest record must begin anew, after padding.
  t.equal(writer.reserve(504), -1)
  t.equal(writer.waitForSpace(), true, 'half is free, but it would be of no use: asking again at once would spin')
  take(reader, 2)
  t.equal(reader.owesSpaceSignal(), false)
  t.equal(writer.reserve(504), -1)
  take(reader, 1)
  t.equal(reader.owesSpaceSignal(), true)
  t.not(writer.reserve(504), -1)
})

t.test('random work of both ends does what a queue does', async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('write' as const),
        size: fc.oneof(fc.nat(40), fc.nat(504), fc.constant(504)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.nat(10), refuses: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('sleep' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(0, 1, -1, -3), (steps, origin) => {
      const ring = createRing(1024)
      const control = new Int32Array(ring.memory)
      control[0] = origin
      control[16] = origin
      const writer = new RingWriter(ring)
      const reader = new RingReader(ring)
      const written: number[] = []
      const published: number[] = []
      let sequence = 0
      let sleeps = false
      let waits = false
      const assert = (isRight: boolean, what: string): void => {
        if (!isRight) throw new Error(what)
      }
      for (const step of steps) {
        switch (step.do) {
          case 'write': {
            const offset = writer.reserve(step.size)
            if (offset === -1) {
              assert(written.length + published.length > 0, 'an empty ring has room for anything')
              break
            }
            writer.bytes.fill(sequence, offset, offset + step.size)
            writer.commit(sequence, step.size)
            written.push(sequence++)
            break
          }
          case 'publish': {
            const mustWake = writer.publish()
            assert(mustWake === (sleeps && written.length > 0), 'whether to wake')
            if (mustWake) sleeps = false
            published.push(...written.splice(0))
            break
          }
          case 'take': {
            if (sleeps) break
            let left = step.count
            const got: number[] = []
            reader.drain(
              (kind, offset, payloadBytes) => {
                if (step.refuses && left-- <= 0) return false
                for (let at = offset; at < offset + payloadBytes; at++)
                  assert(reader.bytes[at] === (kind & 0xff), 'content')
                got.push(kind)
                return true
              },
              step.refuses ? 1000 : step.count,
            )
            const expected = published.splice(0, step.count)
            assert(got.join() === expected.join(), `${got} is not ${expected}`)
            if (reader.owesSpaceSignal()) {
              assert(waits, 'a signal nobody asked for')
              waits = false
            } else if (waits) {
              assert(published.length + written.length > 0, 'a writer that waits at an empty ring was forgotten')
            }
            break
          }
          case 'sleep':
            if (!sleeps) sleeps = reader.sleep()
            assert(!sleeps || published.length === 0, 'asleep over records')
            break
          case 'wait':
            if (writer.publish()) sleeps = false
            published.push(...written.splice(0))
            waits = writer.waitForSpace()
            assert(!waits || published.length > 0, 'waits at an empty ring')
            break
        }
      }
    }),
    { numRuns: 3000 },
  )
})

// Real threads

interface Writing {
  readonly worker: Worker
  readonly reader: RingReader
  readonly published: Int32Array
}

function startWriter(options: { ringBytes: number; seed: number; records: number; diesMidRecord?: boolean }): Writing {
  const ring = createRing(options.ringBytes)
  const published = new SharedArrayBuffer(8)
  const { seed, records, diesMidRecord = false } = options
  const data: RingWriterData = { ring, seed, records, diesMidRecord, published }
  const worker = new Worker(new URL('./ring-writer.worker.js', import.meta.url), { workerData: data })
  return { worker, reader: new RingReader(ring), published: new Int32Array(published) }
}

/** Takes all that is there in batches of random size; gives the next record's number. Throws when one is wrong. */
function takeChecked(reader: RingReader, from: number, recordsMax: number): number {
  let sequence = from
  reader.drain((kind, offset, payloadBytes) => {
    if (kind !== sequence) throw new Error(`kind ${kind} where ${sequence} should be`)
    const problem = recordProblem(reader.bytes, offset, payloadBytes, sequence)
    if (problem !== undefined) throw new Error(problem)
    sequence++
    return true
  }, recordsMax)
  return sequence
}

for (const [ringBytes, records] of [
  [1024, 2500],
  [4096, 2500],
  [65_536, 1500],
  [2 ** 20, 200],
] as const) {
  const seed = newSeed()
  t.test(`a thread writes ${records} records through ${ringBytes} bytes (seed ${seed})`, async (t) => {
    const { worker, reader } = startWriter({ ringBytes, seed, records })
    const random = randomOf(seed + 1)
    const exit = once(worker, 'exit')
    const deadline = Date.now() + 60_000
    let sequence = 0
    while (sequence < records && Date.now() < deadline) {
      sequence = takeChecked(reader, sequence, 1 + random(100))
      await turn()
    }
    t.equal(sequence, records)
    t.strictSame(await exit, [0])
    t.equal(reader.hasMore(), false)
  })
}

t.test('a writer that dies within a record leaves only whole ones', async (t) => {
  const seed = newSeed()
  const { worker, reader, published } = startWriter({ ringBytes: 2 ** 20, seed, records: 300, diesMidRecord: true })
  const deadline = Date.now() + 60_000
  let sequence = 0
  while (Atomics.load(published, 1) === 0 && Date.now() < deadline) {
    sequence = takeChecked(reader, sequence, 10)
    await turn()
  }
  await worker.terminate()
  t.equal(takeChecked(reader, sequence, Number.MAX_SAFE_INTEGER), 300, `seed ${seed}`)
})

t.test('a writer that is ended at any moment leaves only whole records, in order', async (t) => {
  for (let round = 0; round < 4; round++) {
    const seed = newSeed() + round
    const random = randomOf(seed)
    const { worker, reader, published } = startWriter({ ringBytes: 2 ** (10 + random(11)), seed, records: 2 ** 30 })
    const until = random(400)
    let sequence = 0
    const deadline = Date.now() + 30_000
    while (sequence < until && Date.now() < deadline) {
      sequence = takeChecked(reader, sequence, 1 + random(50))
      await turn()
    }
    await worker.terminate()
    sequence = takeChecked(reader, sequence, Number.MAX_SAFE_INTEGER)
    t.ok(sequence >= Atomics.load(published, 0), `seed ${seed}: ${sequence} taken, ${published[0]} published`)
    t.equal(reader.hasMore(), false)
  }
})

t.test('sizes near the largest occur', async (t) => {
  const random = randomOf(1)
  const sizes = Array.from({ length: 1000 }, () => recordSize(random, 504))
  t.ok(sizes.includes(504) && sizes.includes(8) && Math.max(...sizes) === 504)
  const bytes = Buffer.alloc(600)
  fillRecord(bytes, 3, 100, 7)
  t.equal(recordProblem(bytes, 3, 100, 7), undefined)
  bytes[50] = 0
  t.match(recordProblem(bytes, 3, 100, 7), /damaged/)
})
