import t from 'tap'
import { StoreError } from '../../src/mailbox/store-error.ts'
import { toStoreError } from '../../src/store/sqlite-errors.ts'

function thrown(code: string, message = 'the detail'): Error {
  return Object.assign(new Error(message), { code })
}

t.test('what SQLite and the system throw becomes a code and a sentence that names the file', async (t) => {
  const cases = [
    ['SQLITE_FULL', 'storage_full', /no room left.*free space/],
    ['ENOSPC', 'storage_full', /no room left/],
    ['EDQUOT', 'storage_full', /no room left/],
    ['SQLITE_BUSY_SNAPSHOT', 'storage_failed', /locked by another process/],
    ['SQLITE_CORRUPT', 'storage_failed', /is damaged.*the detail.*backup/],
    ['SQLITE_NOTADB', 'storage_failed', /is damaged or is not a database/],
    ['SQLITE_READONLY_DBMOVED', 'storage_failed', /owner and permissions/],
    ['EACCES', 'storage_failed', /owner and permissions/],
    ['SQLITE_IOERR_WRITE', 'storage_failed', /could not be read or written: the detail/],
  ] as const
  for (const [from, code, message] of cases) {
    const cause = thrown(from)
    t.match(toStoreError(cause, '/d/parley.db'), { name: 'StoreError', code, message, cause }, from)
    t.match(toStoreError(cause, '/d/parley.db').message, /\/d\/parley\.db/)
  }
})

t.test('an error of the store stays what it is', async (t) => {
  const error = new StoreError('exists', 'There is one.')
  t.equal(toStoreError(error, 'f'), error)
})

t.test('anything else that is thrown is storage_failed', async (t) => {
  for (const value of [undefined, null, 'text', 7, {}, { code: 7 }])
    t.equal(toStoreError(value, 'f').code, 'storage_failed')
})
