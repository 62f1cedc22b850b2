import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import t from 'tap'
import { databaseFileName, openDatabaseFile } from '../../src/store/database-file.ts'

const posix = process.platform !== 'win32'

function mode(path: string): string {
  return (statSync(path).mode & 0o777).toString(8)
}

t.test('the folder and the files are made for their owner alone', { skip: !posix }, async (t) => {
  const dataDir = join(t.testdir(), 'deep', 'data')
  const { database, path } = openDatabaseFile(dataDir)
  t.equal(path, join(dataDir, databaseFileName))
  t.equal(mode(dataDir), '700')
  for (const suffix of ['', '-wal', '-shm']) t.equal(mode(path + suffix), '600', `parley.db${suffix}`)
  database.close()
})

t.test('a file that others can read is closed to them', { skip: !posix }, async (t) => {
  const dataDir = t.testdir()
  openDatabaseFile(dataDir).database.close()
  const path = join(dataDir, databaseFileName)
  chmodSync(path, 0o644)
  openDatabaseFile(dataDir).database.close()
  t.equal(mode(path), '600')
})

t.test('what was committed is written through, in a journal beside the file', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  t.match(database.prepare('PRAGMA journal_mode').get([]), { journal_mode: 'wal' })
  t.match(database.prepare('PRAGMA synchronous').get([]), { synchronous: 2 })
  t.match(database.prepare('PRAGMA busy_timeout').get([]), { timeout: 5000 })
  database.close()
})

t.test('a file that is no database is refused and left as it is', async (t) => {
  const text = 'These are the notes of somebody who chose a bad name for a file. '.repeat(40)
  const dataDir = t.testdir({ [databaseFileName]: text })
  const refusal = { code: 'storage_failed', message: /parley\.db is damaged or is not a database.*backup/ }
  t.throws(() => openDatabaseFile(dataDir), refusal)
  t.equal(readFileSync(join(dataDir, databaseFileName), 'utf8'), text)
})

t.test('a file with damaged pages is refused', async (t) => {
  const dataDir = t.testdir()
  const { database, path } = openDatabaseFile(dataDir)
  const insert = database.prepare("INSERT INTO accounts VALUES (?, ?, 'user', 0, 1, 0, 0, 0, 'allow')")
  for (let index = 0; index < 500; index++) insert.run([`user${index}`, 'h'.repeat(100)])
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(0xff, 4096 * 2, bytes.length))
  t.throws(() => openDatabaseFile(dataDir), { code: 'storage_failed', message: /damaged/ })
})

t.test('a file that was cut short is refused', async (t) => {
  const dataDir = t.testdir()
  const { database, path } = openDatabaseFile(dataDir)
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  truncateSync(path, 4096 + 100)
  t.throws(() => openDatabaseFile(dataDir), { code: 'storage_failed', message: /damaged/ })
})

t.test('a file of a newer version is refused and left as it is', async (t) => {
  const dataDir = t.testdir()
  const { database, path } = openDatabaseFile(dataDir)
  database.exec('PRAGMA user_version = 1000')
  database.close()
  t.throws(() => openDatabaseFile(dataDir), { code: 'storage_failed', message: /format version 1000.*newer program/ })
  const again = new Database(path)
  t.match(again.prepare('PRAGMA user_version').get([]), { user_version: 1000 })
  again.close()
})

t.test('a data directory that is a file, or whose database is a folder, is refused with a sentence', async (t) => {
  const dataDir = t.testdir({ file: 'x' })
  t.throws(() => openDatabaseFile(join(dataDir, 'file')), { code: 'storage_failed', message: /is not a folder/ })
  mkdirSync(join(dataDir, databaseFileName))
  t.throws(() => openDatabaseFile(dataDir), { code: 'storage_failed', message: /is not a file/ })
})

/** The user `nobody` of most systems. */
const nobody = 65_534

/** Runs with the rights of an ordinary user: root may write everywhere. */
function unprivileged<Result>(run: () => Result): Result {
  if (process.geteuid?.() !== 0) return run()
  process.seteuid?.(nobody)
  try {
    return run()
  } finally {
    process.seteuid?.(0)
  }
}

t.test('a folder that may not be written is refused with a sentence', { skip: !posix }, async (t) => {
  const dataDir = t.testdir()
  chmodSync(dataDir, 0o500)
  t.throws(() => unprivileged(() => openDatabaseFile(dataDir)), {
    code: 'storage_failed',
    message: /owner and permissions/,
  })
  chmodSync(dataDir, 0o700)
  t.equal(existsSync(join(dataDir, databaseFileName)), false)
})
