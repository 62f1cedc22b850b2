/**
 * Accounts in the database: the calls of {@link AccountCalls} that are about them, synchronous, one prepared statement each.
 * Opens no transaction around a single call; who wants several calls to be one commit puts them into one.
 */
import type Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import type {
  Account,
  AccountCalls,
  AccountKey,
  AccountSummary,
  EndToEndPolicy,
  NewAccount,
  Policies,
  Role,
} from '../mailbox/store-messages.ts'
import { integers } from './segment-table.ts'
import { type StoredText, textOf, texts } from './stored-text.ts'

/** What accounts need of the world. */
export interface AccountsOptions {
  readonly database: Database.Database
  /** Unix milliseconds. */
  readonly now: () => number
  /** Random bytes that nobody can guess. */
  readonly random: (bytes: number) => Uint8Array
  /** The keys of a user. */
  readonly keysOf: (userId: string) => readonly AccountKey[]
}

/** The most accounts that one page of `listAccounts` holds. */
export const accountsPageMax = 1000

const roles: readonly Role[] = ['user', 'operator']
const endToEndPolicies: readonly EndToEndPolicy[] = ['allow', 'require', 'refuse']
const tokenKeyBytes = 32
const tokenKeyName = 'token_key'

/** A row as SQLite gives it. */
interface AccountRow {
  readonly user_id: StoredText
  readonly password_hash: StoredText | null
  readonly role: StoredText
  readonly disabled: number
  readonly generation: number
  readonly banned_until: number
  readonly created_at: number
  readonly signed_only: number
  readonly end_to_end: StoredText
}

const summaryColumns = `${texts('user_id', 'role')}, ${integers('disabled', 'banned_until', 'created_at')}`
const policyColumns = `${texts('end_to_end')}, ${integers('signed_only')}`

// No code point that a name may have comes after this one, so it ends the range of names with a prefix.
const lastCodePoint = '\u{10ffff}'

type Take<Name extends keyof AccountCalls> = AccountCalls[Name]['take']
type Give<Name extends keyof AccountCalls> = AccountCalls[Name]['give']

/** The accounts of one database. Methods throw {@link StoreError} or what SQLite throws. */
export class Accounts {
  readonly #now: () => number
  readonly #random: (bytes: number) => Uint8Array
  readonly #keysOf: (userId: string) => readonly AccountKey[]
  readonly #database: Database.Database
  readonly #find: Database.Statement
  readonly #count: Database.Statement
  readonly #countRange: Database.Statement
  readonly #insert: Database.Statement
  readonly #setPasswordHash: Database.Statement
  readonly #upgradePasswordHash: Database.Statement
  readonly #setRole: Database.Statement
  readonly #setDisabled: Database.Statement
  readonly #setBan: Database.Statement
  readonly #setPolicies: Database.Statement
  readonly #remove: Database.Statement
  readonly #raiseFirstGeneration: Database.Statement
  readonly #list: Database.Statement
  readonly #findSecret: Database.Statement
  readonly #addSecret: Database.Statement

