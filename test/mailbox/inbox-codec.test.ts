import fc from 'fast-check'
import t from 'tap'
import { readRun, runRecordBytes, storeAppendKind, writeRun } from '../../src/mailbox/inbox-codec.ts'
import { createRing, RingReader, RingWriter } from '../../src/mailbox/ring.ts'

t.test('a run comes out of the ring as it went in, and no longer refers to it', async (t) => {
  const run = fc.record({
    user: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
    epoch: fc.integer({ min: 1, max: 2 ** 40 }),
    seq: fc.integer({ min: 1, max: 2 ** 50 }),
    count: fc.integer({ min: 1, max: 2 ** 31 }),
    expires: fc.integer({ min: 0, max: 2 ** 52 }),
    note: fc.uint8Array({ maxLength: 40 }),
    ids: fc.uint8Array({ maxLength: 64 }),
    frames: fc.uint8Array({ maxLength: 300 }),
  })
  const ring = createRing(4096)
  const writer = new RingWriter(ring)
  const reader = new RingReader(ring)
  fc.assert(
    fc.property(run, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (run, ticket) => {
      if (!writeRun(writer, run, ticket)) throw new Error('the ring is full')
      writer.publish()
      let found: ReturnType<typeof readRun> | undefined
      reader.drain((kind, offset, payloadBytes) => {
        if (kind !== storeAppendKind || payloadBytes !== runRecordBytes(run)) throw new Error('another record')
        found = readRun(reader.bytes, offset, payloadBytes)
        reader.bytes.fill(0, offset, offset + payloadBytes)
        return true
      }, 1)
      const plain = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex')
      const same =
        found?.user === run.user && found.epoch === run.epoch && found.seq === run.seq && found.count === run.count
      const rest = found?.expires === run.expires && found.ticket === ticket
      const bytes = plain(found?.note) === plain(run.note) && plain(found?.ids) === plain(run.ids)
      return same && rest && bytes && plain(found?.frames) === plain(run.frames)
    }),
  )
  t.pass('a property')
})

t.test('a full ring takes nothing', async (t) => {
  const writer = new RingWriter(createRing(1024))
  const nothing = new Uint8Array(0)
  const run = {
    user: 'a',
    epoch: 1,
    seq: 1,
    count: 1,
    expires: 1,
    note: nothing,
    ids: nothing,
    frames: Buffer.alloc(400),
  }
  t.equal(writeRun(writer, run, 0), true)
  t.equal(writeRun(writer, run, 1), true)
  t.equal(writeRun(writer, run, 2), false)
})
