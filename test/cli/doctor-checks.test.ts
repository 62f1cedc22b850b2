import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import {
  checkDatabase,
  checkDataDir,
  checkDescriptors,
  checkKeys,
  checkNode,
  checkPort,
} from '../../src/cli/doctor-checks.ts'
import { putServerKeys } from '../system/support/server-keys.ts'

t.test('the version of Node is judged', async (t) => {
  t.match(checkNode('18.19.0'), { state: 'wrong' })
  t.match(checkNode('20.0.0'), { state: 'warning' })
  t.match(checkNode('22.1.0'), { state: 'fine' })
})

t.test('the data directory is writable and private, or can be made', async (t) => {
  const folder = t.testdir({ file: '' })
  chmodSync(folder, 0o700)
  t.match(checkDataDir(folder), { state: 'fine', detail: /writable and private/ })
  t.match(checkDataDir(join(folder, 'a', 'b')), { state: 'fine', detail: /will be made/ })
  t.match(checkDataDir(join(folder, 'file')), { state: 'wrong', detail: /no folder/ })
  if (process.platform === 'win32') return
  chmodSync(folder, 0o755)
  t.match(checkDataDir(folder), { state: 'warning', detail: /chmod 700/ })
})

t.test('a file of accounts that is no database is found', async (t) => {
  const folder = t.testdir({ whole: { 'parley.db': 'SQLite format 3\0…' }, torn: { 'parley.db': 'x'.repeat(4096) } })
  t.match(checkDatabase(join(folder, 'whole')), { state: 'fine', detail: /is a database/ })
  t.match(checkDatabase(join(folder, 'torn')), { state: 'wrong', detail: /restore it from a backup/ })
  t.match(checkDatabase(join(folder, 'none')), { state: 'fine', detail: /will be made/ })
  t.match(checkDatabase(join(folder, 'torn', 'parley.db')), { state: 'fine' })
})

t.test("the server's own keys are read", async (t) => {
  const folder = t.testdir({})
  t.match(checkKeys(folder), { state: 'fine', detail: /will be made/ })
  await putServerKeys(folder)
  t.match(checkKeys(folder), { state: 'fine', detail: /pin is [A-Za-z0-9_-]{43}$/ })
  writeFileSync(join(folder, 'keys', 'tickets.json'), '{}', { mode: 0o600 })
  t.match(checkKeys(folder), { state: 'wrong', detail: /tickets.json holds no keys/ })
})

t.test('the limit on open files is compared with what is asked for', async (t) => {
  t.match(checkDescriptors(0, 1_048_576), { state: 'fine' })
  t.match(checkDescriptors(0, 1024), { state: 'warning', detail: /up to 896/ })
  t.match(checkDescriptors(5000, 1024), { state: 'wrong', detail: /asks for 5000/ })
  t.match(checkDescriptors(100, 1024), { state: 'fine' })
})

t.test('a port is free, held by the server that runs, or taken', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1')
  t.teardown(() => holder.close())
  await once(holder, 'listening')
  const address = holder.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const listener = { name: 'port', host: '127.0.0.1', port: address.port }
  t.match(await checkPort(listener, undefined), { state: 'wrong', detail: /EADDRINUSE.*another program/ })
  const running = { version: '1', pid: 77, uptimeS: 1, addresses: [{ port: address.port }] }
  t.match(await checkPort(listener, running), { state: 'fine', detail: /pid 77/ })
  t.match(await checkPort(listener, { ...running, addresses: [] }), { state: 'wrong' })
  t.match(await checkPort({ ...listener, port: 0 }, undefined), { state: 'fine' })
  t.match(await checkPort({ ...listener, host: '192.0.2.1' }, undefined), { state: 'wrong', detail: /PARLEY_HOST/ })
  holder.close()
  await once(holder, 'close')
  t.match(await checkPort(listener, undefined), { state: 'fine', detail: /is free/ })
})

t.test('a file in place of a parent is found', async (t) => {
  const folder = t.testdir()
  writeFileSync(join(folder, 'file'), '')
  t.match(checkDataDir(join(folder, 'file', 'data')), { state: 'wrong' })
})
