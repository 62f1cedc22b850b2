import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import { handOverPassword, operatorPasswordFileName } from '../../src/cli/operator-password.ts'
import { testContext } from './run-cli.ts'

const credentials = { userId: 'operator', password: 'the-password' }

t.test('a terminal shows the password, and no file is written', async (t) => {
  const dataDir = t.testdir()
  const { context } = testContext()
  const terminal = Object.assign(new PassThrough(), { isTTY: true })
  handOverPassword({ ...context, stderr: terminal }, dataDir, credentials)
  t.match(String(terminal.read()), /password {2}the-password/)
  t.notOk(existsSync(join(dataDir, operatorPasswordFileName)))
})

t.test('without a terminal it goes into a private file whose path is shown', async (t) => {
  const dataDir = t.testdir()
  const path = join(dataDir, operatorPasswordFileName)
  writeFileSync(path, 'old')
  chmodSync(path, 0o644)
  const { context, run } = testContext()
  handOverPassword(context, dataDir, credentials)
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(readFileSync(path, 'utf8'), 'the-password\n')
  if (process.platform !== 'win32') t.equal(statSync(path).mode & 0o777, 0o600)
  t.ok(run().stderr.includes(path))
  t.notMatch(run().stderr + run().stdout, /the-password/)
})
