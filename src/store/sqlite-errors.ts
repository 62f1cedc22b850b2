/** Turns what SQLite and the file system throw into a {@link StoreError} with a code and a sentence that says what to do. */
import { StoreError } from '../mailbox/store-error.ts'

// Result codes of SQLite, https://www.sqlite.org/rescode.html. Extended codes begin with the primary one.
const diskFull = 'SQLITE_FULL'
const locked = 'SQLITE_BUSY'
const damaged = ['SQLITE_CORRUPT', 'SQLITE_NOTADB']
const readOnly = ['SQLITE_READONLY', 'SQLITE_PERM', 'SQLITE_AUTH']
const systemFull = ['ENOSPC', 'EDQUOT']
const systemDenied = ['EACCES', 'EPERM', 'EROFS']

/**
 * Makes a {@link StoreError} of anything that was thrown.
 *
 * @param file the path of the database, for the sentence
 */
export function toStoreError(thrown: unknown, file: string): StoreError {
  if (thrown instanceof StoreError) return thrown
  const cause = { cause: thrown }
  const code = codeOf(thrown)
  const detail = thrown instanceof Error ? thrown.message : String(thrown)
  if (code.startsWith(diskFull) || systemFull.includes(code)) {
    return new StoreError('storage_full', `There is no room left to write ${file}: free space on that disk.`, cause)
  }
  if (code.startsWith(locked)) {
    return new StoreError('storage_failed', `${file} is locked by another process; end it or try again.`, cause)
  }
  if (damaged.some((name) => code.startsWith(name))) {
    return new StoreError(
      'storage_failed',
      `${file} is damaged or is not a database of this server (${detail}): restore it from a backup, or move it away to begin anew.`,
      cause,
    )
  }
  if (readOnly.some((name) => code.startsWith(name)) || systemDenied.includes(code)) {
    return new StoreError(
      'storage_failed',
      `${file} may not be read and written by this user (${detail}): mend its owner and permissions and those of its folder.`,
      cause,
    )
  }
  return new StoreError('storage_failed', `${file} could not be read or written: ${detail}`, cause)
}

function codeOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return ''
  return typeof thrown.code === 'string' ? thrown.code : ''
}
