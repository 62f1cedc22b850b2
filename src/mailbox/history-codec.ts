/**
 * The layout of a run on its way to the history in the storage thread. Numbers are little-endian; three doubles, then three words:
 *
 *      0       8     16     24      28           32         36
 *     +-------+-----+------+-------+------------+----------+------+----+--------+
 *     | epoch | seq | time | count | from bytes | to bytes | from | to | frames |
 *     +-------+-----+------+-------+------------+----------+------+----+--------+
 */
import type { HistoryRun } from './history-messages.ts'
import type { RingWriter } from './ring.ts'

/** The kind of a record that holds a run for the history. */
export const storeHistoryKind = 5
/** The kind of a record that holds a `HistoryDoneMessage`, as MessagePack. */
export const storeHistoryDoneKind = 6

const HEAD_BYTES = 36

/** How many bytes of payload a run takes in the ring. */
export function historyRecordBytes(run: HistoryRun): number {
  return HEAD_BYTES + Buffer.byteLength(run.from) + Buffer.byteLength(run.to) + run.frames.length
}

/** Writes a run. False when the ring is full; nothing was written then. */
export function writeHistoryRun(writer: RingWriter, run: HistoryRun): boolean {
  const payloadBytes = historyRecordBytes(run)
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  const { bytes } = writer
  bytes.writeDoubleLE(run.epoch, offset)
  bytes.writeDoubleLE(run.seq, offset + 8)
  bytes.writeDoubleLE(run.time, offset + 16)
  bytes.writeUInt32LE(run.count, offset + 24)
  let at = offset + HEAD_BYTES
  const fromBytes = bytes.write(run.from, at)
  at += fromBytes
  const toBytes = bytes.write(run.to, at)
  at += toBytes
  bytes.writeUInt32LE(fromBytes, offset + 28)
  bytes.writeUInt32LE(toBytes, offset + 32)
  bytes.set(run.frames, at)
  writer.commit(storeHistoryKind, payloadBytes)
  return true
}

/** Reads a run out of a ring's memory; nothing in it refers to that memory any more. */
export function readHistoryRun(ring: Buffer, offset: number, payloadBytes: number): HistoryRun {
  // A copy first: the ring's memory is given back before the group is written.
  const bytes = Buffer.allocUnsafe(payloadBytes)
  ring.copy(bytes, 0, offset, offset + payloadBytes)
  const fromEnd = HEAD_BYTES + bytes.readUInt32LE(28)
  const toEnd = fromEnd + bytes.readUInt32LE(32)
  return {
    epoch: bytes.readDoubleLE(0),
    seq: bytes.readDoubleLE(8),
    time: bytes.readDoubleLE(16),
    count: bytes.readUInt32LE(24),
    from: bytes.toString('utf8', HEAD_BYTES, fromEnd),
    to: bytes.toString('utf8', fromEnd, toEnd),
    frames: bytes.subarray(toEnd),
  }
}
