/**
 * Puts a backup in the place of a data directory's database. The one that was there is kept beside it. No server may
 * be running on the directory: whoever calls this has made sure.
 */
import { constants, copyFileSync, existsSync, linkSync, renameSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import { syncFile, syncFolder } from './backup.ts'
import { witnessSuffix } from './commit-witness.ts'
import { makeDataDir } from './data-dir.ts'
import { databaseFileName, openDatabaseAt } from './database-file.ts'
import { toStoreError } from './sqlite-errors.ts'
import { type Verification, verifyDatabase } from './verify.ts'

/** What was done. */
export interface RestoredDatabase {
  readonly path: string
  /** Where the database lies now that was there before; undefined when there was none. */
  readonly replaced: string | undefined
  readonly verification: Verification
}

/**
 * Restores a backup. The epochs go on from a number that no life of the server has had, so that no message's place is given a
 * second time; devices hear that what was stored since the backup is gone.
 *
 * @param now Unix milliseconds
 * @throws StoreError when the backup is damaged or can't be read: nothing is changed then
 */
export function restoreDatabase(dataDir: string, file: string, now: number): RestoredDatabase {
  const path = join(dataDir, databaseFileName)
  const incoming = `${path}.restoring`
  try {
    const source = resolve(file)
    if (!existsSync(source)) throw new StoreError('storage_failed', `There is no backup ${source}.`)
    makeDataDir(dataDir)
    for (const suffix of ['', '-wal', '-shm']) rmSync(incoming + suffix, { force: true })
    copyFileSync(source, incoming, constants.COPYFILE_EXCL)
    const database = openDatabaseAt(incoming)
    try {
      beginAnew(database, now)
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      database.close()
    }
    const verification = verifyDatabase(incoming)
    if (verification.faults.length > 0) {
      throw new StoreError(
        'storage_failed',
        `${source} is damaged: ${verification.faults.join(' ')} Nothing was restored.`,
      )
    }
    syncFile(incoming)
    const replaced = existsSync(path) ? keep(path, now) : undefined
    // What belongs to the old file must not be taken for the new one's.
    for (const suffix of ['-wal', '-shm', witnessSuffix]) rmSync(path + suffix, { force: true })
    renameSync(incoming, path)
    for (const suffix of ['-wal', '-shm']) rmSync(incoming + suffix, { force: true })
    syncFolder(dataDir)
    return { path, replaced, verification }
  } catch (error) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(incoming + suffix, { force: true })
    throw toStoreError(error, path)
  }
}

/** Time goes on although the database went back: seconds of the clock count faster than any server starts. */
function beginAnew(database: Database.Database, now: number): void {
  const epoch = Math.floor(now / 1000)
  database.exec('BEGIN IMMEDIATE')
  database.prepare(`UPDATE counters SET value = max(value, ?) WHERE name = 'epoch'`).run([epoch])
  database
    .prepare(
      `UPDATE devices SET lost_epoch = (SELECT value FROM counters WHERE name = 'epoch'), lost_seq = 0, missing = 0`,
    )
    .run([])
  database.exec('COMMIT')
}

/** Gives the old file a second name, so that there is a database under the right name at every moment. */
function keep(path: string, now: number): string {
  try {
    const database = new Database(path, { timeout: 5000 })
    try {
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } finally {
      database.close()
    }
  } catch {
    // Too damaged for that, which may be why a backup is restored.
  }
  const replaced = `${path}.replaced-${new Date(now).toISOString().replaceAll(/[:.]/g, '-')}`
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${replaced}-wal`)
  try {
    linkSync(path, replaced)
  } catch {
    // A file system without hard links.
    copyFileSync(path, replaced, constants.COPYFILE_EXCL)
  }
  return replaced
}
