/**
 * The layout of messages from the router to an acceptor. `deliver` is written and read in place:
 *
 *      0            4         8
 *     +------------+---------+--------+
 *     | connection | receipt | frames |
 *     +------------+---------+--------+
 *
 * `deliverNumbered` has epoch, number and server time as doubles, little-endian, before its frames.
 */
import type { AcceptorMessage, DeliverMessage, DeliverNumberedMessage } from './acceptor-messages.ts'
import { KIND_HOT, KIND_HOT_TOO, KIND_PACKED, readPacked, writePacked } from './record.ts'
import type { RingReader, RingWriter } from './ring.ts'

/** In words of 4 bytes. */
const RECEIPT = 1
const HEAD_BYTES = 8
const NUMBERED_BYTES = 32

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

function writeNumbered(writer: RingWriter, message: DeliverNumberedMessage): boolean {
  const payloadBytes = NUMBERED_BYTES + message.frames.length
  const offset = writer.reserve(payloadBytes)
  if (offset === -1) return false
  const { bytes, words } = writer
  const word = offset >>> 2
  words[word] = message.connection
  words[word + RECEIPT] = message.receipt
  bytes.writeDoubleLE(message.epoch, offset + 8)
  bytes.writeDoubleLE(message.seq, offset + 16)
  bytes.writeDoubleLE(message.serverTime, offset + 24)
  bytes.set(message.frames, offset + NUMBERED_BYTES)
  writer.commit(KIND_HOT_TOO, payloadBytes)
  return true
}

function readNumbered({ bytes, words }: RingReader, offset: number, payloadBytes: number): DeliverNumberedMessage {
  const word = offset >>> 2
  return {
    kind: 'deliverNumbered',
    connection: words[word] as number,
    receipt: words[word + RECEIPT] as number,
    epoch: bytes.readDoubleLE(offset + 8),
    seq: bytes.readDoubleLE(offset + 16),
    serverTime: bytes.readDoubleLE(offset + 24),
    frames: bytes.subarray(offset + NUMBERED_BYTES, offset + payloadBytes),
  }
}

/** Writes a message. False when the ring is full; nothing was written then. */
export function writeAcceptorMessage(writer: RingWriter, message: AcceptorMessage): boolean {
  switch (message.kind) {
    case 'deliver':
      return writeDeliver(writer, message)
    case 'deliverNumbered':
      return writeNumbered(writer, message)
    default:
      return writePacked(writer, message)
  }
}

/** Reads a message. The frames of a `deliver` are a view into the ring, valid while the record is handled. */
export function readAcceptorMessage(
  reader: RingReader,
  kind: number,
  offset: number,
  payloadBytes: number,
): AcceptorMessage {
  if (kind === KIND_HOT_TOO) return readNumbered(reader, offset, payloadBytes)
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
