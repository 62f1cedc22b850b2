import { join } from 'node:path'
import Database from 'libsql'
import t from 'tap'
import { contentText } from '../../../src/cli/commands/verify.ts'
import { storeSome } from '../../store/stored-folder.ts'
import { runHere } from '../run-cli.ts'

t.test('damage is told, with exit code 1', async (t) => {
  const dataDir = t.testdir()
  await storeSome(dataDir, 1)
  t.match(await runHere(['verify', '--data-dir', dataDir]), { exitCode: 0, stdout: /is sound/ })
  const database = new Database(join(dataDir, 'parley.db'))
  database.exec(`UPDATE segments SET frames = zeroblob(5) WHERE user_id = 'user4'`)
  database.close()
  t.match(await runHere(['verify', '--data-dir', dataDir]), { exitCode: 1, stdout: /1 segments .* damaged/ })
})

t.test('what a database holds in one line', async (t) => {
  const text = contentText({ accounts: 1, messages: 2, segments: 3, journalEntries: 4, faults: [] })
  t.equal(text, '1 accounts, 2 stored messages in 3 segments, 4 remembered ids')
})
