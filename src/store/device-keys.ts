/**
 * Whose key is whose: the keys of users in the database, and the log of each user's keys, in which every entry is chained
 * to the one before by its hash. Synchronous, like {@link Accounts}; what must be one commit is called in one.
 */
import type Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import type { AccountKey, DeviceKey, KeyLogEntry, StoreCalls } from '../mailbox/store-messages.ts'
import { keyDirectoryPageMax, type RsaPublicKey } from '../protocol/entities/keys.ts'
import { emptyKeyLog, entryHash, firstKey, operator } from '../security/key-log.ts'
import { integers } from './segment-table.ts'
import { type StoredText, textOf, texts } from './stored-text.ts'

/** What device keys need of the world. */
export interface DeviceKeysOptions {
  readonly database: Database.Database
  /** Unix milliseconds. */
  readonly now: () => number
  readonly limits: DeviceKeyLimits
}

/** Limits on the keys of one user. */
export interface DeviceKeyLimits {
  /** Keys that count at once. */
  readonly enrolledMax: number
  /** Keys ever, those that were revoked included: they are never forgotten. */
  readonly everMax: number
}

type Take<Name extends keyof StoreCalls> = StoreCalls[Name]['take']
type Give<Name extends keyof StoreCalls> = StoreCalls[Name]['give']

interface KeyRow {
  readonly thumbprint: string
  readonly modulus: string
  readonly exponent: string
  readonly device_id: string
  readonly enrolled_at: number
  readonly approved_by: string
  readonly revoked_at: number | null
}

interface LogRow {
  readonly number: number
  readonly kind: 'enrol' | 'revoke'
  readonly time: number
  readonly thumbprint: string
  readonly approved_by: string
  readonly server: string
  readonly signature: string
  readonly previous: string
  readonly hash: string
}

const keyTexts = ['thumbprint', 'modulus', 'exponent', 'device_id', 'approved_by'] as const
const keyColumns = `${texts(...keyTexts)}, ${integers('enrolled_at', 'revoked_at')}`
const logTexts = ['kind', 'thumbprint', 'approved_by', 'server', 'signature', 'previous', 'hash'] as const
const logColumns = `${integers('number', 'time')}, ${texts(...logTexts)}`

/** What an entry says, but for its place in the chain. */
type LogFact = Pick<KeyLogEntry, 'kind' | 'thumbprint' | 'key' | 'deviceId' | 'approvedBy' | 'server' | 'signature'>

/** The keys of one database. Methods throw {@link StoreError} or what SQLite throws. */
export class DeviceKeys {
  readonly #now: () => number
  readonly #limits: DeviceKeyLimits
  readonly #userExists: Database.Statement
  readonly #find: Database.Statement
  readonly #list: Database.Statement
  readonly #insert: Database.Statement
  readonly #setRevoked: Database.Statement
  readonly #lastOfLog: Database.Statement
  readonly #readLog: Database.Statement
  readonly #append: Database.Statement
  readonly #isReset: Database.Statement
  readonly #setReset: Database.Statement
  readonly #endReset: Database.Statement

