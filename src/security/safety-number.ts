/**
 * The safety number of two users: 60 digits that are the same on both sides when both see the same keys, to be compared by voice or
 * on paper. As in Signal: 30 digits for each of the two, the smaller half first.
 */
import { createHash } from 'node:crypto'
import { signedText } from './signed-text.ts'

/** A user and the thumbprints of all keys that are enrolled for them, in any order. */
export interface SafetyNumberSide {
  readonly userId: string
  readonly thumbprints: readonly string[]
}

const context = 'parley safety number v1'
const groups = 6
const groupBytes = 5
const groupDigits = 5

/** The number as 12 groups of 5 digits with spaces between. It changes when either user's keys do. */
export function safetyNumber(one: SafetyNumberSide, other: SafetyNumberSide): string {
  return [halfOf(one), halfOf(other)].sort().join(' ')
}

/** Each 5 bytes of the hash, as a big-endian number modulo 100,000, are 5 digits; the last 2 bytes are not used. */
function halfOf({ userId, thumbprints }: SafetyNumberSide): string {
  const sorted = [...new Set(thumbprints)].sort()
  const hash = createHash('sha256')
    .update(signedText(context, userId, ...sorted))
    .digest()
  return Array.from({ length: groups }, (_, index) => {
    const number = hash.readUIntBE(index * groupBytes, groupBytes) % 10 ** groupDigits
    return String(number).padStart(groupDigits, '0')
  }).join(' ')
}
