import t from 'tap'
import { messageId, receiverTag } from '../../src/security/message-id.ts'
import { explainMessage } from '../../src/server/explainer.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { pastRun } from '../store/history-fixtures.ts'

t.test('what the router has forgotten is told by the store, as far as it knows', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir(), history: { daysMax: 1, countMax: undefined } })
  t.teardown(() => store.close())
  await store.call('addAccount', { userId: 'bob', passwordHash: 'h', role: 'user' })
  const time = Date.now()
  store.runBatch([pastRun('ann', 'bob', { epoch: 1, seq: 1, count: 2, time })])
  await store.call('markRead', { user: 'bob', with: 'ann', epoch: 1, seq: 1 })
  const explain = (name: string) => explainMessage({ store, traced: () => undefined, now: () => time + 1 }, name)
  t.same(await explain(messageId(1, 1, receiverTag('bob'))), {
    known: true,
    steps: [
      { step: 'accepted', time, detail: 'from ann to bob' },
      { step: 'read', time: time + 1, detail: 'at some time before' },
    ],
  })
  t.same(await explain(messageId(1, 3, receiverTag('bob'))), { known: false, steps: [] })
  t.same(await explain(messageId(1, 1, receiverTag('cid'))), { known: false, steps: [] })
  t.same(await explain('nonsense'), { known: false, steps: [] })
})
