import type Database from 'libsql'
import t from 'tap'
import { openDatabaseFile } from '../../src/store/database-file.ts'
import { IdJournal } from '../../src/store/id-journal.ts'
import { Inbox } from '../../src/store/inbox.ts'
import { InboxGroup, segmentBytesMax } from '../../src/store/inbox-group.ts'
import { InboxTable } from '../../src/store/inbox-table.ts'
import { SegmentTable } from '../../src/store/segment-table.ts'
import { never, runOf } from './inbox-fixtures.ts'

function groupOf(database: Database.Database): InboxGroup {
  return new InboxGroup({
    database,
    segments: new SegmentTable(database, { start: 2, end: 3 }),
    inboxes: new InboxTable(database),
    journal: new IdJournal(database, { ageMsMax: 1, entriesMax: 1, rowsMax: 1 }),
    rows: 0,
    lastId: 0,
  })
}

function rowsOf(database: Database.Database): unknown[] {
  return database.prepare('SELECT user_id, first_seq, count FROM segments ORDER BY id').raw(true).all([])
}

t.test('runs that follow each other become one row', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const group = groupOf(database)
  const inbox = new Inbox('ann')
  const other = new Inbox('bob')
  group.touch(inbox)
  for (const [seq, count] of [
    [1, 2],
    [3, 1],
    [5, 1],
  ] as const) {
    group.append(inbox, runOf('ann', seq, count))
    group.append(other, runOf('bob', seq, count))
  }
  group.append(inbox, runOf('ann', 6, 1, { expires: never + 60_001 }))
  group.append(inbox, runOf('ann', 7, 1, { frames: Buffer.alloc(segmentBytesMax) }))
  group.flush(1)
  group.committed()
  t.strictSame(rowsOf(database), [
    ['ann', 1, 3],
    ['bob', 1, 3],
    ['ann', 5, 1],
    ['bob', 5, 1],
    ['ann', 6, 1],
    ['ann', 7, 1],
  ])
  t.strictSame([group.rows, group.commits], [6, 1])
  group.flush(1)
  group.committed()
  t.equal(group.commits, 1, 'a commit that wrote nothing does not count')
  database.close()
})

t.test('what came and went in one commit is never written', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const group = groupOf(database)
  const inbox = new Inbox('ann')
  group.append(inbox, runOf('ann', 1, 2, { note: Buffer.from('x') }))
  const [segment] = inbox.segments
  t.match(segment && group.notesOf('ann', segment), [{ count: 2, note: Buffer.from('x') }])
  group.remove(inbox.clear())
  group.append(inbox, runOf('ann', 3, 1))
  group.flush(1)
  t.strictSame(rowsOf(database), [['ann', 3, 1]])
  database.close()
})

t.test('after a rollback everything in memory is as before', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const group = groupOf(database)
  const inbox = new Inbox('ann')
  group.touch(inbox)
  group.append(inbox, runOf('ann', 1, 2))
  group.flush(1)
  group.committed()
  database.exec('BEGIN')
  group.touch(inbox)
  group.append(inbox, runOf('ann', 3, 2))
  group.flush(1)
  group.append(inbox, runOf('ann', 5, 2))
  database.exec('ROLLBACK')
  t.strictSame(group.rolledBack(), [inbox])
  t.strictSame([inbox.count, group.rows, group.commits], [2, 1, 1])
  group.append(inbox, runOf('ann', 3, 2))
  group.flush(1)
  group.committed()
  t.strictSame(rowsOf(database), [
    ['ann', 1, 2],
    ['ann', 3, 2],
  ])
  database.close()
})
