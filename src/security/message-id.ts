/** Names of messages: `e3-17-5b0c…`, the epoch, the number within it and a digest of the receiver, so that no two are the same. Pure. */
import { createHash } from 'node:crypto'

const tagDigits = 12

/** The part of a message's name that stands for its receiver: 12 hexadecimal digits of SHA-256. */
export function receiverTag(user: string): string {
  return createHash('sha256').update(user).digest('hex').slice(0, tagDigits)
}

/** An epoch as clients see it. */
export function epochText(epoch: number): string {
  return `e${epoch}`
}

/** The number of an epoch; undefined when the text names none that a server can have given. */
export function epochOf(text: string): number | undefined {
  if (!/^e(0|[1-9]\d{0,14})$/.test(text)) return undefined
  return Number(text.slice(1))
}

/** What the name of a message says: its place, and the tag of its receiver; undefined for what is no such name. */
export function placeOfMessage(
  text: string,
): { readonly epoch: number; readonly seq: number; readonly tag: string } | undefined {
  const found = /^e([1-9]\d{0,14})-([1-9]\d{0,14})-([0-9a-f]{12})$/.exec(text)
  if (found === null) return undefined
  return { epoch: Number(found[1]), seq: Number(found[2]), tag: found[3] ?? '' }
}

/** The name of a message. `tag` is the receiver's, see {@link receiverTag}. */
export function messageId(epoch: number, seq: number, tag: string): string {
  return `e${epoch}-${seq}-${tag}`
}
