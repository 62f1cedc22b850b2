import t from 'tap'
import { openDatabaseFile } from '../../src/store/database-file.ts'
import { damageOf, openInboxes } from '../../src/store/open-inboxes.ts'
import { runOf } from './inbox-fixtures.ts'

const settings = { messagesMax: 100, bytesMax: 1e6, policy: 'reject', start: 2, end: 3 } as const
const journal = { ageMsMax: 1000, entriesMax: 1000, rowsMax: 1000 }
const clock = { now: () => 1, steadyNow: () => 1 }

t.test('what was stored is there again, and what is missing is told', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const options = { database, settings, journal, ...clock, commitsSeen: undefined }
  const first = openInboxes(options)
  first.append(runOf('ann', 1, 3))
  first.append(runOf('bob', 1, 1))
  first.flush()
  t.equal(first.committed(), 1)
  t.match(openInboxes({ ...options, commitsSeen: 1 }).openEpoch(), { epoch: 1, damage: [] })
  database.exec(`DELETE FROM segments WHERE user_id = 'bob'`)
  const damaged = openInboxes({ ...options, commitsSeen: 3 })
  t.match(damaged.countInboxes(), { users: 1, messages: 3, segments: 1 })
  t.match(damaged.openEpoch(), { epoch: 2, damage: [/1 segments .* 2 were committed/, /last 2 commits are gone/] })
  database.close()
})

t.test('a sentence for each kind of damage', async (t) => {
  const sound = { damaged: 0, damagedPlaces: 0, rows: 5, counted: 5, commits: 9, commitsSeen: 8 }
  t.strictSame(damageOf(sound), [])
  t.equal(damageOf({ damaged: 1, damagedPlaces: 1, rows: 4, counted: 5, commits: 9, commitsSeen: 10 }).length, 4)
})
