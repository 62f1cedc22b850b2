import { chmodSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { changeLockedFile, readLockedFile } from '../../src/client/locked-file.ts'

t.test('a change sees the text of the change before', async (t) => {
  const path = join(t.testdir(), 'file')
  t.equal(await readLockedFile(path), '')
  await Promise.all(Array.from({ length: 10 }, () => changeLockedFile(path, (text) => `${text}x`)))
  t.equal(await readLockedFile(path), 'x'.repeat(10))
})

t.test('a change that fails leaves the file as it was', async (t) => {
  const folder = t.testdir({ file: 'before' })
  const path = join(folder, 'file')
  const fails = changeLockedFile(path, () => {
    throw new Error('no')
  })
  await t.rejects(fails, { message: 'no' })
  t.equal(readFileSync(path, 'utf8'), 'before')
  t.strictSame(readdirSync(folder), ['file'])
})

t.test('a lock that a dead process left is taken', async (t) => {
  const path = join(t.testdir(), 'file')
  writeFileSync(`${path}.lock`, '')
  const old = new Date(Date.now() - 60_000)
  utimesSync(`${path}.lock`, old, old)
  await changeLockedFile(path, () => 'after')
  t.equal(await readLockedFile(path), 'after')
})

t.test('what is no file is named, not read', async (t) => {
  const path = t.testdir({ file: {} })
  await t.rejects(readLockedFile(join(path, 'file')), { message: /file is no file: move it away/ })
  await t.rejects(
    changeLockedFile(join(path, 'file'), () => 'text'),
    { message: /is no file/ },
  )
})

t.test(
  'a file to which others may write is not trusted',
  { skip: process.platform === 'win32' && 'Windows has no modes' },
  async (t) => {
    const path = join(t.testdir({ file: 'text' }), 'file')
    chmodSync(path, 0o602)
    await t.rejects(readLockedFile(path), { message: /others may write to .*file: .* "chmod 600/ })
    chmodSync(path, 0o644)
    t.equal(await readLockedFile(path), 'text')
  },
)
