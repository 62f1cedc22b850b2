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

t.test('accounts of the first version may send what they could, and have no keys', async (t) => {
  const database = new Database(':memory:')
  migrate(database, 'parley.db')
  database.exec('DROP TABLE segments; DROP TABLE devices; DROP TABLE inboxes; DROP TABLE id_journal')
  database.exec('DROP TABLE conversations; DROP TABLE history; DROP TABLE receipt_askers')
  database.exec("DELETE FROM counters WHERE name <> 'first_generation'")
  database.exec('DROP TABLE device_keys; DROP TABLE key_log; DROP TABLE key_resets')
  database.exec('ALTER TABLE accounts DROP COLUMN signed_only; ALTER TABLE accounts DROP COLUMN end_to_end')
  database.exec("INSERT INTO accounts VALUES ('amy', 'hash', 'user', 0, 1, 0, 0)")
  database.exec('PRAGMA user_version = 1')
  migrate(database, 'parley.db')
  t.equal(version(database), schemaVersion)
  t.match(database.prepare('SELECT * FROM accounts').all([]), [{ user_id: 'amy', signed_only: 0, end_to_end: 'allow' }])
  t.strictSame(database.prepare('SELECT * FROM device_keys').all([]), [])
})