  constructor(options: DeviceKeysOptions) {
    const { database } = options
    this.#now = options.now
    this.#limits = options.limits
    this.#userExists = database.prepare('SELECT 1 FROM accounts WHERE user_id = ?')
    this.#find = database.prepare(`SELECT ${keyColumns} FROM device_keys WHERE user_id = ? AND thumbprint = ?`)
    this.#list = database.prepare(
      `SELECT ${keyColumns} FROM device_keys WHERE user_id = ? ORDER BY device_keys.enrolled_at, device_keys.thumbprint`,
    )
    this.#insert = database.prepare(
      `INSERT INTO device_keys (user_id, thumbprint, modulus, exponent, device_id, enrolled_at, approved_by, revoked_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, NULL)`,
    )
    this.#setRevoked = database.prepare(
      `UPDATE device_keys SET revoked_at = ? WHERE user_id = ? AND thumbprint = ? AND revoked_at IS NULL
       RETURNING ${keyColumns}`,
    )
    this.#lastOfLog = database.prepare(
      `SELECT ${integers('number', 'time')}, ${texts('hash')} FROM key_log
       WHERE user_id = ? ORDER BY key_log.number DESC LIMIT 1`,
    )
    this.#readLog = database.prepare(
      `SELECT ${logColumns} FROM key_log
       WHERE user_id = ? AND key_log.number >= ? ORDER BY key_log.number LIMIT ?`,
    )
    this.#append = database.prepare(
      `INSERT INTO key_log (user_id, number, kind, time, thumbprint, approved_by, server, signature, previous, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#isReset = database.prepare('SELECT 1 FROM key_resets WHERE user_id = ?')
    this.#setReset = database.prepare('INSERT INTO key_resets (user_id) VALUES (?) ON CONFLICT (user_id) DO NOTHING')
    this.#endReset = database.prepare('DELETE FROM key_resets WHERE user_id = ?')
  }

  /** What of a user's keys decides on logins and signatures. */
  keysOf(userId: string): readonly AccountKey[] {
    return this.#rows(userId).map((row) => ({
      thumbprint: row.thumbprint,
      key: jwkOf(row),
      revoked: row.revoked_at !== null,
    }))
  }

  /** See {@link StoreCalls}. */
  enrolKey(take: Take<'enrolKey'>): Give<'enrolKey'> {
    const { userId, thumbprint, approvedBy, deviceId, key } = take
    this.#requireUser(userId)
    const rows = this.#rows(userId)
    const known = rows.find((row) => row.thumbprint === thumbprint)
    if (known?.revoked_at === null) return deviceKeyOf(known)
    if (known !== undefined)
      throw new StoreError('key_refused', 'This key was revoked; a revoked key never comes back.')
    this.#requireApproval(userId, approvedBy, rows)
    const enrolled = rows.filter((row) => row.revoked_at === null).length
    if (enrolled >= this.#limits.enrolledMax) {
      throw new StoreError('key_refused', `The user has ${enrolled} enrolled keys, the most that may be: revoke one.`)
    }
    if (rows.length >= this.#limits.everMax) {
      throw new StoreError('key_refused', `The user has had ${rows.length} keys, the most that may be.`)
    }
    const now = this.#now()
    this.#insert.run([userId, thumbprint, key.n, key.e, deviceId, now, approvedBy])
    const isVouchedFor = approvedBy !== firstKey && approvedBy !== operator
    const { server, signature } = isVouchedFor ? take : unsigned
    this.#log(userId, { kind: 'enrol', thumbprint, key, deviceId, approvedBy, server, signature }, now)
    this.#endReset.run([userId])
    return { thumbprint, key, deviceId, enrolledAt: now, approvedBy, revokedAt: undefined }
  }

  #requireApproval(userId: string, approvedBy: string, rows: readonly KeyRow[]): void {
    if (approvedBy === operator) return
    if (approvedBy !== firstKey) {
      if (rows.some((row) => row.thumbprint === approvedBy && row.revoked_at === null)) return
      throw new StoreError('key_refused', 'The key that approves is not enrolled for this user.')
    }
    if (rows.length === 0) return
    const isReset = rows.every((row) => row.revoked_at !== null) && this.#isReset.get([userId]) !== undefined
    if (!isReset) throw new StoreError('approval_required', 'The user has had keys before: this one must be approved.')
  }

  /** See {@link StoreCalls}. */
  revokeKey(take: Take<'revokeKey'>): Give<'revokeKey'> {
    this.#requireUser(take.userId)
    const { userId, thumbprint, by } = take
    const counts = (row: KeyRow): boolean => row.thumbprint === by && row.revoked_at === null
    // A session whose own key is not enrolled speaks in the name of the key that it takes out.
    const isKnown = by === operator || this.#rows(userId).some(counts)
    const revoked = this.#revoke(userId, thumbprint, isKnown ? by : thumbprint)
    if (revoked === undefined) throw new StoreError('key_unknown', 'The user has no such enrolled key.')
    return revoked
  }

  /** See {@link StoreCalls}. */
  resetKeys(take: Take<'resetKeys'>): Give<'resetKeys'> {
    this.#requireUser(take.userId)
    return this.forgetUser(take.userId)
  }

  /** The account is going, or its keys are: none of them counts any more, and the next one is a first key. */
  forgetUser(userId: string): readonly DeviceKey[] {
    const revoked = this.#rows(userId)
      .filter((row) => row.revoked_at === null)
      .map((row) => this.#revoke(userId, row.thumbprint, operator))
    this.#setReset.run([userId])
    return revoked.filter((key) => key !== undefined)
  }

  #revoke(userId: string, thumbprint: string, approvedBy: string): DeviceKey | undefined {
    const now = this.#now()
    const found = this.#setRevoked.get([now, userId, thumbprint])
    if (found === undefined) return undefined
    const row = keyRowOf(found, userId)
    const fact = {
      kind: 'revoke',
      thumbprint,
      key: jwkOf(row),
      deviceId: row.device_id,
      approvedBy,
      ...unsigned,
    } as const
    this.#log(userId, fact, now)
    return deviceKeyOf(row)
  }

  /** See {@link StoreCalls}. */
  listKeys(take: Take<'listKeys'>): Give<'listKeys'> {
    this.#requireUser(take.userId)
    return this.#rows(take.userId).map(deviceKeyOf)
  }

  /** See {@link StoreCalls}. */
  readKeyLog(take: Take<'readKeyLog'>): Give<'readKeyLog'> {
    const { userId } = take
    this.#requireUser(userId)
    const limit = Math.min(Math.max(Math.trunc(take.limit), 1), keyDirectoryPageMax)
    const rows = this.#readLog.all([userId, take.from, limit + 1]).map((found) => logRowOf(found, userId))
    const entries = rows.slice(0, limit).map((row) => this.#entryOf(userId, row))
    return { entries, more: rows.length > limit }
  }

  #entryOf(userId: string, row: LogRow): KeyLogEntry {
    const found = this.#find.get([userId, row.thumbprint])
    if (found === undefined)
      throw new StoreError('storage_failed', `The log of the keys of ${userId} names an unknown key.`)
    const key = keyRowOf(found, userId)
    return {
      index: row.number,
      kind: row.kind,
      time: row.time,
      deviceId: key.device_id,
      thumbprint: row.thumbprint,
      key: jwkOf(key),
      approvedBy: row.approved_by,
      server: row.server,
      signature: row.signature,
      previous: row.previous,
      hash: row.hash,
    }
  }

  /** Appends to the log. Its times never go back, so that who reads it may rely on their order. */
  #log(userId: string, fact: LogFact, nowMs: number): void {
    const found = this.#lastOfLog.get([userId])
    // Checked to have these columns by the statement.
    const last =
      found === undefined ? undefined : (decoded(found, ['hash'], userId) as Pick<LogRow, 'number' | 'time' | 'hash'>)
    const index = last === undefined ? 0 : last.number + 1
    const time = Math.max(Math.floor(nowMs / 1000), last?.time ?? 0)
    const previous = last?.hash ?? emptyKeyLog(userId).head
    const { kind, thumbprint, key, deviceId, approvedBy, server, signature } = fact
    const hash = entryHash(userId, {
      Index: index,
      Kind: kind,
      Time: time,
      DeviceId: deviceId,
      Thumbprint: thumbprint,
      Key: key,
      ApprovedBy: approvedBy,
      Server: server,
      Signature: signature,
      Previous: previous,
    })
    this.#append.run([userId, index, kind, time, thumbprint, approvedBy, server, signature, previous, hash])
  }

  #rows(userId: string): readonly KeyRow[] {
    return this.#list.all([userId]).map((found) => keyRowOf(found, userId))
  }

  #requireUser(userId: string): void {
    if (this.#userExists.get([userId]) === undefined) {
      throw new StoreError('user_unknown', `There is no user ${userId}.`)
    }
  }
}

/** What an entry has in the places of an approval when no key approved it. */
const unsigned = { server: '', signature: '' }

/** A row with the texts of some columns, which came as bytes. */
function decoded(found: unknown, columns: readonly string[], userId: string): object {
  const row = found as Readonly<Record<string, unknown>>
  const read = columns.map((column) => [column, textOf(row[column] as StoredText, `the keys of ${userId}`)])
  return { ...row, ...Object.fromEntries(read) }
}

function keyRowOf(found: unknown, userId: string): KeyRow {
  return decoded(found, keyTexts, userId) as KeyRow
}

function logRowOf(found: unknown, userId: string): LogRow {
  return decoded(found, logTexts, userId) as LogRow
}

function jwkOf(row: KeyRow): RsaPublicKey {
  return { kty: 'RSA', n: row.modulus, e: row.exponent }
}

function deviceKeyOf(row: KeyRow): DeviceKey {
  return {
    thumbprint: row.thumbprint,
    key: jwkOf(row),
    deviceId: row.device_id,
    enrolledAt: row.enrolled_at,
    approvedBy: row.approved_by,
    revokedAt: row.revoked_at ?? undefined,
  }
}
