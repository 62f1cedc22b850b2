/**
 * Secret bytes in a type of their own: they can't be compared, printed, logged or sent to another thread by accident.
 * Whoever needs the bytes asks for them by name.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { inspect } from 'node:util'

const hidden = '[secret]'

/** Some secret bytes. */
export class Secret {
  readonly #bytes: Uint8Array

  /** @param bytes kept as they are, not copied: the caller leaves them alone from now on */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** How many bytes. */
  get length(): number {
    return this.#bytes.length
  }

  /** The bytes themselves, to hand to node:crypto, or (structured clone drops this type) to another thread. */
  reveal(): Uint8Array {
    return this.#bytes
  }

  /** Compares in a time that depends on the lengths alone: `timingSafeEqual` over hashes of both. */
  equals(other: Secret | Uint8Array): boolean {
    return secretsEqual(this.#bytes, other instanceof Secret ? other.#bytes : other)
  }

  /** What a log or a template gets to see. */
  toString(): string {
    return hidden
  }

  /** What JSON gets to see. */
  toJSON(): string {
    return hidden
  }

  /** What `console.log` gets to see. */
  [inspect.custom](): string {
    return hidden
  }
}

/**
 * Compares secret bytes, tags or MACs. Hashed first, so that unequal lengths neither throw (as `timingSafeEqual` does)
 * nor answer sooner.
 */
export function secretsEqual(one: Uint8Array, other: Uint8Array): boolean {
  return timingSafeEqual(sha256(one), sha256(other))
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
