/**
 * How a key's thumbprint is shown to people: its 32 bytes in base32 (RFC 4648: A–Z and 2–7, in capitals), in 13 blocks of four.
 * No list of words is needed, every language has a base32, and nothing depends on capitals, 0 and O, or 1 and I.
 */
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { isThumbprint } from './jwk.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const thumbprintBytes = 32
const blockCharacters = 4
const blocksShape = /^[A-Z2-7]{51}[AQ]$/

/**
 * The blocks of a thumbprint: `ABCD-EFGH-…`, 64 characters.
 *
 * @throws RangeError for text that is no thumbprint
 */
export function fingerprintBlocks(thumbprint: string): string {
  const bytes = decodeBase64Url(thumbprint, thumbprintBytes)
  if (bytes === undefined) throw new RangeError('not a thumbprint')
  let text = ''
  let bits = 0
  let value = 0
  for (const byte of bytes) {
    value = ((value << 8) | byte) & 0xfff
    bits += 8
    for (; bits >= 5; bits -= 5) text += alphabet[(value >> (bits - 5)) & 31]
  }
  text += alphabet[(value << (5 - bits)) & 31]
  return (text.match(/.{4}/g) ?? []).join('-')
}

/**
 * Reads a fingerprint that a person typed or copied: a thumbprint as it is, or its blocks in any case, with spaces, hyphens or nothing
 * between them.
 *
 * @returns the thumbprint, or undefined for anything else
 */
export function readFingerprint(text: string): string | undefined {
  const trimmed = text.trim()
  const asItIs: unknown = trimmed
  if (isThumbprint(asItIs)) return asItIs
  if (trimmed.length > 2 * thumbprintBytes * blockCharacters) return undefined
  const blocks = trimmed.replaceAll(/[\s-]/g, '').toUpperCase()
  if (!blocksShape.test(blocks)) return undefined
  const bytes = Buffer.alloc(thumbprintBytes)
  let offset = 0
  let bits = 0
  let value = 0
  for (const character of blocks) {
    value = ((value << 5) | alphabet.indexOf(character)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes[offset++] = value >> bits
  }
  return encodeBase64Url(bytes)
}
