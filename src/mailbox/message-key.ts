/**
 * How a message is known by when it comes again: a keyed hash of (user, device, `ClientMsgId`), 12 bytes, and one of what
 * it says (receiver, type and content), 4 bytes. Acceptors make them; the router and the id journal only compare.
 */

/** The bytes of one key. A key of zeros stands for a message without a `ClientMsgId`. */
export const messageKeyBytes = 16

/** Whether a key stands for no id. */
export function isBlankKey(keys: Uint8Array, at: number): boolean {
  for (let index = at; index < at + messageKeyBytes; index++) if (keys[index] !== 0) return false
  return true
}
