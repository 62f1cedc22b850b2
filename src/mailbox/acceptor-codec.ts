/**
 * The layout of messages from the router to an acceptor. `deliver` is written and read in place:
 *
 *      0            4         8
 *     +------------+---------+--------+
 *     | connection | receipt | frames |
 *     +------------+---------+--------+
 */
import type { AcceptorMessage, DeliverMessage } from './acceptor-messages.ts'
import { KIND_HOT, KIND_PACKED, readPacked, writePacked } from './record.ts'
import type { RingReader, RingWriter } from './ring.ts'

/** In words of 4 bytes. */
const RECEIPT = 1
const HEAD_BYTES = 8

function writeDeliver(writer: RingWriter, message: DeliverMessage): boolean {
  const payloadBytes = HEAD_BYTES + message.frames.length
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  const word = offset >>> 2
  writer.words[word] = message.connection
  writer.words[word + RECEIPT] = message.receipt
  writer.bytes.set(message.frames, offset + HEAD_BYTES)
  writer.commit(KIND_HOT, payloadBytes)
  return true
}

/** Writes a message. False when the ring is full; nothing was written then. */
export function writeAcceptorMessage(writer: RingWriter, message: AcceptorMessage): boolean {
  return message.kind === 'deliver' ? writeDeliver(writer, message) : writePacked(writer, message)
}

/** Reads a message. The frames of a `deliver` are a view into the ring, valid while the record is handled. */
export function readAcceptorMessage(
  reader: RingReader,
  kind: number,
  offset: number,
  payloadBytes: number,
): AcceptorMessage {
  if (kind === KIND_PACKED) return readPacked<AcceptorMessage>(reader, offset, payloadBytes)
  const { bytes } = reader
  const word = offset >>> 2
  return {
    kind: 'deliver',
    connection: reader.words[word] as number,
    receipt: reader.words[word + RECEIPT] as number,
    frames: bytes.subarray(offset + HEAD_BYTES, offset + payloadBytes),
  }
}
