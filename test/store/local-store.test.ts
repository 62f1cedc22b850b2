import { statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import t from 'tap'
import { beginning } from '../../src/mailbox/position.ts'
import type { StoreReply, StoreRequest } from '../../src/mailbox/store-messages.ts'
import { CommitWitness } from '../../src/store/commit-witness.ts'
import { databaseFileName, openDatabaseFile } from '../../src/store/database-file.ts'
import { inboxSettingsDefault, LocalStore, openLocalStore } from '../../src/store/local-store.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { pastRun } from './history-fixtures.ts'
import { runOf } from './inbox-fixtures.ts'

const alice = { userId: 'alice', passwordHash: 'h', role: 'user' as const }

function addRequest(id: number, userId: string): StoreRequest {
  return { id, call: 'addAccount', take: { userId, passwordHash: 'h', role: 'user' } }
}

function outcome(reply: StoreReply | undefined): string | undefined {
  if (reply === undefined) return undefined
  return 'error' in reply ? reply.error.code : 'ok'
}

t.test('accounts outlive the store, and the token key does', async (t) => {
  const dataDir = t.testdir()
  const first = openLocalStore({ dataDir, now: () => 123 })
  await first.call('addAccount', alice)
  const key = await first.call('tokenKey', {})
  first.close()
  const journal = statSync(join(dataDir, `${databaseFileName}-wal`), { throwIfNoEntry: false })
  t.equal(journal?.size ?? 0, 0, 'the journal is written back')
  const second = openLocalStore({ dataDir })
  t.match(await second.call('findAccount', { userId: 'alice' }), { passwordHash: 'h', createdAt: 123 })
  t.strictSame(await second.call('tokenKey', {}), key)
  second.close()
})

t.test('refusals are rejections with a code', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  await store.call('addAccount', alice)
  await t.rejects(store.call('addAccount', alice), { name: 'StoreError', code: 'exists' })
  await t.rejects(store.call('setBan', { userId: 'bob', bannedUntil: 1 }), { code: 'user_unknown' })
  store.close()
  store.close()
  await t.rejects(store.call('countAccounts', {}), { code: 'storage_failed', message: /closed/ })
})

t.test('a batch is answered in order, and one failure harms only itself', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  const { replies } = store.runBatch([
    addRequest(1, 'a'),
    { id: 2, call: 'findAccount', take: { userId: 'a' } },
    addRequest(3, 'a'),
    addRequest(4, 'b'),
    { id: 5, call: 'importAccounts', take: { accounts: [{ ...alice, role: 'emperor' as 'user' }, alice] } },
    { id: 6, call: 'setRole', take: { userId: 'nobody', role: 'user' } },
    { id: 7, call: 'countAccounts', take: {} },
  ])
  t.strictSame(
    replies.map((reply) => reply.id),
    [1, 2, 3, 4, 5, 6, 7],
  )
  t.strictSame(replies.map(outcome), ['ok', 'ok', 'exists', 'ok', 'storage_failed', 'user_unknown', 'ok'])
  t.match(replies[1], { give: { userId: 'a' } }, 'a read sees what was written before it in the same batch')
  t.match(replies[6], { give: 2 })
  t.strictSame(store.runBatch([]), { replies: [], appended: undefined, history: undefined })
  store.close()
})

t.test('a full disk refuses what does not fit, keeps the rest and goes on', async (t) => {
  const { database, path } = openDatabaseFile(t.testdir())
  const store = new LocalStore(database, path)
  // A limit on pages is to SQLite what a full disk is.
  const { page_count: pages } = database.prepare('PRAGMA page_count').get([]) as { page_count: number }
  database.pragma(`max_page_count = ${pages + 2}`)
  const large = { id: 2, call: 'addAccount', take: { ...alice, passwordHash: 'h'.repeat(100_000) } } as const
  const { replies } = store.runBatch([addRequest(1, 'a'), large, addRequest(3, 'b')])
  t.strictSame(replies.map(outcome), ['ok', 'storage_full', 'ok'])
  await t.rejects(store.call('addAccount', large.take), { code: 'storage_full', message: /free space/ })
  t.equal(await store.call('countAccounts', {}), 2)
  t.equal(database.inTransaction, false)
  store.close()
})

t.test('a batch that another process keeps from being written fails as a whole, and reads do not', async (t) => {
  const { database, path } = openDatabaseFile(t.testdir())
  const store = new LocalStore(database, path)
  database.pragma('busy_timeout = 20')
  const other = new Database(path)
  other.exec('BEGIN IMMEDIATE')
  const batch = [addRequest(1, 'a'), { id: 2, call: 'countAccounts', take: {} } as const]
  t.strictSame(store.runBatch(batch).replies.map(outcome), ['storage_failed', 'ok'])
  other.exec('COMMIT')
  other.close()
  t.strictSame(store.runBatch(batch).replies.map(outcome), ['ok', 'ok'])
  store.close()
})

