/**
 * The layout of messages from an acceptor to the router. `relay` is written and read in place:
 *
 *      0            4        8          10               12
 *     +------------+--------+----------+----------------+----+-------------+--------+
 *     | connection | count  | to bytes | callback bytes | to | callback id | frames |
 *     +------------+--------+----------+----------------+----+-------------+--------+
 *
 * Numbers are little-endian; `callback bytes` is 0xffff where no answer is wanted.
 */
import { KIND_HOT, KIND_PACKED, readPacked, writePacked } from './record.ts'
import type { RingReader, RingWriter } from './ring.ts'
import type { RelayMessage, RouterMessage } from './router-messages.ts'

const COUNT = 4
const TO_BYTES = 8
const CALLBACK_BYTES = 10
const HEAD_BYTES = 12
const NO_CALLBACK = 0xffff

/** A run of frames as the acceptor has it: the frames are `bytes[start, end)`. */
export interface RelayRun {
  readonly connection: number
  readonly count: number
  readonly to: Buffer
  readonly callbackId: string | undefined
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Writes a run. False when the ring is full; nothing was written then. */
export function writeRelay(writer: RingWriter, run: RelayRun): boolean {
  const callback = run.callbackId === undefined ? undefined : Buffer.from(run.callbackId, 'utf8')
  const callbackBytes = callback?.length ?? 0
  const toBytes = run.to.length
  const payloadBytes = HEAD_BYTES + toBytes + callbackBytes + run.end - run.start
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  const bytes = writer.bytes
  bytes.writeUInt32LE(run.connection, offset)
  bytes.writeUInt32LE(run.count, offset + COUNT)
  bytes.writeUInt16LE(toBytes, offset + TO_BYTES)
  bytes.writeUInt16LE(callback === undefined ? NO_CALLBACK : callbackBytes, offset + CALLBACK_BYTES)
  let at = offset + HEAD_BYTES
  run.to.copy(bytes, at, 0, toBytes)
  at += toBytes
  if (callback !== undefined) {
    callback.copy(bytes, at)
    at += callbackBytes
  }
  run.bytes.copy(bytes, at, run.start, run.end)
  writer.commit(KIND_HOT, payloadBytes)
  return true
}

/** Writes any other message. False when the ring is full. */
export function writeRouterMessage(writer: RingWriter, message: Exclude<RouterMessage, RelayMessage>): boolean {
  return writePacked(writer, message)
}

/** Reads a message. The frames of a `relay` are a view into the ring, valid while the record is handled. */
export function readRouterMessage(
  reader: RingReader,
  kind: number,
  offset: number,
  payloadBytes: number,
): RouterMessage {
  if (kind === KIND_PACKED) return readPacked<RouterMessage>(reader, offset, payloadBytes)
  const bytes = reader.bytes
  const toEnd = offset + HEAD_BYTES + bytes.readUInt16LE(offset + TO_BYTES)
  const callbackBytes = bytes.readUInt16LE(offset + CALLBACK_BYTES)
  const framesStart = callbackBytes === NO_CALLBACK ? toEnd : toEnd + callbackBytes
  return {
    kind: 'relay',
    connection: bytes.readUInt32LE(offset),
    count: bytes.readUInt32LE(offset + COUNT),
    to: bytes.toString('utf8', offset + HEAD_BYTES, toEnd),
    callbackId: callbackBytes === NO_CALLBACK ? undefined : bytes.toString('utf8', toEnd, framesStart),
    frames: bytes.subarray(framesStart, offset + payloadBytes),
  }
}
