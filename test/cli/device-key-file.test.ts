import { chmodSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { loadDeviceKey } from '../../src/cli/device-key-file.ts'
import { readDeviceKey } from '../../src/client/device-key.ts'

t.test('a key is made for its owner only, once, also by two at a time', async (t) => {
  const path = join(t.testdir(), 'folder', 'alice.pem')
  const [one, two] = await Promise.all([loadDeviceKey(path), loadDeviceKey(path)])
  t.equal(one, two)
  t.equal(await loadDeviceKey(path), one)
  t.match(readDeviceKey(one).thumbprint, /^[\w-]{43}$/)
  t.strictSame(readdirSync(dirname(path)), ['alice.pem'])
  if (process.platform !== 'win32') t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('a key that others can read is refused', { skip: process.platform === 'win32' }, async (t) => {
  const path = join(t.testdir(), 'alice.pem')
  await loadDeviceKey(path)
  chmodSync(path, 0o640)
  await t.rejects(loadDeviceKey(path), { exitCode: 2, message: /can be read by others/ })
})

t.test('a file that can’t be read is told', async (t) => {
  await t.rejects(loadDeviceKey(join(t.testdir({ file: '' }), 'file', 'key')), {
    exitCode: 2,
    message: /can't be used/,
  })
})
