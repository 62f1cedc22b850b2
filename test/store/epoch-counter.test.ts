import t from 'tap'
import { openDatabaseFile } from '../../src/store/database-file.ts'
import { EpochCounter } from '../../src/store/epoch-counter.ts'

t.test('each start gets a number that no other had', async (t) => {
  const { database } = openDatabaseFile(t.testdir())
  const first = new EpochCounter(database)
  t.equal(first.current, 0)
  t.equal(first.begin(), 1)
  t.equal(first.current, 1)
  const second = new EpochCounter(database)
  t.equal(second.current, 1)
  t.equal(second.begin(), 2)
  database.close()
})
