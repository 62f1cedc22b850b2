import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { makeDataDir } from '../../src/store/data-dir.ts'

t.test('a folder and its parents are made for their owner alone, and may be there already', async (t) => {
  const folder = join(t.testdir(), 'a', 'b')
  makeDataDir(folder)
  makeDataDir(folder)
  t.ok(statSync(folder).isDirectory())
  if (process.platform !== 'win32') t.equal(statSync(folder).mode & 0o777, 0o700)
})

t.test('a file in its place, or above it, is named', async (t) => {
  const file = join(t.testdir(), 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'data'), join(file, 'more', 'data')]) {
    t.throws(() => makeDataDir(path), { code: 'storage_failed', message: /file is not a folder: set PARLEY_DATA_DIR/ })
  }
})

t.test('a file system that takes no folders is refused at once', async (t) => {
  if (process.platform !== 'linux') return
  t.throws(() => makeDataDir('/proc/parley/data'), { code: 'storage_failed' })
})
