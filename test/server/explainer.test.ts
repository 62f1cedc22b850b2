import t from 'tap'
import type { Traced } from '../../src/router/trace.ts'
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
  t.match(await explain(messageId(1, 1, receiverTag('bob'))), {
    known: true,
    steps: [
      { step: 'accepted', time, detail: 'from ann to bob' },
      { step: 'checked', time },
      { step: 'read', time: time + 1, detail: 'at some time before' },
    ],
  })
  t.same(await explain(messageId(1, 3, receiverTag('bob'))), { known: false, steps: [] })
  t.same(await explain(messageId(1, 1, receiverTag('cid'))), { known: false, steps: [] })
  t.same(await explain('nonsense'), { known: false, steps: [] })
})

t.test('what became of a message is told from the trace and from the inbox, and why it went no further', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  t.teardown(() => store.close())
  await store.call('openEpoch', {})
  const explained = async (steps: Traced['steps']): Promise<unknown> => {
    const traced = { from: 'ann', to: 'bob', steps: [{ step: 'accepted' as const, time: 1 }, ...steps] }
    const name = messageId(1, 1, receiverTag('bob'))
    const { steps: told } = await explainMessage({ store, traced: () => traced, now: () => 9 }, name)
    return told.map(({ step, detail }) => (step === 'rejected' ? `${step} ${detail}` : step))
  }
  t.same(await explained([]), ['accepted', 'checked', 'waiting'])
  t.same(await explained([{ step: 'rejected', time: 2, code: 'inbox_full' }]), [
    'accepted',
    'checked',
    'rejected inbox_full',
  ])
  t.same(await explained([{ step: 'stored', time: 2 }]), ['accepted', 'checked', 'stored', 'removed'], 'past its time')
  await store.call('noteWritten', { written: [{ user: 'bob', epoch: 1, seq: 1 }] })
  t.same(await explained([{ step: 'stored', time: 2 }]), ['accepted', 'checked', 'stored', 'sent'])
  const acknowledgements = [{ user: 'bob', device: 'phone', epoch: 1, seq: 1 }]
  await store.call('acknowledge', { acknowledgements })
  t.same(await explained([{ step: 'stored', time: 2 }]), ['accepted', 'checked', 'stored', 'acknowledged'])
  t.same(await explained([{ step: 'acknowledged', time: 2 }]), ['accepted', 'checked', 'acknowledged'])
})
