import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { backupDatabase } from '../../src/store/backup.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { runOf } from './inbox-fixtures.ts'
import { storeSome } from './stored-folder.ts'

t.test('a backup is whole and private, and is made while the store is open', async (t) => {
  const folder = t.testdir()
  const dataDir = join(folder, 'data')
  await storeSome(dataDir, 2)
  const store = openLocalStore({ dataDir })
  const file = join(folder, 'backup.db')
  const { path, bytes } = backupDatabase(dataDir, file)
  t.equal(path, file)
  t.equal(bytes, statSync(file).size)
  if (process.platform !== 'win32') t.equal(statSync(file).mode & 0o777, 0o600)
  store.runBatch([runOf('ann', 1, 1, { epoch: 2 })])
  t.match(verifyDatabase(file), { accounts: 1, messages: 100, faults: [] })
  t.match(verifyDatabase(store.path), { messages: 101 })
  t.strictSame(
    readdirSync(folder).filter((name) => name.includes('.part')),
    [],
  )
  store.close()
})

t.test('it overwrites nothing and leaves nothing half-done', async (t) => {
  const folder = t.testdir()
  const dataDir = join(folder, 'data')
  t.throws(() => backupDatabase(dataDir, join(folder, 'a.db')), { message: /no database/ })
  await storeSome(dataDir, 1)
  writeFileSync(join(folder, 'a.db'), 'mine')
  t.throws(() => backupDatabase(dataDir, join(folder, 'a.db')), { message: /there already/ })
  t.throws(() => backupDatabase(dataDir, join(folder, 'none', 'a.db')), { code: 'storage_failed' })
  t.equal(existsSync(join(folder, 'a.db.part')), false)
})
