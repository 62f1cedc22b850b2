import t from 'tap'
import { openDatabaseFile } from '../../src/store/database-file.ts'
import { Inbox } from '../../src/store/inbox.ts'
import { loadInboxes } from '../../src/store/inbox-loader.ts'
import { InboxTable } from '../../src/store/inbox-table.ts'
import { SegmentTable } from '../../src/store/segment-table.ts'
import { segmentOf } from './inbox-fixtures.ts'

t.test('what is sound and needed is loaded; the rest is counted', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const segments = new SegmentTable(database, { start: 2, end: 3 })
  const inboxes = new InboxTable(database)
  const add = (seq: number, count: number) => {
    const segment = segmentOf(seq, count, { bytes: 1 })
    segments.insert('ann', segment, [], Buffer.from('a'))
    return segment
  }
  const stale = add(1, 2)
  add(3, 4)
  add(5, 4)
  const broken = add(20, 1)
  const last = add(30, 1)
  database.exec(`UPDATE segments SET user_id = 'bob' WHERE id = ${broken.id}`)
  inboxes.saveDevice('ann', 'phone', {
    cursor: { epoch: 1, seq: 3 },
    lastSeen: 1,
    missing: 0,
    lost: { epoch: 0, seq: 0 },
  })
  const users = new Map<string, Inbox>()
  const loaded = loadInboxes({ segments, inboxes }, (user) => {
    const inbox = users.get(user) ?? new Inbox(user)
    users.set(user, inbox)
    return inbox
  })
  t.strictSame(loaded, { rows: 5, lastId: last.id, damaged: 2, damagedPlaces: 0, stale: [stale] })
  t.strictSame([...users.keys()], ['ann'])
  t.strictSame(
    users.get('ann')?.segments.map((segment) => segment.firstSeq),
    [3, 30],
  )
  t.equal(users.get('ann')?.count, 4)
  database.close()
})
