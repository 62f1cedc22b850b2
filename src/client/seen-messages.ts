/**
 * Remembers which messages have come, by their sender's `ClientMsgId`: a sender that did not hear what became of a message
 * sends it again, and a server that died meanwhile may not know that it was delivered.
 */
import type { IncomingMessage } from './message.ts'

/** How many messages are remembered at least; twice as many at most. */
export const seenMessagesMax = 10_000

/** See the head of the file. */
export class SeenMessages {
  readonly #max: number
  /** Two generations: a set that loses its oldest entry one by one gets slow. */
  #young = new Set<string>()
  #old: ReadonlySet<string> = new Set()

  constructor(max: number = seenMessagesMax) {
    this.#max = max
  }

  /** Notes a message; false when it has come before. One without a `ClientMsgId` is always new. */
  add({ from, type, envelope }: IncomingMessage): boolean {
    const { ClientMsgId: id, Content: content = '' } = envelope
    if (from === '' || typeof id !== 'string' || id === '') return true
    // Ids are unique for one device of the sender only: two devices may count from 1, but hardly with the same words.
    const key = `${from}\n${id}\n${type}\n${content.length} ${hash(content)}`
    if (this.#young.has(key) || this.#old.has(key)) return false
    this.#young.add(key)
    if (this.#young.size >= this.#max) {
      this.#old = this.#young
      this.#young = new Set()
    }
    return true
  }
}

/** FNV-1a over UTF-16 units, twice with other bases: 64 bits against accidents, not against malice. */
function hash(text: string): string {
  let [first, second] = [0x811c9dc5, 0x1000193]
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    first = Math.imul(first ^ unit, 0x01000193)
    second = Math.imul(second ^ unit, 0x85ebca6b)
  }
  return `${(first >>> 0).toString(36)}-${(second >>> 0).toString(36)}`
}
