import Database from 'libsql'
import t from 'tap'
import { ConversationTable } from '../../src/store/conversation-table.ts'
import { migrate } from '../../src/store/schema.ts'

const pair = { low: 'ann', high: 'bob' }

function open(): { database: Database.Database; table: ConversationTable } {
  const database = new Database(':memory:')
  migrate(database, ':memory:')
  return { database, table: new ConversationTable(database) }
}

t.test('a conversation is found as it was saved, and from a damaged row nothing counts as read', async (t) => {
  const { database, table } = open()
  const conversation = { ...table.create(pair), lowRead: 3 }
  table.save(conversation)
  t.strictSame(table.find(pair), conversation)
  database.exec('UPDATE conversations SET low_read = 4')
  t.equal(table.find(pair)?.lowRead, 0)
  t.equal(table.damaged, 1)
})

t.test('what was removed does not come back by a flipped bit', async (t) => {
  const { database, table } = open()
  table.save(table.create(pair))
  table.markRemoved('bob')
  t.equal(table.find(pair), undefined)
  t.equal(table.findRemoved(), 1)
  database.exec('UPDATE conversations SET removed = 0')
  t.equal(table.find(pair), undefined)
})

t.test('partners come in the order of their names, from both sides', async (t) => {
  const { table } = open()
  for (const [low, high] of [
    ['ann', 'mia'],
    ['mia', 'zoe'],
    ['bob', 'mia'],
    ['mia', 'mia'],
  ] as const) {
    table.save(table.create({ low, high }))
  }
  t.same(table.partners('mia', '', 10), ['ann', 'bob', 'mia', 'zoe'])
  t.same(table.partners('mia', 'ann', 2), ['bob', 'mia'])
  t.same(table.pairOf(2), { id: 2, low: 'mia', high: 'zoe' })
})
