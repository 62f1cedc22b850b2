import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { FileIdentity } from '../../src/store/file-identity.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { runOf } from './inbox-fixtures.ts'

const skip = process.platform === 'win32' && 'open files can not be moved there'

t.test(
  'a database that is moved away, or that another is put in the place of, is noticed before each commit',
  { skip },
  async (t) => {
    const dataDir = t.testdir()
    const aside = t.testdir({})
    const store = openLocalStore({ dataDir })
    await store.call('openEpoch', {})
    let seq = 0
    const stored = (): unknown => {
      seq++
      const { appended } = store.runBatch([runOf('bob', seq, 1, { ticket: seq })])
      return appended?.refused.map(({ code }) => code)
    }
    t.strictSame(stored(), [])
    for (const name of ['parley.db', 'parley.db-wal']) {
      const path = join(dataDir, name)
      const away = join(aside, `${name}.away`)
      renameSync(path, away)
      t.strictSame(stored(), ['storage_failed'], `${name} is gone`)
      await t.rejects(store.call('probeStore', {}), { message: /parley\.db.* was removed or replaced.*put it back/ })
      copyFileSync(away, path)
      t.strictSame(stored(), ['storage_failed'], `another ${name}`)
      rmSync(path)
      renameSync(away, path)
      t.strictSame(stored(), [], 'it is back')
    }
    store.close()
  },
)

t.test('a folder that is put in the place of the old one is noticed too', { skip }, async (t) => {
  const folder = t.testdir({ data: {} })
  const store = openLocalStore({ dataDir: join(folder, 'data') })
  await store.call('openEpoch', {})
  renameSync(join(folder, 'data'), join(folder, 'other'))
  await t.rejects(store.call('openEpoch', {}), { code: 'storage_failed' })
  mkdirSync(join(folder, 'data'))
  await t.rejects(store.call('openEpoch', {}), { code: 'storage_failed' })
  store.close()
})

t.test('files that are not there at the beginning are not missed', async (t) => {
  new FileIdentity(join(t.testdir(), 'none.db')).check()
})
