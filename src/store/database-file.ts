/**
 * Opens the one file that the store keeps everything in: `parley.db` in the data directory, with its
 * permissions, its journal and its tables in order.
 */
import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import { makeDataDir } from './data-dir.ts'
import { migrate } from './schema.ts'
import { toStoreError } from './sqlite-errors.ts'

/** An open database and where it lies. */
export interface DatabaseFile {
  readonly database: Database.Database
  readonly path: string
}

/** The name of the database within the data directory; SQLite puts `-wal` and `-shm` beside it. */
export const databaseFileName = 'parley.db'

/** How long to wait for another process that holds the write lock, the command line beside a server, say. */
const busyTimeoutMs = 5000

/** Tables small enough to be read whole at each start: a hundred thousand accounts take 20 ms. */
const checkedTables = ['accounts', 'counters', 'secrets'] as const

/**
 * Opens the database, and makes the data directory (0700) and the file (0600) where they are missing.
 *
 * @throws StoreError with a sentence for the operator: damaged, of a newer version, locked, not permitted, disk full
 */
export function openDatabaseFile(dataDir: string): DatabaseFile {
  const path = join(dataDir, databaseFileName)
  try {
    makeDataDir(dataDir)
    return { database: openDatabaseAt(path), path }
  } catch (error) {
    throw toStoreError(error, path)
  }
}

/** The same for a file that need not be in a data directory. */
export function openDatabaseAt(path: string): Database.Database {
  let database: Database.Database | undefined
  try {
    makePrivate(path)
    // libsql waits as long as `timeout` says, in milliseconds, where SQLite would answer SQLITE_BUSY.
    database = new Database(path, { timeout: busyTimeoutMs })
    database.pragma('journal_mode = WAL')
    // FULL: in WAL mode NORMAL does not sync on commit, and what was answered could be lost with the power.
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = ON')
    database.pragma('trusted_schema = OFF')
    migrate(database, path)
    checkTables(database)
    return database
  } catch (error) {
    database?.close()
    throw toStoreError(error, path)
  }
}

/** Password hashes and the token key are in this file. SQLite gives `-wal` and `-shm` the mode of the file itself. */
function makePrivate(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  const stat = statSync(path)
  if (!stat.isFile()) throw new StoreError('storage_failed', `${path} is not a file: move it away.`)
  if (process.platform === 'win32' || (stat.mode & 0o077) === 0) return
  chmodSync(path, 0o600)
}

/** Reads these tables once, so that a damaged file is found at the start and not at somebody's login. */
function checkTables(database: Database.Database): void {
  for (const table of checkedTables) {
    const result = database.prepare(`PRAGMA quick_check(${table})`).get([]) as { readonly quick_check: string }
    if (result.quick_check === 'ok') continue
    throw Object.assign(new Error(result.quick_check), { code: 'SQLITE_CORRUPT' })
  }
}
