import Database from 'libsql'
import t from 'tap'
import { type Conversation, emptyTally, tallyWith } from '../../src/store/conversation.ts'
import { countUpTo, messagesAfter, messagesUpTo, positionOf } from '../../src/store/history-reader.ts'
import { HistoryTable } from '../../src/store/history-table.ts'
import { migrate } from '../../src/store/schema.ts'

t.test('three rows of two pieces each are read, counted and searched', async (t) => {
  const { table, conversation } = emptyHistory()
  // Positions: 1 low, 2 3 high, 4 low, 5 6 high, 7 low, 8 9 high; numbers of low are odd ones.
  for (const row of [0, 1, 2]) {
    const first = conversation.tally.last + 1
    const low = { epoch: 1, seq: 2 * row + 1, count: 1, time: 1, byteCount: 3, isLow: true }
    const high = { epoch: 1, seq: 2 * row + 1, count: 2, time: 1, byteCount: 6, isLow: false }
    conversation.tally = tallyWith(tallyWith(conversation.tally, low), high)
    const text = [1, 2, 3].map((part) => `\u0002${3 * row + part}\u0003`).join('')
    table.insert(conversation, first, conversation.tally, [low, high], Buffer.from(text))
  }
  const parts = { table, conversation, end: 3 }
  t.same(
    [...messagesUpTo(parts, 5, 2)].map(({ body }) => String(Buffer.from(body))),
    ['5', '4', '3'],
  )
  t.same(
    [...messagesAfter(parts, 6)].map(({ position }) => position),
    [7, 8, 9],
  )
  t.same(
    [0, 1, 2, 3, 9].map((position) => countUpTo(table, conversation, position, false)),
    [0, 0, 1, 2, 6],
  )
  t.same(
    [1, 2, 3, 4, 5, 99].map((seq) => positionOf(table, conversation, true, { epoch: 1, seq })),
    [1, 1, 4, 4, 7, 7],
  )
  t.equal(positionOf(table, conversation, true, { epoch: 0, seq: 9 }), 0)
})

t.test('the last message of one is found where only the other wrote since', async (t) => {
  const { table, conversation } = emptyHistory()
  for (const { epoch, isLow } of [
    { epoch: 1, isLow: true },
    { epoch: 2, isLow: false },
    { epoch: 2, isLow: false },
    { epoch: 4, isLow: true },
  ]) {
    const first = conversation.tally.last + 1
    const piece = { epoch, seq: 5, count: 1, time: 1, byteCount: 3, isLow }
    conversation.tally = tallyWith(conversation.tally, piece)
    table.insert(conversation, first, conversation.tally, [piece], Buffer.from('\u0002x\u0003'))
  }
  const find = (epoch: number, seq: number): number => positionOf(table, conversation, true, { epoch, seq })
  t.same([find(1, 4), find(1, 5), find(2, 0), find(3, 9), find(4, 4), find(4, 5), find(5, 1)], [0, 1, 1, 1, 1, 4, 4])
})

/** A conversation of ann, the low one, and bob, without a row. */
function emptyHistory(): { readonly table: HistoryTable; readonly conversation: Conversation } {
  const database = new Database(':memory:')
  migrate(database, ':memory:')
  const table = new HistoryTable(database, { start: 2, end: 3 })
  const conversation = {
    id: 1,
    low: 'ann',
    high: 'bob',
    tally: emptyTally,
    lowRead: 0,
    highRead: 0,
    hasDamagedEnd: false,
  }
  return { table, conversation }
}
