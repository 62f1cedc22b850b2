/** How messages lie in a ring: helpers for the hot layouts, and MessagePack for all the others. */
import { Packr } from 'msgpackr'
import type { RingReader, RingWriter } from './ring.ts'

/** Kinds of records in every mailbox. */
export const KIND_PACKED = 1
/** The hot layout of a mailbox: `relay` towards the router, `deliver` towards an acceptor. */
export const KIND_HOT = 2
/** The second hot layout of a mailbox: `acknowledged` towards the router, `deliverNumbered` towards an acceptor. */
export const KIND_HOT_TOO = 3

// Without records a message stands for itself: a reader that was replaced has no state to catch up on.
const packr = new Packr({ useRecords: false, encodeUndefinedAsNil: false })

/**
 * Writes a message as MessagePack.
 *
 * @returns false when the ring is full; nothing was written then.
 */
export function writePacked(writer: RingWriter, message: object): boolean {
  const packed = packr.pack(message)
  const offset = writer.reserve(packed.length)
  if (offset === -1) return false
  writer.bytes.set(packed, offset)
  writer.commit(KIND_PACKED, packed.length)
  return true
}

/** Reads a message that `writePacked` wrote. Both ends are ours, so its shape is trusted. Binary fields are copies. */
export function readPacked<Message>(reader: RingReader, offset: number, payloadBytes: number): Message {
  const copy = Buffer.allocUnsafe(payloadBytes)
  reader.bytes.copy(copy, 0, offset, offset + payloadBytes)
  return packr.unpack(copy) as Message
}
