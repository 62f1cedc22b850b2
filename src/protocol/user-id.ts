/** The rule for names of users and devices, the same wherever one enters. */

/** The most code points that a `UserId` may have. */
export const userIdCodePointsMax = 64

// Control, format, surrogate, private-use and unassigned characters (C), and all white space (Z and \s).
const forbidden = /[\p{C}\p{Z}\s]/u
const plainAscii = /^[\x21-\x7e]{1,64}$/

/**
 * Says what is wrong with a user's name, or nothing when it may be used. A name is NFC, 1 to 64 code
 * points, without control, format or white-space characters, and is compared exactly.
 */
export function userIdFault(name: string): string | undefined {
  if (plainAscii.test(name)) return undefined
  if (name === '') return 'a UserId must not be empty'
  if (name.length > 2 * userIdCodePointsMax || [...name].length > userIdCodePointsMax) {
    return `a UserId has at most ${userIdCodePointsMax} characters`
  }
  if (forbidden.test(name)) return 'a UserId must not contain control, format or white-space characters'
  if (name.normalize('NFC') !== name) return 'a UserId must be in Unicode normalization form C (NFC)'
  return undefined
}
