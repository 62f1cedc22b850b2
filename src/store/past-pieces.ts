/**
 * The pieces of a row of the history as they lie in it, one after the other, little-endian:
 *
 *      0       8     16     24      28           32         33
 *     +-------+-----+------+-------+------------+----------+
 *     | epoch | seq | time | count | byte count | is low   |
 *     +-------+-----+------+-------+------------+----------+
 */
import type { Piece } from './conversation.ts'

const PIECE_BYTES = 33

/** The bytes of pieces. */
export function packPieces(pieces: readonly Piece[]): Buffer {
  const bytes = Buffer.allocUnsafe(pieces.length * PIECE_BYTES)
  let at = 0
  for (const piece of pieces) {
    bytes.writeDoubleLE(piece.epoch, at)
    bytes.writeDoubleLE(piece.seq, at + 8)
    bytes.writeDoubleLE(piece.time, at + 16)
    bytes.writeUInt32LE(piece.count, at + 24)
    bytes.writeUInt32LE(piece.byteCount, at + 28)
    bytes.writeUInt8(piece.isLow ? 1 : 0, at + 32)
    at += PIECE_BYTES
  }
  return bytes
}

/** Reads what `packPieces` made; its checksum was compared before. */
export function unpackPieces(packed: Uint8Array): readonly Piece[] {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength)
  return Array.from({ length: bytes.length / PIECE_BYTES }, (_, index) => {
    const at = index * PIECE_BYTES
    return {
      epoch: bytes.readDoubleLE(at),
      seq: bytes.readDoubleLE(at + 8),
      time: bytes.readDoubleLE(at + 16),
      count: bytes.readUInt32LE(at + 24),
      byteCount: bytes.readUInt32LE(at + 28),
      isLow: bytes.readUInt8(at + 32) === 1,
    }
  })
}
