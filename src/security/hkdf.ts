/** The second half of HKDF (RFC 5869 section 2.3), which node:crypto only has together with the first. */
import { createHmac } from 'node:crypto'

const hashBytes = 32

/**
 * HKDF-Expand with SHA-256.
 *
 * @param key a key that is uniformly random already
 * @param info what the new key is for; text stands as UTF-8
 * @throws RangeError for more than 255 hashes
 */
export function hkdfExpand(key: Uint8Array, info: string | Uint8Array, byteLength: number): Buffer {
  if (byteLength > 255 * hashBytes) throw new RangeError('HKDF-Expand gives at most 8160 bytes')
  const blocks: Buffer[] = []
  let block = Buffer.alloc(0)
  for (let index = 1; blocks.length * hashBytes < byteLength; index++) {
    block = createHmac('sha256', key).update(block).update(info).update(Buffer.of(index)).digest()
    blocks.push(block)
  }
  return Buffer.concat(blocks, byteLength)
}
