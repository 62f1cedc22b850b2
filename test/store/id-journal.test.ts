import t from 'tap'
import { journalEntryBytes } from '../../src/mailbox/inbox-messages.ts'
import { openDatabaseFile } from '../../src/store/database-file.ts'
import { IdJournal } from '../../src/store/id-journal.ts'

const wide = { ageMsMax: 1000, entriesMax: 1000, rowsMax: 1000 }

function entries(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.alloc(journalEntryBytes, value)))
}

function firstBytes(bytes: Uint8Array): number[] {
  return Array.from({ length: bytes.length / journalEntryBytes }, (_, index) => bytes[index * journalEntryBytes] ?? -1)
}

t.test('entries come back by pages, oldest first, those of zeros left out', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const journal = new IdJournal(database, wide)
  t.equal(journal.flush(1), false)
  journal.add(entries(1, 0, 2))
  journal.add(entries(3))
  t.equal(journal.flush(10), true)
  journal.add(entries(4))
  journal.flush(20)
  t.throws(() => journal.add(Buffer.alloc(31)), RangeError)
  const opened = new IdJournal(database, wide)
  t.equal(opened.entries, 4)
  const first = opened.page({ after: 0, since: 0, bytesMax: 1 })
  t.strictSame(firstBytes(first.entries), [1, 2, 3])
  const second = opened.page({ after: first.next ?? -1, since: 0, bytesMax: 1 })
  t.strictSame([firstBytes(second.entries), second.next], [[4], undefined])
  t.strictSame(firstBytes(opened.page({ after: 0, since: 11, bytesMax: 1e6 }).entries), [4])
  database.close()
})

t.test('what is too old or too much goes, oldest first', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const journal = new IdJournal(database, { ...wide, entriesMax: 3 })
  for (let value = 1; value <= 5; value++) {
    journal.add(entries(value))
    journal.flush(value)
  }
  t.equal(journal.prune(5), false)
  t.strictSame(firstBytes(journal.page({ after: 0, since: 0, bytesMax: 1e6 }).entries), [3, 4, 5])
  journal.prune(1003.5)
  t.strictSame(firstBytes(journal.page({ after: 0, since: 0, bytesMax: 1e6 }).entries), [4, 5])
  t.equal(journal.entries, 2)
  database.close()
})

t.test('while it may not grow, what is new takes the place of the oldest rows', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  let mayGrow = true
  const journal = new IdJournal(database, wide, () => mayGrow)
  for (let value = 1; value <= 4; value++) {
    journal.add(entries(value))
    journal.flush(value)
  }
  mayGrow = false
  journal.add(entries(5))
  journal.add(entries(6))
  journal.flush(5)
  t.strictSame(firstBytes(journal.page({ after: 0, since: 0, bytesMax: 1e6 }).entries), [3, 4, 5, 6])
  t.equal(journal.entries, 4)
  for (let value = 7; value <= 12; value++) {
    journal.add(entries(value))
    journal.flush(value)
  }
  t.equal(journal.entries, 3, 'at least a row goes for each')
  mayGrow = true
  journal.add(entries(13))
  journal.flush(13)
  t.equal(journal.entries, 4)
  database.close()
})

t.test('many rows are read, and a damaged one is left out', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const journal = new IdJournal(database, { ...wide, rowsMax: 100_000, entriesMax: 100_000 })
  database.exec('BEGIN')
  for (let row = 0; row < 600; row++) {
    journal.add(entries(1 + (row % 200)))
    journal.flush(row)
  }
  database.exec('COMMIT')
  database.exec(`UPDATE id_journal SET entries = zeroblob(32) WHERE id = 300`)
  t.equal(journal.page({ after: 0, since: 0, bytesMax: 1e6 }).entries.length / journalEntryBytes, 599)
  t.equal(journal.countDamaged(), 1)
  database.close()
})

t.test('what was taken in by a commit that failed is forgotten', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const journal = new IdJournal(database, wide)
  const before = journal.snapshot()
  journal.add(entries(1))
  journal.restore(before)
  t.equal(journal.flush(1), false)
  t.equal(journal.entries, 0)
  database.close()
})
