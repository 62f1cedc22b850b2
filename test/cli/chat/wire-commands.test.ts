import t from 'tap'
import { wireBroadcast, wireKick, wireSend, wireWho } from '../../../src/cli/chat/wire-commands.ts'
import { except, FakeServer } from '../../client/fake-server.ts'

const credentials = { userId: 'root', password: 'correct horse' }

t.test('each command logs in, does one thing and leaves', async (t) => {
  const server = await FakeServer.tcp()
  t.teardown(() => server.close())
  const options = { connection: { url: server.url }, credentials }
  t.match(await wireSend({ ...options, to: 'bob', message: 'hi' }), { status: 'sent' })
  t.same(await wireBroadcast({ ...options, message: 'hi' }), { receivers: undefined })
  await wireKick({ ...options, target: 'bob', reason: 'spam', banSeconds: 5 })
  t.same(await wireWho(options), [{ userId: 'bob', text: 'bob' }])
  await server.until('four ends', () => server.peers.length === 4 && server.peers.every((peer) => peer.isClosed))
  t.same(
    server.peers.map((peer) => peer.received.map((each) => each.MsgType)[1]),
    ['TextMsgRequest', 'BroadcastRequest', 'KickRequest', 'UserListRequest'],
  )
})

t.test('what is wanted is listed over pages and not one more', async (t) => {
  const server = await FakeServer.tcp(
    except({
      UserListRequest: (request, peer) => {
        const after = Number(request.content.Data.After ?? 0)
        const items = [1, 2].map((n) => ({ Text: `${after + n}`, Value: `${after + n}` }))
        peer.answer(request, 'UserListResponse', { Items: items, Total: 100, After: `${after + 2}` })
      },
    }),
  )
  t.teardown(() => server.close())
  const users = await wireWho({ connection: { url: server.url }, credentials, limit: 5 })
  t.same(
    users.map((user) => user.userId),
    ['1', '2', '3', '4', '5'],
  )
})

t.test('a failure is thrown with its code, and the connection is closed', async (t) => {
  const server = await FakeServer.tcp(
    except({
      KickRequest: (request, peer) =>
        peer.answer(request, 'CommonResponse', { Success: false, Code: 'not_allowed', Message: 'No.' }),
    }),
  )
  t.teardown(() => server.close())
  const options = { connection: { url: server.url }, credentials }
  await t.rejects(wireKick({ ...options, target: 'bob' }), { code: 'not_allowed' })
  await server.until('the end', () => server.peer.isClosed)
})
