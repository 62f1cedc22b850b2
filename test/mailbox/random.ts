/** Random numbers that a seed replays, and records whose content proves itself. */

/** Gives numbers from 0 to `count` - 1. Mulberry32. */
export type Random = (count: number) => number

/** The seed of this run: that of the environment variable `TEST_SEED` to replay one, else any. */
export function newSeed(): number {
  return Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
}

/** Random numbers out of a seed. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return (count) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % count
  }
}

/** The least payload that `fillRecord` takes: a number and a checksum. */
export const recordBytesMin = 8

/** A random payload size, with the smallest and the largest more often than others. */
export function recordSize(random: Random, payloadBytesMax: number): number {
  switch (random(8)) {
    case 0:
      return payloadBytesMax - random(9)
    case 1:
      return recordBytesMin + random(9)
    case 2:
      return recordBytesMin + random(payloadBytesMax - recordBytesMin + 1)
    default:
      return recordBytesMin + random(Math.min(payloadBytesMax - recordBytesMin, 200) + 1)
  }
}

/** Writes record number `sequence`: the number, a checksum, and bytes that follow from the number. */
export function fillRecord(bytes: Buffer, offset: number, payloadBytes: number, sequence: number): void {
  bytes.writeUInt32LE(sequence, offset)
  for (let at = offset + recordBytesMin; at < offset + payloadBytes; at++) bytes[at] = sequence + at - offset
  bytes.writeUInt32LE(checksum(bytes, offset, payloadBytes), offset + 4)
}

/** Says what is wrong with a record that should be number `sequence`. */
export function recordProblem(
  bytes: Buffer,
  offset: number,
  payloadBytes: number,
  sequence: number,
): string | undefined {
  const found = bytes.readUInt32LE(offset)
  if (found !== sequence) return `record ${found} where ${sequence} should be`
  if (bytes.readUInt32LE(offset + 4) !== checksum(bytes, offset, payloadBytes)) return `record ${sequence} is damaged`
  return undefined
}

/** FNV-1a over the number, the length and the bytes. */
function checksum(bytes: Buffer, offset: number, payloadBytes: number): number {
  let hash = Math.imul(0x811c9dc5 ^ payloadBytes, 0x01000193) ^ bytes.readUInt32LE(offset)
  for (let at = offset + recordBytesMin; at < offset + payloadBytes; at++) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  }
  return hash >>> 0
}