t.test('two stores of one file see what the other wrote', async (t) => {
  const dataDir = t.testdir()
  const server = openLocalStore({ dataDir })
  const commandLine = openLocalStore({ dataDir })
  await commandLine.call('addAccount', alice)
  t.match(await server.call('findAccount', { userId: 'alice' }), { userId: 'alice' })
  await server.call('setDisabled', { userId: 'alice', disabled: true })
  t.match(await commandLine.call('findAccount', { userId: 'alice' }), { disabled: true })
  commandLine.close()
  server.close()
  t.equal(server.path, join(dataDir, databaseFileName))
})

t.test('runs and calls of one batch are done in their order, and a run that comes again is stored once', async (t) => {
  const dataDir = t.testdir()
  const store = openLocalStore({ dataDir })
  const read = { user: 'ann', after: beginning, bytesMax: 1e6 }
  const { replies, appended } = store.runBatch([
    runOf('ann', 1, 2, { ticket: 7 }),
    { id: 1, call: 'readInbox', take: read },
    runOf('ann', 3, 2, { ticket: 8 }),
    { id: 2, call: 'acknowledge', take: { acknowledgements: [{ user: 'ann', device: '', epoch: 1, seq: 3 }] } },
    runOf('ann', 3, 2, { ticket: 9 }),
    { id: 3, call: 'countInboxes', take: {} },
  ])
  t.strictSame(appended, { first: 7, count: 3, refused: [], removed: [] })
  t.match(replies[0], { give: { segments: [{ seq: 1, count: 2 }] } })
  t.match(replies[2], { give: { messages: 1 } })
  store.close()
  const again = openLocalStore({ dataDir })
  t.strictSame(again.runBatch([runOf('ann', 1, 2), runOf('ann', 3, 2)]).appended?.refused, [])
  t.match(await again.call('readInbox', read), { segments: [{ seq: 4, count: 1 }] })
  again.close()
})

t.test('a run that is wrong harms no other, and nothing of it is left', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  const wrong = runOf('bob', 1, 2, { ticket: 1, ids: Buffer.alloc(31, 1) })
  const batch = [runOf('ann', 1, 2), wrong, runOf('cid', 1, 2, { ticket: 2 }), addRequest(1, 'dan')]
  const { replies, appended } = store.runBatch(batch)
  t.strictSame(appended?.refused, [{ ticket: 1, from: 0, code: 'storage_failed' }])
  t.strictSame(replies.map(outcome), ['ok'])
  t.match(await store.call('countInboxes', {}), { users: 2, messages: 4 })
  store.close()
})

t.test('on a full disk runs are refused, what was promised stays, and acknowledging makes room', async (t) => {
  const { database, path } = openDatabaseFile(t.testdir())
  let now = 0
  const inboxes = { ...inboxSettingsDefault, messagesMax: 1e6 }
  const store = new LocalStore(database, path, { inboxes, reserveBytes: 1000, monotonic: () => now })
  const { page_count: pages } = database.prepare('PRAGMA page_count').get([]) as { page_count: number }
  database.pragma(`max_page_count = ${pages + 20}`)
  let seq = 1
  const append = () => {
    const { appended } = store.runBatch([runOf('ann', seq, 400)])
    const code = appended?.refused[0]?.code ?? 'stored'
    if (code === 'stored') seq += 400
    return code
  }
  while (append() === 'stored');
  t.ok(seq > 400, 'some fitted')
  t.equal(append(), 'storage_full')
  t.same(store.runBatch([runOf('ann', 1, 400)]).appended?.refused, [], 'what is there, and comes again, is not refused')
  t.match(store.runBatch([runOf('ann', seq - 100, 400)]).appended?.refused, [{ from: 100, code: 'storage_full' }])
  t.match(await store.call('countInboxes', {}), { messages: seq - 1 })
  await store.call('acknowledge', { acknowledgements: [{ user: 'ann', device: '', epoch: 1, seq: 800 }] })
  now = 1000
  t.equal(append(), 'stored', 'it goes on by itself')
  t.strictSame(verifyDatabase(path).faults, [])
  store.close()
})

