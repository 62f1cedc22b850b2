import Database from 'libsql'
import t from 'tap'
import { emptyTally, tallyWith } from '../../src/store/conversation.ts'
import { HistoryTable } from '../../src/store/history-table.ts'
import { migrate } from '../../src/store/schema.ts'

const pair = { id: 1, low: 'ann', high: 'bob' }

t.test('a damaged row is passed over and counted, whatever column it is', async (t) => {
  const columns = [
    'last',
    'low_total',
    'high_total',
    'low_epoch',
    'low_seq',
    'time',
    'delimiters',
    'head_crc',
    'pieces',
  ]
  for (const column of [...columns, 'frames', 'crc']) {
    const database = new Database(':memory:')
    migrate(database, ':memory:')
    const table = new HistoryTable(database, { start: 2, end: 3 })
    let tally = emptyTally
    for (const seq of [1, 2]) {
      const piece = { epoch: 1, seq, count: 1, time: 5, byteCount: 3, isLow: true }
      tally = tallyWith(tally, piece)
      table.insert(pair, seq, tally, [piece], Buffer.from('\u0002a\u0003'))
    }
    const value = column === 'pieces' || column === 'frames' ? `zeroblob(33)` : `${column} + 1`
    database.exec(`UPDATE history SET ${column} = ${value} WHERE first = 2`)
    const row = table.rowAt(pair, 2)
    const frames = row === undefined ? undefined : table.frames(pair, row.id)
    if (columns.includes(column)) t.equal(row?.first, 1, column)
    else t.equal(frames, undefined, column)
    t.ok(table.damaged > 0, column)
  }
})

t.test('a row is never taken for that of another pair', async (t) => {
  const database = new Database(':memory:')
  migrate(database, ':memory:')
  const table = new HistoryTable(database, { start: 2, end: 3 })
  const piece = { epoch: 1, seq: 1, count: 1, time: 5, byteCount: 3, isLow: true }
  table.insert(pair, 1, tallyWith(emptyTally, piece), [piece], Buffer.from('\u0002a\u0003'))
  t.equal(table.rowAt({ ...pair, high: 'cid' }, 1), undefined)
  t.equal(table.rowAt(pair, 1)?.first, 1)
})
