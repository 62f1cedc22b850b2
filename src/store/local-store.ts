/**
 * The store itself, in the thread that calls it: what the storage thread runs in the server, and the command
 * line where no server runs. Owns the database; answers calls one by one or as a batch with one commit.
 */
import { randomBytes } from 'node:crypto'
import type Database from 'libsql'
import { limits } from '../config/limits.ts'
import type { StoreError } from '../mailbox/store-error.ts'
import type { Store, StoreCallName, StoreCalls, StoreReply, StoreRequest } from '../mailbox/store-messages.ts'
import { Accounts } from './accounts.ts'
import { openDatabaseFile } from './database-file.ts'
import { DeviceKeys } from './device-keys.ts'
import { toStoreError } from './sqlite-errors.ts'

/** What a store needs to be opened. */
export interface LocalStoreOptions {
  /** The data directory; made when it is missing. */
  readonly dataDir: string
  /** Unix milliseconds; `Date.now` where not given. */
  readonly now?: () => number
  /** Random bytes; those of `node:crypto` where not given. */
  readonly random?: (bytes: number) => Uint8Array
}

/** Calls that write, and so need a transaction. `tokenKey` writes the first time. */
const writes: ReadonlySet<StoreCallName> = new Set([
  'addAccount',
  'importAccounts',
  'setPasswordHash',
  'upgradePasswordHash',
  'setRole',
  'setDisabled',
  'setBan',
  'removeAccount',
  'setPolicies',
  'enrolKey',
  'revokeKey',
  'resetKeys',
  'tokenKey',
])

/**
 * Opens the store in the data directory.
 *
 * @throws StoreError with a sentence that says what to do
 */
export function openLocalStore(options: LocalStoreOptions): LocalStore {
  const { database, path } = openDatabaseFile(options.dataDir)
  try {
    return new LocalStore(database, path, options)
  } catch (error) {
    database.close()
    throw toStoreError(error, path)
  }
}

/** A {@link Store} that works in the calling thread; every call blocks it for as long as the disk takes. */
export class LocalStore implements Store {
  readonly path: string
  readonly #database: Database.Database
  readonly #calls: Calls

  /** Use {@link openLocalStore}. */
  constructor(database: Database.Database, path: string, options: Omit<LocalStoreOptions, 'dataDir'>) {
    const { now = Date.now, random = randomBytes } = options
    this.#database = database
    this.path = path
    const keys = new DeviceKeys({
      database,
      now,
      limits: { enrolledMax: limits.userKeysMax.value, everMax: limits.userKeysEverMax.value },
    })
    const accounts = new Accounts({ database, now, random, keysOf: (userId) => keys.keysOf(userId) })
    this.#calls = callsOf(accounts, keys)
  }

  /** Does one call; what it wrote is on the disk when the promise resolves. */
  call<Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']): Promise<StoreCalls[Name]['give']> {
    try {
      if (!this.#database.open) throw new Error('the store is closed')
      const give = writes.has(name) ? this.#commit(() => this.#do(name, take)) : this.#do(name, take)
      return Promise.resolve(give)
    } catch (error) {
      return Promise.reject(toStoreError(error, this.path))
    }
  }

  /**
   * Does many requests in their order with one commit, and gives their replies in that order. A request that fails
   * leaves no trace and harms no other. The replies hold only once this returns: everything is on the disk then.
   */
  runBatch(requests: readonly StoreRequest[]): readonly StoreReply[] {
    if (!requests.some((request) => writes.has(request.call))) return requests.map((request) => this.#answer(request))
    try {
      return this.#commit(() => requests.map((request) => this.#answerInGroup(request)))
    } catch {
      // The group as a whole could not be committed and is undone: what fits must not suffer from what does not.
      return requests.map((request) => this.#answerAlone(request))
    }
  }

  /** Writes back the journal and closes the file. Calls after that fail with `storage_failed`. */
  close(): void {
    if (!this.#database.open) return
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // Nothing is lost by that: the journal stays, and the next start reads it.
    }
    this.#database.close()
  }

  #answer(request: StoreRequest): StoreReply {
    try {
      return { id: request.id, give: this.#do(request.call, request.take) }
    } catch (error) {
      return failure(request, toStoreError(error, this.path))
    }
  }

  /** A savepoint a request, so that one that fails half-way is undone without the others. */
  #answerInGroup(request: StoreRequest): StoreReply {
    if (!writes.has(request.call)) return this.#answer(request)
    this.#database.exec('SAVEPOINT request')
    const reply = this.#answer(request)
    // After some faults, a full disk for one, SQLite has rolled back the whole group: then all start again singly.
    if (!this.#database.inTransaction) throw new Error('the transaction of the group is gone')
    this.#database.exec('error' in reply ? 'ROLLBACK TO request; RELEASE request' : 'RELEASE request')
    return reply
  }

  #answerAlone(request: StoreRequest): StoreReply {
    if (!writes.has(request.call)) return this.#answer(request)
    try {
      return { id: request.id, give: this.#commit(() => this.#do(request.call, request.take)) }
    } catch (error) {
      return failure(request, toStoreError(error, this.path))
    }
  }

  #commit<Result>(work: () => Result): Result {
    // IMMEDIATE takes the write lock at once; a lock taken later can fail without waiting for the other writer.
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.#database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #do<Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']): StoreCalls[Name]['give'] {
    return this.#calls[name](take)
  }
}

/** What does each call. */
type Calls = { readonly [Name in StoreCallName]: (take: StoreCalls[Name]['take']) => StoreCalls[Name]['give'] }

function callsOf(accounts: Accounts, keys: DeviceKeys): Calls {
  return {
    findAccount: (take) => accounts.findAccount(take),
    countAccounts: () => accounts.countAccounts(),
    addAccount: (take) => accounts.addAccount(take),
    importAccounts: (take) => accounts.importAccounts(take),
    setPasswordHash: (take) => accounts.setPasswordHash(take),
    upgradePasswordHash: (take) => accounts.upgradePasswordHash(take),
    setRole: (take) => accounts.setRole(take),
    setDisabled: (take) => accounts.setDisabled(take),
    setBan: (take) => accounts.setBan(take),
    removeAccount: (take) => {
      const removed = accounts.removeAccount(take)
      // A new account of the same name must not have the keys of the old one.
      keys.forgetUser(take.userId)
      return removed
    },
    listAccounts: (take) => accounts.listAccounts(take),
    setPolicies: (take) => accounts.setPolicies(take),
    enrolKey: (take) => keys.enrolKey(take),
    revokeKey: (take) => keys.revokeKey(take),
    resetKeys: (take) => keys.resetKeys(take),
    listKeys: (take) => keys.listKeys(take),
    readKeyLog: (take) => keys.readKeyLog(take),
    tokenKey: () => accounts.tokenKey(),
  }
}

function failure(request: StoreRequest, error: StoreError): StoreReply {
  return { id: request.id, error: error.toPlain() }
}
