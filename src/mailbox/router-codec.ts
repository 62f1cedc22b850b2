/**
 * The layout of messages from an acceptor to the router. `relay` is written and read in place:
 *
 *      0            4        8          10          12
 *     +------------+--------+----------+-----------+----+--------------+------+--------+
 *     | connection | count  | to bytes | callbacks | to | callback ids | keys | frames |
 *     +------------+--------+----------+-----------+----+--------------+------+--------+
 *
 * Numbers are in the byte order of the machine. `to bytes` and `callbacks` are the halves of one word; the upper two bits of
 * `to bytes` say whether the messages are volatile, and whether there are keys, 16 bytes a frame. `callbacks` is the number of callback ids; each is a byte with its length, and its text.
 */
import { messageKeyBytes } from './message-key.ts'
import { KIND_HOT, KIND_HOT_TOO, KIND_PACKED, readPacked, writePacked } from './record.ts'
import type { RingReader, RingWriter } from './ring.ts'
import type { AcknowledgedMessage, RelayMessage, RouterMessage } from './router-messages.ts'

// In words of 4 bytes.
const COUNT = 1
const LENGTHS = 2
const HEAD_BYTES = 12
const ACKNOWLEDGED_BYTES = 24
// In the lower half of `LENGTHS`.
const TO_BYTES = 0x3fff
const VOLATILE = 0x4000
const KEYS = 0x8000
/** Names are rarely longer: up to here a loop is faster than a native copy. */
const shortBytesMax = 48

const none: string[] = []

/** A run of frames as the acceptor has it: the frames are `bytes[start, end)`, the receiver `to[toStart, toEnd)`. */
export interface RelayRun {
  readonly connection: number
  readonly count: number
  readonly to: Buffer
  readonly toStart: number
  readonly toEnd: number
  /** At most 65,535, each of at most 255 bytes. */
  readonly callbackIds: readonly string[]
  readonly isVolatile?: boolean
  /** See `RelayMessage`. */
  readonly keys?: Uint8Array | undefined
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Writes a run. False when the ring is full; nothing was written then. */
export function writeRelay(writer: RingWriter, run: RelayRun): boolean {
  const { callbackIds } = run
  const toBytes = run.toEnd - run.toStart
  const keyBytes = run.keys?.length ?? 0
  let payloadBytes = HEAD_BYTES + toBytes + callbackIds.length + keyBytes + run.end - run.start
  for (const id of callbackIds) payloadBytes += Buffer.byteLength(id)
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  const { bytes, words } = writer
  const word = offset >>> 2
  words[word] = run.connection
  words[word + COUNT] = run.count
  const flags = (run.isVolatile === true ? VOLATILE : 0) | (run.keys === undefined ? 0 : KEYS)
  words[word + LENGTHS] = toBytes | flags | (callbackIds.length << 16)
  let at = offset + HEAD_BYTES
  if (toBytes > shortBytesMax) at += run.to.copy(bytes, at, run.toStart, run.toEnd)
  else for (let index = run.toStart; index < run.toEnd; index++) bytes[at++] = run.to[index] as number
  for (const id of callbackIds) {
    const idBytes = bytes.write(id, at + 1)
    bytes[at] = idBytes
    at += 1 + idBytes
  }
  if (run.keys !== undefined) {
    bytes.set(run.keys, at)
    at += keyBytes
  }
  run.bytes.copy(bytes, at, run.start, run.end)
  writer.commit(KIND_HOT, payloadBytes)
  return true
}

/**
 * Writes an acknowledgement: the connection, a word that says whether an answer is wanted, epoch and number as doubles, and
 * the `CallbackID`. False when the ring is full.
 */
export function writeAcknowledged(writer: RingWriter, message: AcknowledgedMessage): boolean {
  const { connection, epoch, seq, callbackId } = message
  const payloadBytes = ACKNOWLEDGED_BYTES + (callbackId === undefined ? 0 : Buffer.byteLength(callbackId))
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  const { bytes, words } = writer
  words[offset >>> 2] = connection
  words[(offset >>> 2) + 1] = callbackId === undefined ? 0 : 1
  bytes.writeDoubleLE(epoch, offset + 8)
  bytes.writeDoubleLE(seq, offset + 16)
  if (callbackId !== undefined) bytes.write(callbackId, offset + ACKNOWLEDGED_BYTES)
  writer.commit(KIND_HOT_TOO, payloadBytes)
  return true
}

function readAcknowledged({ bytes, words }: RingReader, offset: number, payloadBytes: number): AcknowledgedMessage {
  const asks = words[(offset >>> 2) + 1] === 1
  return {
    kind: 'acknowledged',
    connection: words[offset >>> 2] as number,
    epoch: bytes.readDoubleLE(offset + 8),
    seq: bytes.readDoubleLE(offset + 16),
    callbackId: asks ? bytes.toString('utf8', offset + ACKNOWLEDGED_BYTES, offset + payloadBytes) : undefined,
  }
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
  if (kind === KIND_HOT_TOO) return readAcknowledged(reader, offset, payloadBytes)
  if (kind === KIND_PACKED) return readPacked<RouterMessage>(reader, offset, payloadBytes)
  const { bytes, words } = reader
  const word = offset >>> 2
  const lengths = words[word + LENGTHS] as number
  const toEnd = offset + HEAD_BYTES + (lengths & TO_BYTES)
  let callbacks = lengths >>> 16
  const callbackIds: string[] = callbacks === 0 ? none : []
  let at = toEnd
  for (; callbacks > 0; callbacks--) {
    const idEnd = at + 1 + (bytes[at] as number)
    callbackIds.push(bytes.toString('utf8', at + 1, idEnd))
    at = idEnd
  }
  const count = words[word + COUNT] as number
  let keys: Uint8Array | undefined
  if ((lengths & KEYS) !== 0) {
    keys = bytes.subarray(at, at + count * messageKeyBytes)
    at += count * messageKeyBytes
  }
  return {
    kind: 'relay',
    connection: words[word] as number,
    count,
    isVolatile: (lengths & VOLATILE) !== 0,
    keys,
    to: bytes.toString('utf8', offset + HEAD_BYTES, toEnd),
    callbackIds,
    frames: bytes.subarray(at, offset + payloadBytes),
  }
}
