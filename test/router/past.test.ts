import t from 'tap'
import { isPastRequest } from '../../src/router/past.ts'
import { messageId, receiverTag } from '../../src/security/message-id.ts'
import { accepted, RouterWorld, saidTo } from './router-world.ts'

t.test('requests about the history are known by their types', async (t) => {
  for (const type of ['HistoryRequest', 'ConversationsRequest', 'ReadRequest']) t.equal(isPastRequest(type), true)
  t.equal(isPastRequest('UserListRequest'), false)
})

t.test('without a history a sender is told once that something was read', async (t) => {
  const world = new RouterWorld()
  world.authenticate(1, { UserId: 'ann', Token: 't', Receipts: true })
  world.verdict(1, accepted('ann'))
  let told = 0
  const read = (reader: string, seq: number): boolean => {
    const place = { user: reader, with: 'ann', epoch: 1, seq }
    const request = { kind: 'read' as const, ...place, messageId: messageId(1, seq, receiverTag(reader)) }
    const asker = { connection: 9, type: 'ReadRequest', callbackId: undefined }
    const said = saidTo(
      world.step({ kind: 'pastVerdict', asker, request, verdict: { kind: 'read', state: undefined } }),
      1,
    )
    told += said.length
    return said.length > 0
  }
  t.equal(read('bob', 2), true)
  t.equal(read('bob', 2), false)
  t.equal(read('bob', 1), false, 'an older one')
  t.equal(read('bob', 3), true)
  read('cat', 1)
  read('dan', 1)
  t.equal(world.state.past.toldRead.size, 2, 'as many as the limit says')
  t.equal(told, 4)
})
