import { join } from 'node:path'
import t from 'tap'
import { storeSome } from '../../store/stored-folder.ts'
import { runHere } from '../run-cli.ts'

t.test('a backup is written once, and verified', async (t) => {
  const folder = t.testdir()
  const dataDir = join(folder, 'data')
  await storeSome(dataDir, 1)
  const file = join(folder, 'backup.db')
  t.match(await runHere(['backup', file, '--data-dir', dataDir]), {
    exitCode: 0,
    stdout: /^Wrote .*backup\.db \(\d+ bytes\)/,
  })
  t.match(await runHere(['backup', file, '--data-dir', dataDir]), { exitCode: 1, stderr: /there already/ })
  t.match(await runHere(['verify', file, '--data-dir', dataDir]), {
    exitCode: 0,
    stdout: /is sound.*50 stored messages/,
  })
})
