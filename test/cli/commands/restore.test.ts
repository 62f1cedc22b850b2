import { join } from 'node:path'
import t from 'tap'
import { storeSome } from '../../store/stored-folder.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a backup takes the place of what is there, which is kept', async (t) => {
  const folder = t.testdir()
  const dataDir = join(folder, 'data')
  const file = join(folder, 'backup.db')
  await storeSome(dataDir, 1)
  await runHere(['backup', file, '--data-dir', dataDir])
  const run = await runHere(['restore', file, '--data-dir', dataDir])
  t.match(run, {
    exitCode: 0,
    stdout:
      /^Restored .*: 1 accounts, 50 stored messages in 10 segments, 0 messages of 0 conversations in the history, 25 remembered ids\./,
  })
  t.match(run.stdout, /before is now .*replaced/)
})

t.test('not while a server runs', async (t) => {
  const dataDir = shortFolder(t)
  await fakeServer(t, dataDir, {})
  t.match(await runHere(['restore', 'backup.db', '--data-dir', dataDir]), { exitCode: 1, stderr: /stop it first/ })
})
