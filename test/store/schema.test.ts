import Database from 'libsql'
import t from 'tap'
import { migrate, schemaVersion } from '../../src/store/schema.ts'

function version(database: Database.Database): unknown {
  return (database.prepare('PRAGMA user_version').get([]) as { user_version: number }).user_version
}

t.test('an empty file gets the tables and the version, and a second time changes nothing', async (t) => {
  const database = new Database(':memory:')
  migrate(database, 'parley.db')
  t.equal(version(database), schemaVersion)
  migrate(database, 'parley.db')
  t.equal(version(database), schemaVersion)
})

t.test('a newer file is refused and left as it is', async (t) => {
  const database = new Database(':memory:')
  database.exec(`PRAGMA user_version = ${schemaVersion + 1}`)
  t.throws(() => migrate(database, '/data/parley.db'), {
    code: 'storage_failed',
    message: new RegExp(`/data/parley.db has format version ${schemaVersion + 1}.*newer program`),
  })
  t.strictSame(database.prepare('SELECT name FROM sqlite_master').all([]), [])
})

t.test('a step that fails leaves no half of itself', async (t) => {
  const database = new Database(':memory:')
  database.exec('CREATE TABLE secrets (other TEXT)')
  t.throws(() => migrate(database, 'parley.db'))
  t.equal(version(database), 0)
  t.equal(database.inTransaction, false)
  t.equal(database.prepare("SELECT name FROM sqlite_master WHERE name = 'accounts'").get([]), undefined)
})