  constructor(options: AccountsOptions) {
    const { database } = options
    this.#now = options.now
    this.#random = options.random
    this.#keysOf = options.keysOf
    this.#database = database
    this.#find = database.prepare(
      `SELECT ${summaryColumns}, ${policyColumns}, ${texts('password_hash')}, ${integers('generation')}
       FROM accounts WHERE user_id = ?`,
    )
    this.#count = database.prepare('SELECT count(*) AS count FROM accounts')
    this.#countRange = database.prepare('SELECT count(*) AS count FROM accounts WHERE user_id >= ? AND user_id < ?')
    this.#insert = database.prepare(
      `INSERT INTO accounts (user_id, password_hash, role, disabled, generation, banned_until, created_at)
       VALUES (?, ?, ?, 0, (SELECT value FROM counters WHERE name = 'first_generation'), 0, ?)
       ON CONFLICT (user_id) DO NOTHING`,
    )
    this.#setPasswordHash = database.prepare(
      `UPDATE accounts SET password_hash = ?, generation = generation + 1 WHERE user_id = ? RETURNING ${summaryColumns}`,
    )
    this.#upgradePasswordHash = database.prepare(
      'UPDATE accounts SET password_hash = ? WHERE user_id = ? AND password_hash = ?',
    )
    this.#setRole = database.prepare(
      `UPDATE accounts SET generation = generation + (role <> ?1), role = ?1 WHERE user_id = ?2 RETURNING ${summaryColumns}`,
    )
    this.#setDisabled = database.prepare(
      `UPDATE accounts SET generation = generation + (disabled <> ?1), disabled = ?1 WHERE user_id = ?2 RETURNING ${summaryColumns}`,
    )
    this.#setBan = database.prepare(
      `UPDATE accounts SET banned_until = ? WHERE user_id = ? RETURNING ${summaryColumns}`,
    )
    this.#setPolicies = database.prepare(
      `UPDATE accounts SET signed_only = coalesce(?, signed_only), end_to_end = coalesce(?, end_to_end)
       WHERE user_id = ? RETURNING ${policyColumns}`,
    )
    this.#remove = database.prepare(
      `DELETE FROM accounts WHERE user_id = ? RETURNING ${summaryColumns}, ${integers('generation')}`,
    )
    this.#raiseFirstGeneration = database.prepare(
      `UPDATE counters SET value = max(value, ?) WHERE name = 'first_generation'`,
    )
    this.#list = database.prepare(
      `SELECT ${summaryColumns} FROM accounts WHERE user_id >= ? AND user_id < ? AND user_id > ? ORDER BY user_id LIMIT ?`,
    )
    this.#findSecret = database.prepare(`SELECT ${texts('value')} FROM secrets WHERE name = ?`)
    this.#addSecret = database.prepare('INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING')
  }

  /** The account of exactly that name, or undefined. */
  findAccount(take: Take<'findAccount'>): Give<'findAccount'> {
    const row = this.#find.get([take.userId]) as AccountRow | undefined
    return row === undefined ? undefined : accountOf(row, take.userId, this.#keysOf(take.userId))
  }

  /** How many accounts there are. */
  countAccounts(): Give<'countAccounts'> {
    return countOf(this.#count.get([]))
  }

  /** Makes an account; fails with `exists`. */
  addAccount(take: Take<'addAccount'>): Give<'addAccount'> {
    const createdAt = this.#now()
    if (!this.#add(take, createdAt)) throw new StoreError('exists', `There is already a user ${take.userId}.`)
    return { userId: take.userId, role: take.role, disabled: false, bannedUntil: 0, createdAt }
  }

  /** Makes all accounts that are not there yet, all or nothing; a name twice in the list counts as existing the second time. */
  importAccounts(take: Take<'importAccounts'>): Give<'importAccounts'> {
    const createdAt = this.#now()
    return this.#atomically(() => {
      const existing: string[] = []
      for (const account of take.accounts) {
        if (!this.#add(account, createdAt)) existing.push(account.userId)
      }
      return { added: take.accounts.length - existing.length, existing }
    })
  }

  /** Sets another password; voids the account's tokens. */
  setPasswordHash(take: Take<'setPasswordHash'>): Give<'setPasswordHash'> {
    return summaryOf(this.#setPasswordHash.get([take.passwordHash, take.userId]), take.userId)
  }

  /** Stores a better hash of the same password, unless the password was changed meanwhile; tokens stay valid. */
  upgradePasswordHash(take: Take<'upgradePasswordHash'>): Give<'upgradePasswordHash'> {
    return this.#upgradePasswordHash.run([take.passwordHash, take.userId, take.oldHash]).changes === 1
  }

  /** Sets the role; voids the account's tokens when it is another one. */
  setRole(take: Take<'setRole'>): Give<'setRole'> {
    return summaryOf(this.#setRole.get([take.role, take.userId]), take.userId)
  }

  /** Disables or enables; voids the account's tokens when that changes something. */
  setDisabled(take: Take<'setDisabled'>): Give<'setDisabled'> {
    return summaryOf(this.#setDisabled.get([take.disabled ? 1 : 0, take.userId]), take.userId)
  }

  /** Bans until a moment, in Unix milliseconds; 0 ends a ban. */
  setBan(take: Take<'setBan'>): Give<'setBan'> {
    return summaryOf(this.#setBan.get([take.bannedUntil, take.userId]), take.userId)
  }

  /** Sets what messages of the user must be like; what is not given stays as it is. */
  setPolicies(take: Take<'setPolicies'>): Give<'setPolicies'> {
    const { userId, signedOnly, endToEnd } = take
    const flag = signedOnly === undefined ? null : Number(signedOnly)
    const row = this.#setPolicies.get([flag, endToEnd ?? null, userId]) as AccountRow | undefined
    if (row === undefined) throw new StoreError('user_unknown', `There is no user ${userId}.`)
    return policiesOf(row, userId)
  }

  /** Removes the account and says what it was. */
  removeAccount(take: Take<'removeAccount'>): Give<'removeAccount'> {
    return this.#atomically(() => {
      const row = this.#remove.get([take.userId]) as AccountRow | undefined
      const summary = summaryOf(row, take.userId)
      // A new account of the same name must not begin at a generation for which old tokens are still around.
      if (row !== undefined) this.#raiseFirstGeneration.run([row.generation + 1])
      return summary
    })
  }

  /**
   * A page of accounts in the order of their names' UTF-8 bytes, which is the order of code points, beginning after `after`.
   * `total` counts all that have the prefix.
   */
  listAccounts(take: Take<'listAccounts'>): Give<'listAccounts'> {
    const prefix = take.prefix ?? ''
    const limit = Math.min(Math.max(Math.trunc(take.limit), 1), accountsPageMax)
    const end = prefix + lastCodePoint
    const rows = this.#list.all([prefix, end, take.after ?? '', limit]) as AccountRow[]
    const total = prefix === '' ? this.countAccounts() : countOf(this.#countRange.get([prefix, end]))
    return { accounts: rows.map((row) => summaryOf(row, textOf(row.user_id, 'an account'))), total }
  }

  /** The key that tokens are signed with, made when it is first asked for. */
  tokenKey(): Give<'tokenKey'> {
    if (this.#findKey() === undefined) this.#addSecret.run([tokenKeyName, Buffer.from(this.#random(tokenKeyBytes))])
    const key = this.#findKey()
    if (key?.length !== tokenKeyBytes)
      throw new StoreError('storage_failed', 'The token key in the database is damaged.')
    return key
  }

  #findKey(): Uint8Array | undefined {
    const row = this.#findSecret.get([tokenKeyName]) as { readonly value: Uint8Array } | undefined
    return row === undefined ? undefined : new Uint8Array(row.value)
  }

  #add(account: NewAccount, createdAt: number): boolean {
    return this.#insert.run([account.userId, account.passwordHash, account.role, createdAt]).changes === 1
  }

  /** A savepoint, since that is a transaction when there is none and nests in one that there is. */
  #atomically<Result>(work: () => Result): Result {
    this.#database.exec('SAVEPOINT accounts')
    try {
      const result = work()
      this.#database.exec('RELEASE accounts')
      return result
    } catch (error) {
      // After some faults, a full disk for one, SQLite has rolled everything back by itself.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK TO accounts; RELEASE accounts')
      throw error
    }
  }
}

function accountOf(row: AccountRow, userId: string, keys: readonly AccountKey[]): Account {
  const hash = row.password_hash
  return {
    ...summaryOf(row, userId),
    passwordHash: hash === null ? undefined : textOf(hash, `the account of ${userId}`),
    generation: row.generation,
    keys,
    policies: policiesOf(row, userId),
  }
}

function policiesOf(row: Pick<AccountRow, 'signed_only' | 'end_to_end'>, userId: string): Policies {
  const endToEnd = textOf(row.end_to_end, `the account of ${userId}`)
  return { signedOnly: row.signed_only === 1, endToEnd: oneOf(endToEndPolicies, endToEnd, userId) }
}

/** @throws StoreError `user_unknown` when there is no row */
function summaryOf(found: unknown, userId: string): AccountSummary {
  const row = found as AccountRow | undefined
  if (row === undefined) throw new StoreError('user_unknown', `There is no user ${userId}.`)
  return {
    userId,
    role: oneOf(roles, textOf(row.role, `the account of ${userId}`), userId),
    disabled: row.disabled === 1,
    bannedUntil: row.banned_until,
    createdAt: row.created_at,
  }
}

/** One of the words that a column may hold; a damaged row may hold another. */
function oneOf<const Word extends string>(words: readonly Word[], text: string, userId: string): Word {
  const word = words.find((known) => known === text)
  if (word === undefined) throw new StoreError('storage_failed', `The account of ${userId} in the database is damaged.`)
  return word
}

function countOf(row: unknown): number {
  return (row as { readonly count: number }).count
}
