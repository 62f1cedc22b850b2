/**
 * Copies the database of a data directory into one file, while a server works on it or not. `VACUUM INTO` reads from
 * a snapshot on a connection of its own; writers go on, with their journal growing until it is done. Blocks the
 * thread that calls it: the command line has a process of its own for that.
 */
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import { databaseFileName } from './database-file.ts'
import { toStoreError } from './sqlite-errors.ts'

/** What was written. */
export interface BackupFile {
  readonly path: string
  readonly bytes: number
}

/**
 * Makes a backup. Its file is there under its name only once it is whole and synced.
 *
 * @throws StoreError when there is no database, the file is there already, or the disk refuses
 */
export function backupDatabase(dataDir: string, file: string): BackupFile {
  const source = join(dataDir, databaseFileName)
  const path = resolve(file)
  const part = `${path}.part`
  if (!existsSync(source)) throw new StoreError('storage_failed', `There is no database ${source} to make a backup of.`)
  if (existsSync(path)) {
    throw new StoreError('storage_failed', `${path} is there already: name another file, or remove that one.`)
  }
  let database: Database.Database | undefined
  try {
    rmSync(part, { force: true })
    // Empty and private before SQLite writes into it: a backup holds what the database does, password hashes too.
    closeSync(openSync(part, 'wx', 0o600))
    database = new Database(source, { timeout: 5000 })
    database.prepare('VACUUM INTO ?').run([part])
    if (process.platform !== 'win32') chmodSync(part, 0o600)
    syncFile(part)
    renameSync(part, path)
    syncFolder(dirname(path))
    return { path, bytes: statSync(path).size }
  } catch (error) {
    rmSync(part, { force: true })
    throw toStoreError(error, path)
  } finally {
    database?.close()
  }
}

/** Has a file's bytes on the disk when it returns. */
export function syncFile(path: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Has a folder's names on the disk when it returns. Windows has no such thing. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
