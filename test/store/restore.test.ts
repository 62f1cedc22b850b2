import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { backupDatabase } from '../../src/store/backup.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { restoreDatabase } from '../../src/store/restore.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { runOf } from './inbox-fixtures.ts'
import { storeSome } from './stored-folder.ts'

const now = Date.UTC(2026, 0, 2)

t.test('what was in the backup is there again, with an epoch that nobody had, and devices hear of it', async (t) => {
  const folder = t.testdir()
  const dataDir = join(folder, 'data')
  const file = join(folder, 'backup.db')
  await storeSome(dataDir, 2)
  backupDatabase(dataDir, file)
  const later = openLocalStore({ dataDir })
  later.runBatch([runOf('user1', 100, 7)])
  later.close()
  const restored = restoreDatabase(dataDir, file, now)
  t.match(restored, { verification: { messages: 100, faults: [] }, replaced: /replaced-2026-01-02T/ })
  t.equal(verifyDatabase(restored.replaced ?? '').messages, 107, 'the old one is kept')
  const store = openLocalStore({ dataDir })
  t.match(await store.call('openEpoch', {}), { epoch: now / 1000 + 1, damage: [] })
  const login = { user: 'user1', device: 'phone', acknowledges: true, resume: { epoch: 1, seq: 106 } }
  t.match(await store.call('openInbox', login), { recovered: false, missing: undefined })
  store.close()
})

t.test('into an empty folder', async (t) => {
  const folder = t.testdir()
  await storeSome(join(folder, 'data'), 1)
  backupDatabase(join(folder, 'data'), join(folder, 'backup.db'))
  t.match(restoreDatabase(join(folder, 'new'), join(folder, 'backup.db'), now), { replaced: undefined })
  t.strictSame(readdirSync(join(folder, 'new')), ['parley.db'])
})

t.test('a damaged backup changes nothing', async (t) => {
  const folder = t.testdir()
  const dataDir = join(folder, 'data')
  const file = join(folder, 'backup.db')
  await storeSome(dataDir, 2)
  backupDatabase(dataDir, file)
  const bytes = readFileSync(file)
  const at = bytes.indexOf('user3:1:4')
  bytes[at] = 0x7a
  writeFileSync(file, bytes)
  t.throws(() => restoreDatabase(dataDir, file, now), { code: 'storage_failed', message: /Nothing was restored/ })
  writeFileSync(file, 'this is no database, but it is long enough to be looked at as if it were one')
  t.throws(() => restoreDatabase(dataDir, file, now), { code: 'storage_failed' })
  t.throws(() => restoreDatabase(dataDir, join(folder, 'none.db'), now), { message: /no backup/ })
  t.strictSame(
    readdirSync(dataDir).filter((name) => name.includes('restoring')),
    [],
  )
  t.match(verifyDatabase(join(dataDir, 'parley.db')), { messages: 100, faults: [] })
})
