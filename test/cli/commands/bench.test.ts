import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('the options of the benchmark are shown', async (t) => {
  const { exitCode, stdout } = await runHere(['bench', '--', '--help'])
  t.equal(exitCode, 0)
  t.match(stdout, /Usage: npm run bench/)
})

t.test('without a server it says what to do, and ends with 69', async (t) => {
  const { exitCode, stderr } = await runHere(['bench', '--data-dir', t.testdir()])
  t.equal(exitCode, 69)
  t.match(stderr, /parley bench --own/)
})

t.test('the exit code of the benchmark is that of the command, and its faults are shown', async (t) => {
  const { exitCode, stderr } = await runHere(['bench', '--own', '--pairs', 'many'])
  t.equal(exitCode, 2)
  t.match(stderr, /--pairs must be a whole number/)
})

t.test('a server elsewhere is refused', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, {})
  const { exitCode, stderr } = await runHere(['bench', '--data-dir', dataDir, '--url', 'parley://192.0.2.1:7700'])
  t.equal(exitCode, 2)
  t.match(stderr, /must name this machine/)
})

t.test('users that could not be made are an error in a sentence', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { status: () => ({ version: '1', pid: process.pid, uptimeS: 1 }) })
  const args = ['--scenario', 'latency', '--pairs', '1', '--rounds', '1', '--seconds', '1']
  const { exitCode, stdout } = await runHere(['bench', '--data-dir', dataDir, ...args])
  t.equal(exitCode, 1)
  t.match(stdout, /FAULT/)
})
