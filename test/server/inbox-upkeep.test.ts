import t from 'tap'
import type { Store, StoreCallName } from '../../src/mailbox/store-messages.ts'
import { keepInboxStore, lookOnce, rememberInboxes } from '../../src/server/inbox-upkeep.ts'
import { openLocalStore } from '../../src/store/local-store.ts'

/** Answers each call with the next thing that it was given for it. */
function storeOf(answers: Partial<Record<StoreCallName, unknown[]>>, asked: unknown[]): Store {
  return {
    call: async (name, take) => {
      asked.push({ name, ...take })
      return answers[name]?.shift() as never
    },
  }
}

t.test('everything is looked at in pieces, and what left unread is told', async (t) => {
  const asked: unknown[] = []
  const removed: unknown[] = []
  const run = { user: 'bob' }
  const store = storeOf(
    {
      expire: [
        { removed: [run], more: true },
        { removed: [], more: false },
      ],
      forgetDevices: [
        { forgotten: 1, more: true },
        { forgotten: 0, more: false },
      ],
    },
    asked,
  )
  const options = {
    store,
    onRemoved: (runs: unknown) => removed.push(runs),
    deviceMs: 100,
    everyMs: 1,
    lookMax: 7,
    now: () => 1000,
  }
  await lookOnce(options)
  t.strictSame(removed, [[run]])
  t.match(asked, [
    { name: 'expire', limit: 7 },
    { name: 'expire' },
    { name: 'forgetDevices', before: 900 },
    { name: 'forgetDevices' },
  ])
  keepInboxStore(options)()
})

t.test('the router is told at the start whom the store knows, and which messages', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  await store.call('openInbox', { user: 'bob', device: 'phone', acknowledges: true })
  await store.call('addAccount', { userId: 'ann', passwordHash: 'h', role: 'user' })
  await store.call('noteReceiptAskers', { askers: [{ user: 'ann', askedAt: 7 }] })
  await store.call('journalIds', { entries: Buffer.alloc(32, 1) })
  const told: unknown[] = []
  await rememberInboxes(store, { remember: (event) => told.push(event) }, Date.now())
  t.match(told, [
    { kind: 'inboxesKnown', users: ['bob'] },
    { kind: 'receiptAskersKnown', askers: [{ user: 'ann', askedAt: 7 }] },
    { kind: 'journalLoaded', entries: Buffer.alloc(32, 1) },
  ])
  store.close()
})
