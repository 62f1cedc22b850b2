/**
 * The directory of keys, as far as it can be believed: reads users' logs from the server, checks every entry, and compares
 * with what was read before. A log that is not the continuation of the known one is refused. For Node.
 */
import { type EnrolledKey, emptyKeyLog, extendKeyLog, extendsPin, type KeyLog } from '../security/key-log.ts'
import { safetyNumber } from '../security/safety-number.ts'
import { ParleyError } from './errors.ts'
import type { KeyPin, KeyPins } from './key-pins.ts'
import { isRecord } from './message.ts'

/** What has changed in the keys of a user since they were last looked at. */
export interface KeysChanged {
  readonly userId: string
  readonly added: readonly EnrolledKey[]
  readonly removed: readonly EnrolledKey[]
  /** An operator let the user begin anew: the new keys have nobody's word but the server's. */
  readonly beganAnew: boolean
  /** The person had compared the safety number; it is another one now. */
  readonly wasVerified: boolean
}

/** A user's keys, checked. */
export interface UserKeys {
  readonly userId: string
  readonly keys: readonly EnrolledKey[]
  /** Of this client's user and that one; 60 digits in groups of five. */
  readonly safetyNumber: string
  /** Whether the person has compared it, and it is still the same. */
  readonly verified: boolean
}

/** What a directory needs. */
export interface DirectoryOptions {
  /** Asks the server for a page of a log; the answer's content. */
  ask(userId: string, after: number | undefined): Promise<unknown>
  /** The user who is logged in. */
  self(): string
  readonly pins: KeyPins
  changed(change: KeysChanged): void
  /** Milliseconds of a clock that only goes on. */
  readonly clock?: () => number
}

/** For so long a log counts as read; a new device of somebody is seen at the latest then. Milliseconds. */
const freshMs = 30_000
/** Pages of one log, of 64 entries each. More is no log of a person. */
const pagesMax = 64
/** Logs that are kept in memory. */
const logsMax = 1_000

/** See the head of the file. */
export class Directory {
  readonly #options: DirectoryOptions
  readonly #clock: () => number
  readonly #read = new Map<string, { readonly log: KeyLog; readonly at: number }>()
  readonly #reading = new Map<string, Promise<KeyLog>>()

  constructor(options: DirectoryOptions) {
    this.#options = options
    this.#clock = options.clock ?? (() => performance.now())
  }

  /**
   * The log of a user.
   *
   * @param how `fresh`: ask the server, however short ago it was asked
   * @throws ParleyError `keys_changed` when it is not the one that is known, or not in order; what a request throws
   */
  async log(userId: string, how: 'fresh' | 'usual' = 'usual'): Promise<KeyLog> {
    const read = this.#read.get(userId)
    if (how === 'usual' && read !== undefined && this.#clock() - read.at < freshMs) return read.log
    const reading = this.#reading.get(userId) ?? this.#update(userId, read?.log)
    this.#reading.set(userId, reading)
    try {
      return await reading
    } finally {
      this.#reading.delete(userId)
    }
  }

  /** The keys of a user, and the safety number. */
  async keysOf(userId: string, how: 'fresh' | 'usual' = 'fresh'): Promise<UserKeys> {
    const log = await this.log(userId, how)
    const number = await this.#safetyNumber(log)
    const pin = await this.#options.pins.find(userId)
    return { userId, keys: [...log.keys.values()], safetyNumber: number, verified: pin?.verified === number }
  }

  /**
   * Notes that the person has compared the safety number with the user.
   *
   * @throws ParleyError `keys_changed` when it is another one by now
   */
  async verify(userId: string, number: string): Promise<void> {
    const log = await this.log(userId, 'fresh')
    if ((await this.#safetyNumber(log)) !== number) {
      throw new ParleyError('keys_changed', {
        message: `The safety number with ${userId} is another one now: compare again.`,
      })
    }
    await this.#options.pins.save(userId, { ...pinOf(log), verified: number })
  }

  /** Forgets what is known of a user: the next log that the server shows is believed, as at the first time. */
  async forget(userId: string): Promise<void> {
    this.#read.delete(userId)
    await this.#options.pins.save(userId, undefined)
  }

  /** What was read may be old: something has happened. */
  expire(userId: string): void {
    const read = this.#read.get(userId)
    if (read !== undefined) this.#read.set(userId, { ...read, at: Number.NEGATIVE_INFINITY })
  }

  async #safetyNumber(log: KeyLog): Promise<string> {
    const self = this.#options.self()
    return safetyNumber(sideOf(self === log.userId ? log : await this.log(self)), sideOf(log))
  }

  async #update(userId: string, before: KeyLog | undefined): Promise<KeyLog> {
    const pin = await this.#options.pins.find(userId)
    const known = before ?? emptyKeyLog(userId)
    const entries = await this.#pages(userId, known.length)
    const log = before === undefined ? this.#compare(userId, entries, pin) : this.#extend(before, entries, pin)
    if (this.#read.size >= logsMax) this.#read.delete(this.#read.keys().next().value ?? '')
    this.#read.set(userId, { log, at: this.#clock() })
    if (pin?.length !== log.length) await this.#options.pins.save(userId, { ...pinOf(log), verified: pin?.verified })
    return log
  }

  /** A whole log: what is remembered of it must be its beginning. */
  #compare(userId: string, entries: readonly unknown[], pin: KeyPin | undefined): KeyLog {
    const known = extended(emptyKeyLog(userId), entries.slice(0, pin?.length ?? 0))
    if (!extendsPin(known, pin)) throw notKnown(userId)
    const log = extended(known, entries.slice(known.length))
    this.#tell(known, log, pin)
    return log
  }

