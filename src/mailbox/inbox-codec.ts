/**
 * The layout of a run on its way to the storage thread. Numbers are little-endian; three doubles, then five words:
 *
 *      0       8     16        24       28      32           36           40          44
 *     +-------+-----+---------+--------+-------+------------+------------+-----------+------+------+-----+--------+
 *     | epoch | seq | expires | ticket | count | user bytes | note bytes | ids bytes | user | note | ids | frames |
 *     +-------+-----+---------+--------+-------+------------+------------+-----------+------+------+-----+--------+
 */
import type { InboxRun, Ticket } from './inbox-messages.ts'
import type { RingWriter } from './ring.ts'

/** The kind of a record that holds a run to be stored. */
export const storeAppendKind = 3
/** The kind of a record that holds an `AppendedMessage`, as MessagePack. */
export const storeAppendedKind = 4

const HEAD_BYTES = 44

/** A run as the storage thread takes it in. */
export interface TicketedRun extends InboxRun {
  readonly ticket: Ticket
}

/** How many bytes of payload a run takes in the ring. */
export function runRecordBytes(run: InboxRun): number {
  return HEAD_BYTES + Buffer.byteLength(run.user) + run.note.length + run.ids.length + run.frames.length
}

/** Writes a run. False when the ring is full; nothing was written then. */
export function writeRun(writer: RingWriter, run: InboxRun, ticket: Ticket): boolean {
  const payloadBytes = runRecordBytes(run)
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  const { bytes } = writer
  bytes.writeDoubleLE(run.epoch, offset)
  bytes.writeDoubleLE(run.seq, offset + 8)
  bytes.writeDoubleLE(run.expires, offset + 16)
  bytes.writeUInt32LE(ticket, offset + 24)
  bytes.writeUInt32LE(run.count, offset + 28)
  let at = offset + HEAD_BYTES
  const userBytes = bytes.write(run.user, at)
  bytes.writeUInt32LE(userBytes, offset + 32)
  bytes.writeUInt32LE(run.note.length, offset + 36)
  bytes.writeUInt32LE(run.ids.length, offset + 40)
  at += userBytes
  bytes.set(run.note, at)
  at += run.note.length
  bytes.set(run.ids, at)
  at += run.ids.length
  bytes.set(run.frames, at)
  writer.commit(storeAppendKind, payloadBytes)
  return true
}

/** Reads a run out of a ring's memory; nothing in it refers to that memory any more. */
export function readRun(ring: Buffer, offset: number, payloadBytes: number): TicketedRun {
  // A copy first: the ring's memory is given back before the group is written.
  const bytes = Buffer.allocUnsafe(payloadBytes)
  ring.copy(bytes, 0, offset, offset + payloadBytes)
  const userEnd = HEAD_BYTES + bytes.readUInt32LE(32)
  const noteEnd = userEnd + bytes.readUInt32LE(36)
  const idsEnd = noteEnd + bytes.readUInt32LE(40)
  return {
    epoch: bytes.readDoubleLE(0),
    seq: bytes.readDoubleLE(8),
    expires: bytes.readDoubleLE(16),
    ticket: bytes.readUInt32LE(24),
    count: bytes.readUInt32LE(28),
    user: bytes.toString('utf8', HEAD_BYTES, userEnd),
    note: bytes.subarray(userEnd, noteEnd),
    ids: bytes.subarray(noteEnd, idsEnd),
    frames: bytes.subarray(idsEnd),
  }
}
