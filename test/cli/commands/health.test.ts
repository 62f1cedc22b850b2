import t from 'tap'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('one line and an exit code say how the server is', async (t) => {
  const dataDir = shortFolder(t)
  let health: { store: 'ok' | 'full'; message: string } | undefined = { store: 'ok', message: 'All is well.' }
  await fakeServer(t, dataDir, {
    status: () => ({ version: '1.0.0', pid: 5, uptimeS: 9, ...(health === undefined ? {} : { health }) }),
  })
  const env = { PARLEY_DATA_DIR: dataDir }
  t.match(await runHere(['health'], { env }), { exitCode: 0, stdout: 'ok: All is well.\n' })
  health = { store: 'full', message: 'No room.' }
  t.match(await runHere(['health'], { env }), { exitCode: 1, stdout: 'full: No room.\n' })
  health = undefined
  t.match(await runHere(['health'], { env }), { exitCode: 1, stdout: /^unknown: / })
})

t.test('without a server it ends with 69', async (t) => {
  t.match(await runHere(['health', '--data-dir', t.testdir()]), { exitCode: 69 })
})