  #extend(before: KeyLog, entries: readonly unknown[], pin: KeyPin | undefined): KeyLog {
    const log = extended(before, entries)
    this.#tell(before, log, pin)
    return log
  }

  /** Tells what has changed since the last time; of a first time there is nothing to tell. */
  #tell(before: KeyLog, log: KeyLog, pin: KeyPin | undefined): void {
    if (before.length === 0) return
    const added = [...log.keys.values()].filter(({ thumbprint }) => !before.keys.has(thumbprint))
    const removed = [...before.keys.values()].filter(({ thumbprint }) => !log.keys.has(thumbprint))
    if (added.length + removed.length === 0) return
    const beganAnew = log.beginnings > before.beginnings
    this.#options.changed({ userId: log.userId, added, removed, beganAnew, wasVerified: pin?.verified !== undefined })
  }

  /** The entries from an index on. */
  async #pages(userId: string, from: number): Promise<unknown[]> {
    const entries: unknown[] = []
    for (let page = 0; page < pagesMax; page++) {
      const next = from + entries.length
      const content = await this.#options.ask(userId, next === 0 ? undefined : next - 1)
      if (!isRecord(content) || !Array.isArray(content['Entries']) || content['UserId'] !== userId) {
        throw new ParleyError('bad_answer', { message: `The server gave no log of the keys of ${userId}.` })
      }
      entries.push(...content['Entries'])
      if (content['More'] !== true || content['Entries'].length === 0) return entries
    }
    throw new ParleyError('bad_answer', { message: `The log of the keys of ${userId} is too long.` })
  }
}

function extended(log: KeyLog, entries: readonly unknown[]): KeyLog {
  const result = extendKeyLog(log, entries)
  if ('log' in result) return result.log
  throw new ParleyError('keys_changed', {
    message: `The log of the keys of ${log.userId} is not in order (${result.problem}): the server, or somebody, has changed it.`,
  })
}

function notKnown(userId: string): ParleyError {
  return new ParleyError('keys_changed', {
    message:
      `The log of the keys of ${userId} is not the continuation of the one that is known: the server, or somebody, has replaced it. ` +
      `Do not send ${userId} anything secret until you have compared the safety number by another way; then forget what is known.`,
  })
}

function pinOf({ length, head }: KeyLog): KeyPin {
  return { length, head }
}

function sideOf({ userId, keys }: KeyLog): { userId: string; thumbprints: string[] } {
  return { userId, thumbprints: [...keys.keys()] }
}
