/** CRC-32 (ISO 3309, as in zip and PNG): finds bytes that changed on the disk, which SQLite alone does not look for. */
import * as zlib from 'node:zlib'

/**
 * The checksum of bytes or of a text's UTF-8, going on from another one.
 *
 * @returns an unsigned number of 32 bits
 */
export function crc32(data: Uint8Array | string, before = 0): number {
  return native === undefined ? crc32ByTable(data, before) : native(data, before)
}

/** Node has it since 20.15 and 22.2, with the processor's own instructions. */
const native: ((data: Uint8Array | string, before?: number) => number) | undefined = (
  zlib as { crc32?: typeof zlib.crc32 }
).crc32

const table = makeTable()

/** The same without help: for the first versions of Node 20. */
export function crc32ByTable(data: Uint8Array | string, before = 0): number {
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  let crc = ~before
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return ~crc >>> 0
}

function makeTable(): Int32Array {
  const entries = new Int32Array(256)
  for (let index = 0; index < 256; index++) {
    let entry = index
    for (let bit = 0; bit < 8; bit++) entry = entry & 1 ? (entry >>> 1) ^ 0xedb8_8320 : entry >>> 1
    entries[index] = entry
  }
  return entries
}
