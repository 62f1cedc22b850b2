/**
 * Standard base64 with padding, as sealed frames have it. Strict: each run of bytes has one text, and any other is refused. The
 * decoder of Node skips what it does not know, so what it gives is checked by its length, and the last group by writing it again.
 */

const groupCharacters = 4
const groupBytes = 3
const PAD = 0x3d
/** These stand in base64url for `+` and `/`; the decoder takes both. */
const MINUS = 0x2d
const UNDERSCORE = 0x5f

/** What is decoded comes to lie here where it fits: memory that is written again and again stays in the caches of the processor. */
const scratch: Buffer = Buffer.allocUnsafeSlow(98_304)

/** How many characters so many bytes take. */
export function base64Length(byteCount: number): number {
  return Math.ceil(byteCount / groupBytes) * groupCharacters
}

/**
 * Decodes `text[start, end)`, given as its bytes. What it gives is valid until the next call.
 *
 * @returns undefined for whatever is not exactly what encoding gives
 */
export function decodeBase64(text: Buffer, start: number, end: number): Buffer | undefined {
  const length = end - start
  if (length === 0 || length % groupCharacters !== 0) return undefined
  const padding = text[end - 1] !== PAD ? 0 : text[end - 2] !== PAD ? 1 : 2
  const byteCount = (length / groupCharacters) * groupBytes - padding
  const into = byteCount <= scratch.length ? scratch : Buffer.allocUnsafe(byteCount)
  const decoded = into.subarray(0, byteCount)
  if (decoded.write(text.toString('latin1', start, end), 'base64') !== byteCount) return undefined
  const piece = text.subarray(start, end)
  if (piece.includes(MINUS) || piece.includes(UNDERSCORE)) return undefined
  if (padding === 0) return decoded
  const last = decoded.toString('base64', decoded.length - (groupBytes - padding))
  return piece.toString('latin1', length - groupCharacters) === last ? decoded : undefined
}

/** Encodes bytes into `to` at an offset, which must have room; gives the offset after it. */
export function encodeBase64(bytes: Buffer, to: Buffer, at: number): number {
  return at + to.write(bytes.toString('base64'), at, 'latin1')
}
