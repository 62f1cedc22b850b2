/** A thread that writes numbered records as fast as it can, until its number is reached or it is ended. */
import { workerData } from 'node:worker_threads'
import { type RingMemory, RingWriter } from '../../src/mailbox/ring.ts'
import { fillRecord, randomOf, recordSize } from './random.ts'

/** What the thread is told. */
export interface RingWriterData {
  readonly ring: RingMemory
  readonly seed: number
  /** How many records; then the thread ends. */
  readonly records: number
  /** Leave a record half written after the last one, and never end. */
  readonly diesMidRecord: boolean
  /** One word: the count of records that were published. */
  readonly published: SharedArrayBuffer
}

run(workerData as RingWriterData)

function run(data: RingWriterData): void {
  const random = randomOf(data.seed)
  const published = new Int32Array(data.published)
  const writer = new RingWriter(data.ring)
  for (let sequence = 0; sequence < data.records; ) {
    const batchEnd = Math.min(data.records, sequence + 1 + random(20))
    for (; sequence < batchEnd; sequence++) {
      const reservedBytes = recordSize(random, writer.payloadBytesMax)
      let offset = writer.reserve(reservedBytes)
      while (offset === -1) {
        writer.publish()
        Atomics.store(published, 0, sequence)
        // A short sleep of the thread: the main thread has one of two cores at least.
        Atomics.wait(published, 1, 0, 0.02)
        offset = writer.reserve(reservedBytes)
      }
      const payloadBytes = random(4) === 0 ? Math.max(8, reservedBytes - random(40)) : reservedBytes
      fillRecord(writer.bytes, offset, payloadBytes, sequence)
      writer.commit(sequence, payloadBytes)
    }
    writer.publish()
    Atomics.store(published, 0, sequence)
    if (random(50) === 0) Atomics.wait(published, 1, 0, random(3))
  }
  if (!data.diesMidRecord) return
  let offset = writer.reserve(100)
  while (offset === -1) {
    Atomics.wait(published, 1, 0, 0.1)
    offset = writer.reserve(100)
  }
  writer.bytes.fill(0xee, offset, offset + 50)
  Atomics.store(published, 1, 1)
  Atomics.notify(published, 1)
  for (;;) Atomics.wait(published, 1, 1)
}
