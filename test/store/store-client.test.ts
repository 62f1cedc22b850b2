import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { createMailboxPair } from '../../src/mailbox/mailbox.ts'
import type { StoreError } from '../../src/mailbox/store-error.ts'
import { databaseFileName } from '../../src/store/database-file.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { StoreClient, startStoreThread } from '../../src/store/store-client.ts'
import { runOf } from './inbox-fixtures.ts'

const alice = { userId: 'alice', passwordHash: 'h', role: 'user' as const }

function unexpected(error: StoreError): void {
  t.fail(`the thread died: ${error.message}`)
}

t.test('calls go to the thread and come back, with refusals by code', async (t) => {
  const store = await startStoreThread({ dataDir: t.testdir(), onDied: unexpected })
  t.match(await store.call('addAccount', alice), { userId: 'alice', role: 'user' })
  t.equal(await store.call('findAccount', { userId: 'bob' }), undefined)
  t.match(await store.call('findAccount', { userId: 'alice' }), { passwordHash: 'h', generation: 1 })
  await t.rejects(store.call('addAccount', alice), { name: 'StoreError', code: 'exists' })
  await t.rejects(store.call('removeAccount', { userId: 'bob' }), { code: 'user_unknown' })
  const key = await store.call('tokenKey', {})
  t.ok(key instanceof Uint8Array)
  t.equal(key.length, 32)
  await store.close()
})

t.test('many calls at once are each answered', async (t) => {
  const dataDir = t.testdir()
  const store = await startStoreThread({ dataDir, onDied: unexpected })
  const names = Array.from({ length: 2000 }, (_, index) => `user${index}`)
  await Promise.all(names.map((userId) => store.call('addAccount', { ...alice, userId })))
  const found = await Promise.all(names.map((userId) => store.call('findAccount', { userId })))
  t.strictSame(
    found.map((account) => account?.userId),
    names,
  )
  t.equal(store.waitingCalls, 0)
  await store.close()
  const local = openLocalStore({ dataDir })
  t.equal(await local.call('countAccounts', {}), 2000)
  local.close()
})

t.test('thousands are imported in one call', async (t) => {
  const store = await startStoreThread({ dataDir: t.testdir(), onDied: unexpected })
  const accounts = Array.from({ length: 10_000 }, (_, index) => ({ ...alice, userId: `user${index}` }))
  const begun = performance.now()
  t.match(await store.call('importAccounts', { accounts }), { added: 10_000 })
  t.ok(performance.now() - begun < 2000)
  await store.close()
})

t.test('close answers what was asked before, takes nothing after, and can be called twice', async (t) => {
  const store = await startStoreThread({ dataDir: t.testdir(), onDied: unexpected })
  const pending = store.call('addAccount', alice)
  const closed = store.close()
  t.equal(store.close(), closed)
  await t.rejects(store.call('countAccounts', {}), { code: 'storage_failed', message: /closing/ })
  t.match(await pending, { userId: 'alice' })
  await closed
  await t.rejects(store.call('countAccounts', {}), { code: 'storage_failed' })
  await store.close()
})

