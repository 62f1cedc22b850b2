import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { claimControlPath, requirePrivatePlace } from '../../src/server/control-path.ts'
import { controlPath } from '../../src/server/control-protocol.ts'
import { shortFolder } from '../cli/short-folder.ts'

const unix = { skip: process.platform === 'win32' }

t.test('a free path is taken', async (t) => {
  const server = createServer()
  t.teardown(() => server.close())
  t.equal(await claimControlPath(server, join(shortFolder(t), 's')), false)
})

t.test('a path where a server answers is refused', async (t) => {
  const path = join(shortFolder(t), 's')
  const [first, second] = [createServer(), createServer()]
  t.teardown(() => first.close())
  await claimControlPath(first, path)
  await t.rejects(claimControlPath(second, path), { code: 'data_dir_in_use', message: /another Parley server/ })
})

t.test('the socket of a dead server is replaced', unix, async (t) => {
  const path = join(shortFolder(t), 's')
  const script = "const server = require('node:net').createServer().listen(process.argv[1], () => process.send('up'))"
  const dead = fork('-e', [], { execArgv: ['-e', script, path] })
  await once(dead, 'message')
  dead.kill('SIGKILL')
  await once(dead, 'exit')
  t.ok(existsSync(path), 'it was left behind')
  const server = createServer()
  t.teardown(() => server.close())
  t.equal(await claimControlPath(server, path), true)
})

t.test('a data directory with a long path has its socket in a private folder', unix, async (t) => {
  const dataDir = join(shortFolder(t), 'd'.repeat(90))
  mkdirSync(dataDir)
  const path = controlPath(dataDir)
  const server = createServer()
  t.teardown(() => server.close())
  await claimControlPath(server, path)
  t.doesNotThrow(() => requirePrivatePlace(path))
})

t.test('a path that is too long for a socket is refused rather than cut', unix, async (t) => {
  const path = join(shortFolder(t), 's'.repeat(100))
  await t.rejects(claimControlPath(createServer(), path), { code: 'control_failed', message: /too long/ })
})

t.test('a folder that does not exist is a failure with a sentence', async (t) => {
  const path = join(shortFolder(t), 'none', 's')
  await t.rejects(claimControlPath(createServer(), path), { code: 'control_failed', message: /can't be opened/ })
})
