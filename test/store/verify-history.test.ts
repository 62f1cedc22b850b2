import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import t from 'tap'
import { openLocalStore } from '../../src/store/local-store.ts'
import { restoreDatabase } from '../../src/store/restore.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { historyFaultsMax } from '../../src/store/verify-history.ts'
import { pastRun } from './history-fixtures.ts'

const rows = 20

/** Two conversations, of ann and bob and of bob and cat, each with a row a commit of two messages there and one back. */
async function talk(dataDir: string): Promise<string> {
  const store = openLocalStore({ dataDir, history: { daysMax: 30, countMax: undefined } })
  for (const userId of ['ann', 'bob', 'cat'])
    await store.call('addAccount', { userId, passwordHash: 'h', role: 'user' })
  for (let row = 0; row < rows; row++) {
    const time = Date.now()
    store.runBatch([
      pastRun('ann', 'bob', { epoch: 1, seq: 1 + row * 2, count: 2, time }),
      pastRun('bob', 'ann', { epoch: 1, seq: 1 + row, count: 1, time }),
      pastRun('bob', 'cat', { epoch: 1, seq: 1 + row, count: 1, time }),
    ])
  }
  await store.call('markRead', { user: 'bob', with: 'ann', epoch: 1, seq: 3 })
  store.close()
  return store.path
}

let copies = 0

/** What is told of a database after some changes. */
function faultsAfter(path: string, changes: string): readonly string[] {
  // libsql closes a file only once its statements are collected: each copy has a name of its own.
  const copy = `${path}-${copies++}`
  copyFileSync(path, copy)
  const database = new Database(copy)
  database.exec(changes)
  database.close()
  return verifyDatabase(copy).faults
}

t.test('a sound history is counted, also after some of it was removed', async (t) => {
  const dataDir = t.testdir()
  const path = await talk(dataDir)
  t.match(verifyDatabase(path), { conversations: 2, pastMessages: rows * 4, faults: [] })
  const store = openLocalStore({ dataDir, history: { daysMax: 30, countMax: 9 } })
  while ((await store.call('retainHistory', { limit: 5 })).more);
  t.match(verifyDatabase(path), { conversations: 2, pastMessages: 18, faults: [] })
  await store.call('removeAccount', { userId: 'cat' })
  t.match(verifyDatabase(path), { conversations: 2, pastMessages: 9, faults: [] }, 'what is about to go counts no more')
  store.close()
})

t.test('damage is told by conversation and row', async (t) => {
  const path = await talk(t.testdir())
  const row = /^Row 5 of the history of "ann" and "bob" is damaged: its messages, from position 7 on, are not shown\.$/
  for (const change of [
    'frames = zeroblob(length(frames))',
    'pieces = zeroblob(length(pieces))',
    'last = last + 1',
    'time = 0',
    'crc = 1',
  ]) {
    t.match(faultsAfter(path, `UPDATE history SET ${change} WHERE id = 5`), [row], change)
  }
  t.match(faultsAfter(path, `UPDATE conversations SET low_read = 40 WHERE id = 2`), [
    /^Conversation 2, of "bob" and "cat", is damaged: nothing counts as read in it\.$/,
  ])
  t.match(faultsAfter(path, `UPDATE conversations SET removed = 1 WHERE id = 2`), [/^Conversation 2/])
  t.match(faultsAfter(path, `UPDATE history SET conversation = 7 WHERE id = 1`), [
    /^Row 1 .* conversation 7, which is not/,
  ])
  t.match(faultsAfter(path, `UPDATE history SET conversation = 2 WHERE id = 39`), [/^Row 39 of the history of "bob"/])
  const ends = faultsAfter(path, `UPDATE conversations SET low = CAST(x'611b5b324afe' AS TEXT) WHERE id = 1`)
  t.match(ends[0], /^Conversation 1, of "a.*" and "bob"/)
  t.notMatch(ends.join(), /\p{C}/u)
  t.equal(ends.length, 1 + rows)
})

t.test('rows that are what was written, and do not fit together, are told too', async (t) => {
  const path = await talk(t.testdir())
  const before = `UPDATE history SET first = 1000 + id WHERE conversation = 1 AND first > 1`
  t.equal(faultsAfter(path, before).length, rows - 1, 'places are under the checksum')
  const database = new Database(path)
  database.exec('DROP INDEX history_place')
  database.exec(
    `INSERT INTO history SELECT 100, conversation, first, last, low_total, high_total, low_epoch, low_seq, high_epoch, high_seq, time,
       delimiters, head_crc, crc, pieces, frames FROM history WHERE id = 3`,
  )
  database.close()
  t.match(verifyDatabase(path).faults, [/^Row 100 .* does not fit to what is before it, at position 4\.$/])
})

t.test('much damage is counted', async (t) => {
  const path = await talk(t.testdir())
  const copies = Array.from(
    { length: 3 },
    (_, copy) => `INSERT INTO history SELECT id + ${(copy + 1) * 100}, conversation, first + ${(copy + 1) * 100},
    last, low_total, high_total, low_epoch, low_seq, high_epoch, high_seq, time, delimiters, head_crc, 1, pieces, frames FROM history WHERE id < 100;`,
  )
  const faults = faultsAfter(path, copies.join(''))
  t.equal(faults.length, historyFaultsMax + 1)
  t.equal(
    faults.at(-1),
    `${3 * 2 * rows - historyFaultsMax} more rows of the history and its conversations are damaged.`,
  )
})

t.test('a flipped bit anywhere in the history of a file is found, and such a backup is not restored', async (t) => {
  const folder = t.testdir({ source: {}, target: {} })
  const path = await talk(join(folder, 'source'))
  const whole = readFileSync(path)
  for (const text of ['\u0002ann>bob:1:7\u0003', '\u0002bob>ann:1:20\u0003', '\u0002bob>cat:1:1\u0003']) {
    const bytes = Buffer.from(whole)
    // Some of what moved from page to page stands in the file twice.
    for (let at = whole.indexOf(text); at !== -1; at = whole.indexOf(text, at + 1)) bytes.writeUInt8(0x21, at + 4)
    const flipped = `${path}-${copies++}`
    writeFileSync(flipped, bytes)
    t.match(verifyDatabase(flipped).faults, [/^Row \d+ of the history of .* is damaged/], JSON.stringify(text))
    t.throws(() => restoreDatabase(join(folder, 'target'), flipped, Date.now()), {
      message: /is damaged: Row \d+ of the history of .* Nothing was restored/,
    })
  }
})