t.test('what a policy drops is told, and who asked hears of deliveries and of what expired', async (t) => {
  let now = 1000
  const settings = { ...inboxSettingsDefault, messagesMax: 5, policy: 'drop_oldest' as const }
  const store = openLocalStore({ dataDir: t.testdir(), inboxes: settings, now: () => now, monotonic: () => now })
  const note = Buffer.from('tell bob')
  await store.call('openEpoch', {})
  await store.call('openInbox', { user: 'ann', device: 'phone', acknowledges: true })
  store.runBatch([runOf('ann', 1, 4, { note, expires: 5000 })])
  t.match(await store.call('acknowledge', { acknowledgements: [{ user: 'ann', device: 'phone', epoch: 1, seq: 1 }] }), {
    delivered: [{ user: 'ann', epoch: 1, firstSeq: 1, from: 1, to: 1, note }],
  })
  t.match(store.runBatch([runOf('ann', 5, 3, { expires: 9000 })]).appended, {
    refused: [],
    removed: [{ why: 'dropped', firstSeq: 1, from: 2, to: 2, note }],
  })
  now = 5000
  t.match(await store.call('expire', { limit: 100 }), {
    removed: [{ why: 'expired', from: 3, to: 4, note }],
    more: false,
  })
  const login = { user: 'ann', device: 'phone', acknowledges: true, resume: { epoch: 1, seq: 1 } }
  t.match(await store.call('openInbox', login), {
    recovered: false,
    missing: 3,
    cursor: { epoch: 1, seq: 4 },
    count: 3,
  })
  t.match(await store.call('removeInbox', { user: 'ann' }), true)
  t.match(await store.call('countInboxes', {}), { users: 0, segments: 0, devices: 0 })
  store.close()
})

t.test('a run that comes again and is older than what makes room for it is not stored', async (t) => {
  const settings = { ...inboxSettingsDefault, messagesMax: 2, policy: 'drop_oldest' as const }
  const now = 1000
  const store = openLocalStore({ dataDir: t.testdir(), inboxes: settings, now: () => now, monotonic: () => now })
  await store.call('openEpoch', {})
  const expired = runOf('ann', 1, 1, { expires: 500 })
  store.runBatch([expired])
  await store.call('expire', { limit: 100 })
  store.runBatch([runOf('ann', 2, 2)])
  t.match(store.runBatch([expired]).appended, { refused: [], removed: [{ from: 2, to: 2 }] })
  t.match(await store.call('countInboxes', {}), { segments: 1, messages: 1 })
  const read = await store.call('readInbox', { user: 'ann', after: { epoch: 0, seq: 0 }, bytesMax: 1e6 })
  t.match(read.segments, [{ seq: 3, count: 1 }])
  store.close()
})

t.test('every commit counts that changes something, of the history and of accounts too, and no other', async (t) => {
  const dataDir = t.testdir()
  const store = openLocalStore({ dataDir, history: { daysMax: 1, countMax: undefined } })
  await store.call('openEpoch', {})
  const database = new Database(store.path)
  const counter = database.prepare(`SELECT value FROM counters WHERE name = 'commits'`)
  const counted = (): number => (counter.get([]) as { readonly value: number }).value
  const first = counted()
  store.runBatch([pastRun('ann', 'bob', { epoch: 1, seq: 1, count: 2, time: Date.now() })])
  t.equal(counted(), first + 1)
  await store.call('addAccount', { userId: 'ann', passwordHash: 'h', role: 'user' })
  t.equal(counted(), first + 2)
  store.runBatch([runOf('ann', 1, 1), pastRun('ann', 'bob', { epoch: 1, seq: 3, count: 1, time: Date.now() })])
  t.equal(counted(), first + 3, 'once')
  await store.call('journalIds', { entries: new Uint8Array(0) })
  t.equal(counted(), first + 3, 'nothing was changed')
  t.equal(CommitWitness.read(store.path), first + 3)
  database.close()
  store.close()
})

t.test('a device that may have missed something is told so, also after a restart', async (t) => {
  const dataDir = t.testdir()
  let store = openLocalStore({ dataDir })
  await store.call('openEpoch', {})
  for (const device of ['phone', 'desk']) await store.call('openInbox', { user: 'ann', device, acknowledges: true })
  await store.call('acknowledge', { acknowledgements: [{ user: 'ann', device: 'phone', epoch: 1, seq: 1 }] })
  await store.call('noteMissed', { missed: [{ user: 'ann', epoch: 1, seq: 1 }] })
  store.close()
  store = openLocalStore({ dataDir })
  await store.call('openEpoch', {})
  const login = (device: string) => store.call('openInbox', { user: 'ann', device, acknowledges: true })
  t.match(await login('desk'), { recovered: false, missing: undefined })
  t.match(await login('phone'), { recovered: true })
  store.close()
})

t.test('a place to resume from acknowledges, also where something after it is missing', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  await store.call('openEpoch', {})
  const desk = { user: 'ann', device: 'desk', acknowledges: true }
  await store.call('openInbox', desk)
  store.runBatch([runOf('ann', 1, 1)])
  await store.call('noteMissed', { missed: [{ user: 'ann', epoch: 1, seq: 2 }] })
  t.match(await store.call('openInbox', { ...desk, resume: { epoch: 1, seq: 1 } }), { recovered: false })
  t.match(await store.call('countInboxes', {}), { messages: 0 })
  store.close()
})
