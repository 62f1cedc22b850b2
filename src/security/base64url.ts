/** Base64url as the wire has it: without padding, and only the one canonical text of some bytes is read. */

/** Writes bytes as base64url without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64url')
}

/**
 * Reads base64url from a stranger.
 *
 * @param value anything: only a string is read
 * @param byteLength when given, any other number of bytes is refused, before decoding
 * @returns the bytes, or undefined for padding, other characters, an impossible length or spare bits that are not zero
 */
export function decodeBase64Url(value: unknown, byteLength?: number): Buffer | undefined {
  if (typeof value !== 'string') return undefined
  if (byteLength !== undefined && value.length !== Math.ceil((byteLength * 4) / 3)) return undefined
  const bytes = Buffer.from(value, 'base64url')
  // Node's decoder skips what it does not know and takes + and / too; only a canonical text comes out again as it was.
  if (bytes.toString('base64url') !== value) return undefined
  return byteLength === undefined || bytes.length === byteLength ? bytes : undefined
}

/** The same memory as a Buffer, which has the encodings. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
