/**
 * The layout of messages from an acceptor to the router. `relay` is written and read in place:
 *
 *      0            4        8          10          12
 *     +------------+--------+----------+-----------+----+--------------+--------+
 *     | connection | count  | to bytes | callbacks | to | callback ids | frames |
 *     +------------+--------+----------+-----------+----+--------------+--------+
 *
 * Numbers are in the byte order of the machine. `to bytes` and `callbacks` are the halves of one word. `callbacks` is the number of callback ids; each is a byte with its length, and its text.
 */
import { KIND_HOT, KIND_PACKED, readPacked, writePacked } from './record.ts'
import type { RingReader, RingWriter } from './ring.ts'
import type { RelayMessage, RouterMessage } from './router-messages.ts'

// In words of 4 bytes.
const COUNT = 1
const LENGTHS = 2
const HEAD_BYTES = 12
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
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

/** Writes a run. False when the ring is full; nothing was written then. */
export function writeRelay(writer: RingWriter, run: RelayRun): boolean {
  const { callbackIds } = run
  const toBytes = run.toEnd - run.toStart
  let payloadBytes = HEAD_BYTES + toBytes + callbackIds.length + run.end - run.start
  for (const id of callbackIds) payloadBytes += Buffer.byteLength(id)
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  const { bytes, words } = writer
  const word = offset >>> 2
  words[word] = run.connection
  words[word + COUNT] = run.count
  words[word + LENGTHS] = toBytes | (callbackIds.length << 16)
  let at = offset + HEAD_BYTES
  if (toBytes > shortBytesMax) at += run.to.copy(bytes, at, run.toStart, run.toEnd)
  else for (let index = run.toStart; index < run.toEnd; index++) bytes[at++] = run.to[index] as number
  for (const id of callbackIds) {
    const idBytes = bytes.write(id, at + 1)
    bytes[at] = idBytes
    at += 1 + idBytes
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
  const { bytes, words } = reader
  const word = offset >>> 2
  const lengths = words[word + LENGTHS] as number
  const toEnd = offset + HEAD_BYTES + (lengths & 0xffff)
  let callbacks = lengths >>> 16
  const callbackIds: string[] = callbacks === 0 ? none : []
  let at = toEnd
  for (; callbacks > 0; callbacks--) {
    const idEnd = at + 1 + (bytes[at] as number)
    callbackIds.push(bytes.toString('utf8', at + 1, idEnd))
    at = idEnd
  }
  return {
    kind: 'relay',
    connection: words[word] as number,
    count: words[word + COUNT] as number,
    to: bytes.toString('utf8', offset + HEAD_BYTES, toEnd),
    callbackIds,
    frames: bytes.subarray(at, offset + payloadBytes),
  }
}
