import t from 'tap'
import { broadcastIn, failureIn, loginIn, sendResultIn, usersIn } from '../../src/client/answer.ts'
import type { IncomingMessage } from '../../src/client/message.ts'

function message(type: string, content: unknown, from = ''): IncomingMessage {
  return { type, from, content, envelope: { MsgType: type } }
}

t.test('a failure is found in any answer of the server, and in none of a user', async (t) => {
  t.match(failureIn(message('CommonResponse', { Success: false, Code: 'user_offline' })), { code: 'user_offline' })
  t.match(failureIn(message('ErrorResponse', { Code: 'rate_limited', Detail: { RetryAfter: 1.5 } })), {
    code: 'rate_limited',
    retryAfterMs: 1500,
  })
  t.match(failureIn(message('UserListResponse', { Success: false })), { code: 'bad_answer' })
  t.equal(failureIn(message('CommonResponse', { Success: true })), undefined)
  t.equal(failureIn(message('Answer', { Success: false, Code: 'kicked' }, 'bob')), undefined)
  t.equal(failureIn(message('Answer', 7)), undefined)
})

t.test('a status that is none of the known ones is a bad answer', async (t) => {
  for (const Status of ['delivered', 'stored', 'sent']) {
    t.equal(sendResultIn(message('CommonResponse', { Success: true, Data: { Status } }), 'id').status, Status)
  }
  for (const content of [{}, { Data: null }, { Data: { Status: 'unconfirmed' } }, null]) {
    t.throws(() => sendResultIn(message('CommonResponse', content), 'id'), { code: 'bad_answer' })
  }
})

t.test('a result has the names of the message, and says when it is one of before', async (t) => {
  const result = (data: object) => sendResultIn(message('CommonResponse', { Success: true, Data: data }), 'id')
  t.same(result({ Status: 'stored', MsgId: 'e1-2-ab', Duplicate: true }), {
    status: 'stored',
    msgId: 'e1-2-ab',
    clientMsgId: 'id',
    duplicate: true,
  })
  t.same(result({ Status: 'sent', MsgId: 7 }), {
    status: 'sent',
    msgId: undefined,
    clientMsgId: 'id',
    duplicate: false,
  })
})

t.test('a login is read, refused, or understood to be neither', async (t) => {
  t.same(loginIn(message('AuthResponse', { Success: true, UserId: 'bob' })), {
    userId: 'bob',
    sessionId: '',
    role: 'user',
    token: undefined,
    tokenExpires: undefined,
  })
  t.match(loginIn(message('AuthResponse', { Success: false, Code: 'banned', RetryAfter: 60 })), {
    code: 'banned',
    retryAfterMs: 60_000,
  })
  t.match(loginIn(message('AuthResponse', { Success: true })), { code: 'bad_answer' })
  t.match(loginIn(message('CommonResponse', { Success: true, UserId: 'bob' })), { code: 'bad_answer' })
})

t.test('a page of users is read with what can be read of it', async (t) => {
  t.same(usersIn(message('UserListResponse', { Items: [{ Value: 'bob' }, 7], Total: 5, After: '' })), {
    users: [{ userId: 'bob', text: 'bob' }],
    total: 5,
    after: undefined,
  })
  t.throws(() => usersIn(message('UserListResponse', { Total: 0 })), { code: 'bad_answer' })
})

t.test('a broadcast says how many it went to, if the server does', async (t) => {
  t.same(broadcastIn(message('CommonResponse', { Success: true, Data: { Receivers: 3 } })), { receivers: 3 })
  t.same(broadcastIn(message('CommonResponse', { Success: true })), { receivers: undefined })
})
