/** Keys that wait for somebody's approval. Kept in memory, few a user, for an hour. Pure; the clock is passed in. */
import type { KeyCandidate } from './events.ts'

/** How many may wait, and how long. */
export interface PendingKeysLimits {
  readonly perUserMax: number
  readonly max: number
  readonly ttlMs: number
}

/** A key that waits. */
export interface PendingKey {
  readonly thumbprint: string
  readonly candidate: KeyCandidate
  /** Unix time in milliseconds. */
  readonly expires: number
}

/** See the head of the file. */
export class PendingKeys {
  readonly #limits: PendingKeysLimits
  /** By user, the oldest first; never an empty list. */
  readonly #keys = new Map<string, PendingKey[]>()
  #count = 0

  constructor(limits: PendingKeysLimits) {
    this.#limits = limits
  }

  /** How many wait, those included whose time is over and that nobody has asked for since. */
  get size(): number {
    return this.#count
  }

  /** Adds a key, or begins its time anew. False when too many wait. */
  add(thumbprint: string, candidate: KeyCandidate, now: number): boolean {
    this.take(candidate.userId, thumbprint, now)
    if (this.#count >= this.#limits.max) this.#sweep(now)
    const waiting = this.of(candidate.userId, now)
    if (waiting.length >= this.#limits.perUserMax || this.#count >= this.#limits.max) return false
    this.#replace(candidate.userId, [...waiting, { thumbprint, candidate, expires: now + this.#limits.ttlMs }])
    return true
  }

  /** The keys of a user that wait. */
  of(userId: string, now: number): readonly PendingKey[] {
    const keys = this.#keys.get(userId)
    if (keys === undefined) return []
    const waiting = keys.filter(({ expires }) => expires > now)
    if (waiting.length < keys.length) this.#replace(userId, waiting)
    return waiting
  }

  find(userId: string, thumbprint: string, now: number): PendingKey | undefined {
    return this.of(userId, now).find((key) => key.thumbprint === thumbprint)
  }

  /** Takes a key out; undefined when it does not wait. */
  take(userId: string, thumbprint: string, now: number): PendingKey | undefined {
    const found = this.find(userId, thumbprint, now)
    if (found !== undefined)
      this.#replace(
        userId,
        this.of(userId, now).filter((key) => key !== found),
      )
    return found
  }

  /** Forgets all keys of a user. */
  forget(userId: string): void {
    this.#replace(userId, [])
  }

  #replace(userId: string, keys: PendingKey[]): void {
    this.#count += keys.length - (this.#keys.get(userId)?.length ?? 0)
    if (keys.length === 0) this.#keys.delete(userId)
    else this.#keys.set(userId, keys)
  }

  #sweep(now: number): void {
    for (const userId of [...this.#keys.keys()]) this.of(userId, now)
  }
}
