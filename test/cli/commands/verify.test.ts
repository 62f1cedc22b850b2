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
  const past = new Database(join(dataDir, 'parley.db'))
  past.exec(`INSERT INTO history VALUES (1, 7, 1, 1, 1, 0, 1, 1, 0, 0, 0, 515, 1, 1, x'', x'')`)
  past.close()
  t.match(await runHere(['verify', '--data-dir', dataDir]), {
    exitCode: 1,
    stdout: /Row 1 of the history .* not there/,
  })
})

t.test('what a database holds in one line', async (t) => {
  const inboxes = { accounts: 1, messages: 2, segments: 3, journalEntries: 4 }
  const text = contentText({ ...inboxes, conversations: 5, pastMessages: 6, faults: [] })
  t.equal(
    text,
    '1 accounts, 2 stored messages in 3 segments, 6 messages of 5 conversations in the history, 4 remembered ids',
  )
})
