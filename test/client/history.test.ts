import t from 'tap'
import { conversationsIn, historyIn, historyRequest } from '../../src/client/history.ts'
import type { IncomingMessage } from '../../src/client/message.ts'

function answer(content: unknown): IncomingMessage {
  return { type: 'HistoryResponse', from: '', content, envelope: { MsgType: 'HistoryResponse' } }
}

t.test('a question has only what was asked', async (t) => {
  t.same(historyRequest('bob', {}), { UserId: 'bob' })
  t.same(historyRequest('bob', { before: 7, limit: 2 }), { UserId: 'bob', Before: 7, Limit: 2 })
  t.same(historyRequest('bob', { after: 7 }), { UserId: 'bob', After: 7 })
})

t.test('a page has messages as they came, with their places', async (t) => {
  const Message = {
    FromUserId: 'bob',
    ToUserId: 'alice',
    MsgType: 'TextMsgRequest',
    Content: '{"Message":"hi"}',
    MsgId: 'e1-1-ab',
  }
  const page = historyIn(
    answer({
      Success: true,
      UserId: 'bob',
      Items: [{ Position: 4, Message }],
      More: true,
      Unread: 2,
      Read: 3,
      ReadByOther: 1,
    }),
  )
  t.match(page, {
    items: [{ position: 4, message: { from: 'bob', content: { Message: 'hi' }, envelope: { MsgId: 'e1-1-ab' } } }],
  })
  t.match(page, { more: true, unread: 2, read: 3, readByOther: 1 })
})

t.test('what can’t be read is left out, and an answer without messages is none', async (t) => {
  const Items = [null, {}, { Position: 'x', Message: {} }, { Position: 1, Message: { MsgType: 'TextMsgRequest' } }]
  t.same(historyIn(answer({ Items })), { items: [], more: false, unread: 0, read: 0, readByOther: 0 })
  for (const content of [undefined, {}, { Items: 'many' }])
    t.throws(() => historyIn(answer(content)), { code: 'bad_answer' })
})

t.test('conversations are listed by name', async (t) => {
  const page = conversationsIn(
    answer({
      Items: [{ UserId: 'bob', Position: 4, ServerTime: 1, Unread: 2 }, { UserId: 'carol' }, {}],
      After: 'carol',
    }),
  )
  t.same(page, {
    items: [
      { userId: 'bob', position: 4, serverTime: 1, unread: 2 },
      { userId: 'carol', position: 0, serverTime: undefined, unread: 0 },
    ],
    after: 'carol',
  })
  t.equal(conversationsIn(answer({ Items: [] })).after, undefined)
  t.throws(() => conversationsIn(answer(null)), { code: 'bad_answer' })
})
