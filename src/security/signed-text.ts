/** The form of everything that is signed, MACed or hashed over several parts: each part with its length before it. */

/** A part: text stands as UTF-8, a number as decimal ASCII, bytes as they are. */
export type SignedPart = string | number | Uint8Array

const lengthBytes = 4

/**
 * Writes a context and parts so that no other list of parts gives the same bytes: for each of them its length in bytes
 * as u32 big-endian, then its bytes.
 *
 * @param context what the signature is for, with a version; no two uses have the same
 * @throws RangeError for a number that is not a whole one from 0 on, or text that is not well-formed Unicode
 */
export function signedText(context: string, ...parts: readonly SignedPart[]): Buffer {
  const encoded = [context, ...parts].map(bytesOf)
  const text = Buffer.allocUnsafe(encoded.reduce((sum, part) => sum + lengthBytes + part.length, 0))
  let offset = 0
  for (const part of encoded) {
    offset = text.writeUInt32BE(part.length, offset)
    text.set(part, offset)
    offset += part.length
  }
  return text
}

function bytesOf(part: SignedPart): Uint8Array {
  if (typeof part === 'number') {
    if (!Number.isSafeInteger(part) || part < 0) throw new RangeError('only whole numbers from 0 on can be signed')
    return Buffer.from(String(part), 'latin1')
  }
  if (typeof part !== 'string') return part
  // A lone surrogate would become U+FFFD: two texts with one signature.
  if (loneSurrogate.test(part)) throw new RangeError('only well-formed text can be signed')
  return Buffer.from(part, 'utf8')
}

const loneSurrogate = /\p{Surrogate}/u
