/** What a client remembers of other users' keys: how far it has read their logs, and whom its person has verified. */

/** What is remembered of one user. */
export interface KeyPin {
  /** Entries of the log that were read. */
  readonly length: number
  /** The hash of the last of them. */
  readonly head: string
  /** The safety number that was compared with this user, if one was. */
  readonly verified?: string | undefined
}

/** Where pins are kept. What is kept there decides whom one believes: guard it like a key. */
export interface KeyPins {
  find(userId: string): Promise<KeyPin | undefined> | KeyPin | undefined
  /** Undefined: forget the user. */
  save(userId: string, pin: KeyPin | undefined): Promise<void> | void
}

/** Remembers for as long as the client lives. */
export class MemoryKeyPins implements KeyPins {
  readonly #byUser = new Map<string, KeyPin>()

  find(userId: string): KeyPin | undefined {
    return this.#byUser.get(userId)
  }

  save(userId: string, pin: KeyPin | undefined): void {
    if (pin === undefined) this.#byUser.delete(userId)
    else this.#byUser.set(userId, pin)
  }
}
