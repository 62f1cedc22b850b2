import { statSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import t from 'tap'
import type { StoreReply, StoreRequest } from '../../src/mailbox/store-messages.ts'
import { databaseFileName, openDatabaseFile } from '../../src/store/database-file.ts'
import { LocalStore, openLocalStore } from '../../src/store/local-store.ts'

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
  t.strictSame(store.runBatch([]), { replies: [], appended: undefined })
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
