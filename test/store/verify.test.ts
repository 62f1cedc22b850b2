import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import t from 'tap'
import type { InboxCalls } from '../../src/mailbox/inbox-messages.ts'
import { beginning } from '../../src/mailbox/position.ts'
import { databaseFileName } from '../../src/store/database-file.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { framesOf } from './inbox-model.ts'
import { storeSome } from './stored-folder.ts'

const runs = 20

t.test('a sound database has no faults, and is told of in numbers', async (t) => {
  const dataDir = t.testdir()
  await storeSome(dataDir, runs)
  const verification = verifyDatabase(join(dataDir, databaseFileName))
  t.strictSame(verification, {
    accounts: 1,
    segments: 200,
    messages: 1000,
    journalEntries: 500,
    conversations: 0,
    pastMessages: 0,
    faults: [],
  })
})

t.test('it works while a server writes', async (t) => {
  const dataDir = t.testdir()
  await storeSome(dataDir, 1)
  const store = openLocalStore({ dataDir })
  await store.call('openEpoch', {})
  t.strictSame(verifyDatabase(store.path).faults, [])
  await store.call('removeInbox', { user: 'user0' })
  t.match(verifyDatabase(store.path), { messages: 45, faults: [] })
  store.close()
})

t.test('rows that are gone, and a journal without its end, are found', async (t) => {
  const dataDir = t.testdir()
  await storeSome(dataDir, 1)
  const path = join(dataDir, databaseFileName)
  const database = new Database(path)
  database.exec(
    `DELETE FROM segments WHERE user_id = 'user3'; UPDATE counters SET value = value - 1 WHERE name = 'commits'`,
  )
  database.exec(`UPDATE segments SET frames = zeroblob(length(frames)) WHERE user_id = 'user4'`)
  database.exec(`UPDATE id_journal SET crc = 1`)
  database.close()
  t.match(verifyDatabase(path).faults, [
    /^1 segments .* damaged/,
    /9 segments .* 10/,
    /last 1 commits/,
    /1 rows of the id/,
  ])
})

t.test('no database, and one of another version', async (t) => {
  const dataDir = t.testdir()
  t.throws(() => verifyDatabase(join(dataDir, 'none.db')), { code: 'storage_failed', message: /no database/ })
  const other = new Database(join(dataDir, 'other.db'))
  other.exec('PRAGMA user_version = 99')
  other.close()
  t.throws(() => verifyDatabase(join(dataDir, 'other.db')), { message: /version 99/ })
})

/** Reads everything of everybody. Gives what is wrong: a message that nobody sent is an error, one that is not told of too. */
async function readAll(dataDir: string): Promise<'refused' | 'reported' | 'whole'> {
  let store: ReturnType<typeof openLocalStore>
  try {
    store = openLocalStore({ dataDir })
    store.inboxes()
  } catch {
    return 'refused'
  }
  try {
    const { damage } = await store.call('openEpoch', {})
    let found = 0
    let damaged = damage.length
    for (let user = 0; user < 10; user++) {
      const read = await store.call('readInbox', { user: `user${user}`, after: beginning, bytesMax: 1e9 })
      damaged += read.damaged.length
      for (const segment of read.segments) found += checkedCount(`user${user}`, segment)
    }
    if (damaged > 0) return 'reported'
    if (found !== runs * 50) throw new Error(`${found} messages, and no word of the others`)
    return 'whole'
  } catch (error) {
    if ((error as { code?: string }).code === 'storage_failed') return 'refused'
    throw error
  } finally {
    store.close()
  }
}

function checkedCount(user: string, segment: InboxCalls['readInbox']['give']['segments'][number]): number {
  const { epoch, seq, count, frames } = segment
  if (!framesOf(user, { epoch, seq }, count).equals(frames)) throw new Error(`a wrong message for ${user}`)
  return count
}

t.test('bytes flipped and files cut anywhere: refused, reported or unharmed, and never a wrong message', async (t) => {
  const folder = t.testdir()
  const whole = join(folder, 'whole')
  await storeSome(whole, runs)
  const bytes = readFileSync(join(whole, databaseFileName))
  const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31)
  let state = seed
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const outcomes = { refused: 0, reported: 0, whole: 0 }
  for (let place = 0; place < 200; place++) {
    const dataDir = join(folder, `place${place}`)
    mkdirSync(dataDir)
    const path = join(dataDir, databaseFileName)
    const at = random(bytes.length)
    copyFileSync(join(whole, databaseFileName), path)
    if (place % 10 === 0) truncateSync(path, at)
    else {
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random(8))
      writeFileSync(path, flipped)
    }
    try {
      outcomes[await readAll(dataDir)]++
    } catch (error) {
      t.fail(`seed ${seed}, place ${place}, byte ${at}: ${error}`)
    }
  }
  t.ok(outcomes.refused + outcomes.reported > 50, `seed ${seed}: ${JSON.stringify(outcomes)}`)
})
