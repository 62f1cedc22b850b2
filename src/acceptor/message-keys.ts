/**
 * Makes the keys by which messages are known when they come again: hashes of the `ClientMsgId`, and of what the message
 * says, with secrets of the user's device, so that nobody can make two that are the same. The function is HalfSipHash-2-4
 * (Aumasson, Bernstein: SipHash, 2012; the variant for words of 32 bits). Runs on: the acceptor thread.
 */
import { createHmac } from 'node:crypto'
import { messageKeyBytes } from '../mailbox/message-key.ts'

/** Where something lies in bytes. */
export interface ByteRange {
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
}

/** What a message says, in parts that are told from one another by their order and lengths. */
export type ContentParts = readonly ByteRange[]

const WORD_BYTES = 4

/** The hashes of one session. Each call overwrites what the one before has made. */
export class MessageKeys {
  /** The key that `make` made last. */
  readonly key: Buffer = Buffer.alloc(messageKeyBytes)
  readonly #secrets: Int32Array
  #v0 = 0
  #v1 = 0
  #v2 = 0
  #v3 = 0

  /** @param scope names the device: two sessions with the same scope know each other's messages */
  constructor(secret: Uint8Array, scope: string) {
    const digest = createHmac('sha256', secret).update(scope).digest()
    this.#secrets = Int32Array.from({ length: 6 }, (_, index) => digest.readInt32LE(index * WORD_BYTES))
  }

  /** Makes the key of a message. */
  make(id: ByteRange, content: ContentParts): Buffer {
    this.#begin(0)
    this.#absorb(id)
    this.key.writeInt32LE(this.#finish(), 0)
    this.key.writeInt32LE(this.#second(), 4)
    this.#begin(2)
    this.#absorb(id)
    this.key.writeInt32LE(this.#finish(), 8)
    this.#begin(4)
    for (const part of content) this.#absorb(part)
    this.key.writeInt32LE(this.#finish(), 12)
    return this.key
  }

  #begin(secret: number): void {
    const k0 = this.#secrets[secret] as number
    const k1 = this.#secrets[secret + 1] as number
    this.#v0 = k0
    this.#v1 = k1 ^ 0xee
    this.#v2 = k0 ^ 0x6c796765
    this.#v3 = k1 ^ 0x74656462
  }

  /** Takes in a part and its length. */
  #absorb({ bytes, start, end }: ByteRange): void {
    let at = start
    for (; at + WORD_BYTES <= end; at += WORD_BYTES) {
      this.#word(
        (bytes[at] as number) |
          ((bytes[at + 1] as number) << 8) |
          ((bytes[at + 2] as number) << 16) |
          ((bytes[at + 3] as number) << 24),
      )
    }
    let last = (end - start) << 24
    for (let shift = 0; at < end; at++, shift += 8) last |= (bytes[at] as number) << shift
    this.#word(last)
  }

  #word(word: number): void {
    this.#v3 ^= word
    this.#round()
    this.#round()
    this.#v0 ^= word
  }

  #finish(): number {
    this.#v2 ^= 0xee
    for (let round = 0; round < 4; round++) this.#round()
    return this.#v1 ^ this.#v3
  }

  #second(): number {
    this.#v1 ^= 0xdd
    for (let round = 0; round < 4; round++) this.#round()
    return this.#v1 ^ this.#v3
  }

  #round(): void {
    let v0 = this.#v0
    let v1 = this.#v1
    let v2 = this.#v2
    let v3 = this.#v3
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    this.#v0 = v0
    this.#v1 = v1
    this.#v2 = v2
    this.#v3 = v3
  }
}
