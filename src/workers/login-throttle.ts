/**
 * Slows down guessing. Pure: failures are counted per account and per address, and the state and the moment say
 * how long an attempt has to wait. It never locks anybody out: a wait has a cap, and a good login forgives.
 */

/** Whom an attempt counts for. */
export interface LoginParty {
  readonly userId: string
  /** The peer's address as limits count it. */
  readonly address: string
}

/** The first wait; each further failure doubles it. */
export const loginDelayFirstMs = 100
/** No attempt waits longer than that. */
export const loginDelayMaxMs = 5000
/** Failures of an address that cost nothing: whole offices are behind one. */
export const addressFailuresFree = 20
/** Failures fade evenly, and the last is forgotten after that time without another. */
export const failuresForgottenMs = 15 * 60_000
/** The most accounts, and the most addresses, that are remembered; the one that failed longest ago goes first. */
export const throttleEntriesMax = 50_000

/** Failures beyond which the wait no longer grows are not counted, or a long attack would take long to fade. */
const failuresAtCap = 1 + Math.ceil(Math.log2(loginDelayMaxMs / loginDelayFirstMs))

interface FailureCount {
  readonly failures: number
  /** Milliseconds on the caller's clock. */
  readonly lastAt: number
}

/** Failures by name, in the order of the last failure, bounded. */
class FailureTable {
  readonly #countMax: number
  readonly #entriesMax: number
  readonly #entries = new Map<string, FailureCount>()

  constructor(options: { readonly countMax: number; readonly entriesMax: number }) {
    this.#countMax = options.countMax
    this.#entriesMax = options.entriesMax
  }

  get size(): number {
    return this.#entries.size
  }

  /** Failures that are not forgotten yet; between whole ones while they fade. */
  failures(name: string, now: number): number {
    const entry = this.#entries.get(name)
    if (entry === undefined) return 0
    const rest = 1 - (now - entry.lastAt) / failuresForgottenMs
    return rest <= 0 ? 0 : entry.failures * Math.min(rest, 1)
  }

  add(name: string, now: number): void {
    const failures = Math.min(this.failures(name, now) + 1, this.#countMax)
    // Out and in again: a Map keeps the order of insertion, so the first is the one that failed longest ago.
    this.#entries.delete(name)
    this.#entries.set(name, { failures, lastAt: now })
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#entriesMax && now - entry.lastAt < failuresForgottenMs) break
      this.#entries.delete(oldest)
    }
  }

  forgive(name: string): void {
    this.#entries.delete(name)
  }
}

/** Failures that are remembered, and the waits that follow from them. Times are milliseconds on one clock of the caller. */
export class LoginThrottle {
  readonly #accounts: FailureTable
  readonly #addresses: FailureTable

  constructor(options: { readonly entriesMax: number } = { entriesMax: throttleEntriesMax }) {
    this.#accounts = new FailureTable({ countMax: failuresAtCap, entriesMax: options.entriesMax })
    this.#addresses = new FailureTable({
      countMax: addressFailuresFree + failuresAtCap,
      entriesMax: options.entriesMax,
    })
  }

  /** How many accounts and addresses are remembered. */
  get size(): { readonly accounts: number; readonly addresses: number } {
    return { accounts: this.#accounts.size, addresses: this.#addresses.size }
  }

  /** How long an attempt has to wait before its password is checked: 0 to 5 s. */
  delayMs(party: LoginParty, now: number): number {
    const account = delayOf(this.#accounts.failures(party.userId, now))
    return Math.max(account, this.addressDelayMs(party.address, now))
  }

  /** The wait for what an address does without an account, such as making one. */
  addressDelayMs(address: string, now: number): number {
    return delayOf(this.#addresses.failures(address, now) - addressFailuresFree)
  }

  /** Counts a wrong password or token. */
  failed(party: LoginParty, now: number): void {
    this.#accounts.add(party.userId, now)
    this.addressFailed(party.address, now)
  }

  /** Counts against an address alone. */
  addressFailed(address: string, now: number): void {
    this.#addresses.add(address, now)
  }

  /** A good login: account and address begin anew. */
  succeeded(party: LoginParty): void {
    this.#accounts.forgive(party.userId)
    this.#addresses.forgive(party.address)
  }
}

/** 100 ms after the first failure, doubled by each further one; nothing once the first has faded half. */
function delayOf(failures: number): number {
  const whole = Math.round(failures)
  return whole <= 0 ? 0 : Math.min(loginDelayFirstMs * 2 ** (whole - 1), loginDelayMaxMs)
}
