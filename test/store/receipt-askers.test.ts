import Database from 'libsql'
import t from 'tap'
import { openLocalStore } from '../../src/store/local-store.ts'
import { verifyDatabase } from '../../src/store/verify.ts'

t.test(
  'who asked for receipts is known after a restart, in the order of asking, and no more once it is unsaid',
  async (t) => {
    const dataDir = t.testdir()
    let store = openLocalStore({ dataDir })
    for (const userId of ['ann', 'bob', 'cat', 'dan']) {
      await store.call('addAccount', { userId, passwordHash: 'h', role: 'user' })
    }
    await store.call('noteReceiptAskers', {
      askers: [
        { user: 'cat', askedAt: 1 },
        { user: 'bob', askedAt: 3 },
        { user: 'ann', askedAt: 2 },
        { user: 'dan', askedAt: 4 },
        { user: 'nobody', askedAt: 5 },
      ],
    })
    await store.call('noteReceiptAskers', { askers: [{ user: 'cat', askedAt: 6 }] })
    await store.call('noteReceiptAskers', { askers: [{ user: 'bob', askedAt: undefined }] })
    await store.call('removeAccount', { userId: 'dan' })
    store.close()
    store = openLocalStore({ dataDir })
    const ann = { user: 'ann', askedAt: 2 }
    const cat = { user: 'cat', askedAt: 6 }
    t.strictSame(await store.call('listReceiptAskers', { from: 0, limit: 10 }), { askers: [ann, cat], more: false })
    t.strictSame(await store.call('listReceiptAskers', { from: 0, limit: 1 }), { askers: [ann], more: true })
    t.strictSame(await store.call('listReceiptAskers', { from: 1, limit: 1 }), { askers: [cat], more: true })
    t.strictSame(await store.call('listReceiptAskers', { from: 2, limit: 1 }), { askers: [], more: false })
    store.close()
  },
)

t.test('a damaged row is nobody, and is told', async (t) => {
  const dataDir = t.testdir()
  let store = openLocalStore({ dataDir })
  await store.call('addAccount', { userId: 'ann', passwordHash: 'h', role: 'user' })
  await store.call('addAccount', { userId: 'bob', passwordHash: 'h', role: 'user' })
  await store.call('noteReceiptAskers', {
    askers: [
      { user: 'ann', askedAt: 1 },
      { user: 'bob', askedAt: 2 },
    ],
  })
  store.close()
  const database = new Database(store.path)
  database.exec(`UPDATE receipt_askers SET user_id = CAST(x'61fe6e' AS TEXT) WHERE user_id = 'ann'`)
  database.close()
  store = openLocalStore({ dataDir })
  t.strictSame((await store.call('listReceiptAskers', { from: 0, limit: 10 })).askers, [{ user: 'bob', askedAt: 2 }])
  store.close()
  t.match(verifyDatabase(store.path).faults, [/^Of those who asked for receipts 1 row/])
})