t.test('more calls than may wait are refused at once, and the others are answered', async (t) => {
  const store = await startStoreThread({ dataDir: t.testdir(), callsMax: 3, onDied: unexpected })
  const calls = Array.from({ length: 5 }, () => store.call('countAccounts', {}))
  const outcomes = await Promise.allSettled(calls)
  t.strictSame(
    outcomes.map((one) => one.status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
  t.match(outcomes[4], { reason: { code: 'server_busy' } })
  await store.close()
})

t.test('a full mailbox refuses at once, and so does a call that never fits', async (t) => {
  const store = await startStoreThread({
    dataDir: t.testdir(),
    inboxBytes: 4096,
    outboxBytes: 4096,
    onDied: unexpected,
  })
  const passwordHash = 'h'.repeat(1000)
  const calls = Array.from({ length: 10 }, (_, index) =>
    store.call('addAccount', { ...alice, userId: `u${index}`, passwordHash }),
  )
  const outcomes = await Promise.allSettled(calls)
  const refused = outcomes.filter((one) => one.status === 'rejected')
  t.ok(refused.length > 0 && refused.length < 10)
  for (const one of refused) t.match(one, { reason: { code: 'server_busy' } })
  await t.rejects(store.call('addAccount', { ...alice, passwordHash: 'h'.repeat(3000) }), {
    code: 'storage_failed',
    message: /split it/,
  })
  t.equal(await store.call('countAccounts', {}), 10 - refused.length)
  await store.close()
})

t.test('replies wait for room in their ring, and one that never fits becomes an error', async (t) => {
  const store = await startStoreThread({ dataDir: t.testdir(), outboxBytes: 4096, onDied: unexpected })
  const accounts = Array.from({ length: 100 }, (_, index) => ({ ...alice, userId: `user${index}` }))
  await store.call('importAccounts', { accounts })
  const pages = await Promise.all(Array.from({ length: 50 }, () => store.call('listAccounts', { limit: 10 })))
  for (const page of pages) t.equal(page.accounts.length, 10)
  await t.rejects(store.call('listAccounts', { limit: 100 }), { code: 'storage_failed', message: /ask for less/ })
  await store.close()
})

t.test('a store that can not be opened is refused with a sentence', async (t) => {
  const damaged = t.testdir({ [databaseFileName]: 'no database '.repeat(100) })
  await t.rejects(startStoreThread({ dataDir: damaged, onDied: unexpected }), {
    name: 'StoreError',
    code: 'storage_failed',
    message: /parley\.db is damaged/,
  })
  const folder = join(damaged, 'sub')
  mkdirSync(folder)
  writeFileSync(join(folder, 'file'), '')
  await t.rejects(startStoreThread({ dataDir: join(folder, 'file'), onDied: unexpected }), { code: 'storage_failed' })
})

t.test('a thread that dies answers every call and says so once', async (t) => {
  const deaths: StoreError[] = []
  const pair = createMailboxPair({ toFirstBytes: 4096, toSecondBytes: 4096 })
  const source = `setTimeout(() => { throw new Error('a broken assumption') }, 50)`
  const worker = new Worker(source, { eval: true })
  const store = new StoreClient(worker, pair.first, { dataDir: '', onDied: (error) => deaths.push(error) })
  const calls: Promise<unknown>[] = [store.call('countAccounts', {}), store.call('addAccount', alice)]
  for (const outcome of await Promise.allSettled(calls)) {
    t.match(outcome, { reason: { code: 'storage_failed', message: /is gone: a broken assumption/ } })
  }
  await t.rejects(store.call('countAccounts', {}), { code: 'storage_failed', message: /is gone/ })
  t.equal(deaths.length, 1)
  t.match(deaths[0], { code: 'storage_failed' })
  await store.close()
  pair.second.port.close()
})

t.test('runs of many turns are answered in the order of their tickets, and are there after a restart', async (t) => {
  const dataDir = t.testdir()
  let answered = 0
  const client = await startStoreThread({
    dataDir,
    onDied: (error) => t.fail(error.message),
    onAppended: ({ first, count, refused }) => {
      t.equal(first, answered)
      t.strictSame(refused, [])
      answered += count
    },
  })
  for (let seq = 1; seq <= 500; seq++) {
    t.equal(client.append(runOf(`user${seq % 7}`, seq, 1)), seq - 1)
    if (seq % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  t.match(await client.call('countInboxes', {}), { users: 7, messages: 500 })
  t.equal(client.append(runOf('ann', 1, 1, { frames: Buffer.alloc(8 * 2 ** 20) })), -1, 'too large for the ring')
  await client.close()
  t.strictSame([answered, client.waitingRuns], [500, 0])
  t.equal(client.append(runOf('ann', 1, 1)), -1, 'after the close')
  const again = await startStoreThread({ dataDir, onDied: (error) => t.fail(error.message) })
  t.match(await again.call('countInboxes', {}), { users: 7, messages: 500, damaged: 0 })
  await again.close()
})
