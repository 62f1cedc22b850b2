import t from 'tap'
import { openDatabaseFile } from '../../src/store/database-file.ts'
import { Inbox } from '../../src/store/inbox.ts'
import { InboxTable } from '../../src/store/inbox-table.ts'

t.test('devices and what was dropped and delivered come back', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const table = new InboxTable(database)
  const ann = new Inbox('ann')
  ann.load({ dropped: { epoch: 1, seq: 5 }, delivered: { epoch: 2, seq: 7 } })
  const phone = { cursor: { epoch: 1, seq: 9 }, lastSeen: 123, missing: 4, lost: { epoch: 1, seq: 11 } }
  table.saveDevice('ann', 'phone', phone)
  table.saveDevice('ann', 'desk', phone)
  table.saveDevice('ann', 'desk', undefined)
  table.saveInbox(ann)
  table.saveInbox(new Inbox('bob'))
  const users = new Map<string, Inbox>()
  table.load((user) => {
    const inbox = users.get(user) ?? new Inbox(user)
    users.set(user, inbox)
    return inbox
  })
  const loaded = users.get('ann')
  t.strictSame([...users.keys()], ['ann'])
  t.strictSame([...(loaded?.devices.byName ?? [])], [['phone', phone]])
  t.strictSame(loaded?.dropped, { epoch: 1, seq: 5 })
  t.strictSame(loaded?.delivered, { epoch: 2, seq: 7 })
  t.strictSame(loaded?.floor, { epoch: 1, seq: 9 }, 'as far as the only device has come')
  database.close()
})

t.test('a place that is not what was written is left out', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const table = new InboxTable(database)
  const ann = new Inbox('ann')
  ann.load({ dropped: { epoch: 1, seq: 5 }, delivered: { epoch: 2, seq: 7 } })
  const device = { cursor: { epoch: 1, seq: 9 }, lastSeen: 123, missing: 0, lost: { epoch: 0, seq: 0 } }
  table.saveDevice('ann', 'phone', device)
  table.saveInbox(ann)
  database.exec('UPDATE devices SET seq = 11; UPDATE inboxes SET removed_seq = 4')
  const loaded = new Inbox('ann')
  t.equal(
    table.load(() => loaded),
    2,
  )
  t.equal(loaded.isBlank, true)
  database.close()
})
