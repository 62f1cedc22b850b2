import t from 'tap'
import { receiptsIn } from '../../src/client/receipts.ts'

t.test('each message of an event has a receipt', async (t) => {
  const content = {
    ToUserId: 'bob',
    Status: 'delivered',
    Items: [{ MsgId: 'e1-1-ab', ClientMsgId: 'x' }, { MsgId: 'e1-2-ab' }],
  }
  t.same(receiptsIn(content), [
    { to: 'bob', status: 'delivered', msgId: 'e1-1-ab', clientMsgId: 'x' },
    { to: 'bob', status: 'delivered', msgId: 'e1-2-ab', clientMsgId: undefined },
  ])
})

t.test('what can’t be read is left out', async (t) => {
  const good = { ToUserId: 'bob', Status: 'read', Items: [{ MsgId: 'e1-1-ab' }] }
  t.equal(receiptsIn(good).length, 1)
  for (const wrong of [
    undefined,
    [],
    { ...good, ToUserId: 1 },
    { ...good, Status: 'eaten' },
    { ...good, Items: 'many' },
    { ...good, Items: [{}, null, { MsgId: 5 }] },
  ]) {
    t.same(receiptsIn(wrong), [], JSON.stringify(wrong))
  }
})
