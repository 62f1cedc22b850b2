import t from 'tap'
import { statusLines } from '../../../src/cli/commands/status.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a status of any shape is shown as indented lines', async (t) => {
  t.same(
    statusLines(
      { pid: 1, addresses: [{ port: 7700, host: 'a' }], pool: { threads: 2, lanes: {} }, tags: ['x', 'y'] },
      '',
    ),
    ['pid: 1', 'addresses:', '  port 7700, host a', 'pool:', '  threads: 2', '  lanes:', 'tags: x, y'],
  )
})

t.test('the running server is asked, for people and for scripts', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, { status: () => ({ version: '1.0.0', pid: 5, uptimeS: 9, sessions: 2 }) })
  const env = { PARLEY_DATA_DIR: dataDir }
  t.match(await runHere(['status'], { env }), { exitCode: 0, stdout: /^version: 1\.0\.0\npid: 5\n/ })
  t.same(JSON.parse((await runHere(['status', '--json'], { env })).stdout), {
    version: '1.0.0',
    pid: 5,
    uptimeS: 9,
    sessions: 2,
  })
})

t.test('without a server it ends with 69', async (t) => {
  t.match(await runHere(['status', '--data-dir', t.testdir()]), { exitCode: 69 })
})
