import t from 'tap'
import { isPastRequest } from '../../src/router/past.ts'

t.test('requests about the history are known by their types', async (t) => {
  for (const type of ['HistoryRequest', 'ConversationsRequest', 'ReadRequest']) t.equal(isPastRequest(type), true)
  t.equal(isPastRequest('UserListRequest'), false)
})
