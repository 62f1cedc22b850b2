import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { runChat } from '../../../src/cli/chat/chat.ts'
import { writeEvent } from '../../../src/cli/chat/json-chat.ts'
import { except, FakeServer, type Script, usual } from '../../client/fake-server.ts'
import { Terminal } from './terminal.ts'

async function start(
  t: Test,
  script: Script = usual,
): Promise<{ server: FakeServer; terminal: Terminal; exit: Promise<number> }> {
  const server = await FakeServer.tcp(script)
  t.teardown(() => server.close())
  const terminal = new Terminal()
  const { input, output, errorOutput } = terminal
  const exit = runChat({
    connection: { url: server.url, reconnect: { baseMs: 1, capMs: 5 } },
    credentials: { userId: 'alice', password: 'correct horse' },
    input,
    output,
    errorOutput,
    json: true,
    interactive: false,
    colour: true,
  })
  return { server, terminal, exit }
}

t.test('every command is answered with its id, and the end of the input leaves after the answers', async (t) => {
  const { terminal, exit } = await start(t)
  const commands = [
    { do: 'send', to: 'bob', message: 'hi' },
    { do: 'sendMessage', to: 'bob', type: 'Own', content: 7 },
    { do: 'request', type: 'CommonRequest', content: { Command: 'x' } },
    { do: 'broadcast', message: 'all' },
    { do: 'who', prefix: 'b' },
    { do: 'kick', userId: 'bob' },
    { do: 'passwd', oldPassword: 'correct horse', newPassword: 'battery staple' },
    { do: 'presence' },
    { do: 'send', to: '', message: 'hi' },
    { do: 'fly' },
  ]
  commands.forEach((command, id) => {
    terminal.type(JSON.stringify({ ...command, id }))
  })
  terminal.type('')
  terminal.type('not json')
  terminal.end()
  t.equal(await exit, 0)
  const answers = terminal.events.filter((event) => event['event'] === 'answer')
  const byId = (id: number): unknown => answers.find((answer) => answer['id'] === id)
  t.match(terminal.events[0], { event: 'connected', userId: 'alice', role: 'user', again: false })
  t.match(byId(0), { ok: true, status: 'sent' })
  t.match(byId(1), { ok: true, status: 'sent' })
  t.match(byId(2), { ok: true, content: { Success: true } })
  t.match(byId(3), { ok: true })
  t.match(byId(4), { ok: true, users: [{ userId: 'bob' }], total: 1 })
  for (const id of [5, 6, 7]) t.match(byId(id), { ok: true })
  t.match(byId(8), { ok: false, code: 'bad_argument' })
  t.match(byId(9), { ok: false, code: 'bad_argument', message: /fly/ })
  t.match(
    answers.find((answer) => !('id' in answer)),
    { ok: false, code: 'bad_argument', message: /not JSON/ },
  )
  t.equal(answers.length, 11)
})

t.test('messages and the life of the connection are events', async (t) => {
  const { server, terminal, exit } = await start(t)
  await terminal.until(/"connected"/)
  const { peer } = server
  peer.send({ MsgType: 'TextMsgRequest', FromUserId: 'bob', CallbackID: 'x1', content: { Message: 'hi' } })
  peer.send({ MsgType: 'PresenceEvent', content: { UserId: 'bob', Online: false } })
  peer.cut()
  await terminal.until(/"again":true/)
  terminal.type('{"do":"quit"}')
  t.equal(await exit, 0)
  t.match(terminal.events.slice(1), [
    { event: 'message', from: 'bob', type: 'TextMsgRequest', content: { Message: 'hi' }, callbackId: 'x1' },
    { event: 'presence', userId: 'bob', online: false },
    { event: 'disconnected', code: 'connection_lost' },
    { event: 'reconnecting', attempt: 1 },
    { event: 'connected', again: true },
  ])
})

t.test('a session that the server ends is an event and exit 1', async (t) => {
  const { server, terminal, exit } = await start(t)
  await terminal.until(/"connected"/)
  server.peer.close('replaced')
  t.equal(await exit, 1)
  t.match(terminal.events.at(-1), { event: 'failed', code: 'replaced' })
})

t.test('an event is one line of harmless characters, whatever is in it', async (t) => {
  const output = new PassThrough().setEncoding('utf8')
  const text = 'a\nb\x1b[2J\x7f\x9b\u2028é你'
  writeEvent(output, { event: 'x', text })
  const line = String(output.read())
  t.notMatch(line.slice(0, -1), /[\x00-\x1f\x7f-\x9f\u2028]/)
  t.same(JSON.parse(line), { event: 'x', text })
})

t.test('what comes of a message later, what is missing, and the past are told', async (t) => {
  const message = {
    FromUserId: 'bob',
    ToUserId: 'alice',
    MsgType: 'TextMsgRequest',
    CreateTime: 5,
    Content: '{"Message":"old"}',
    MsgId: 'e1-1-ab',
  }
  const { server, terminal, exit } = await start(
    t,
    except({
      AuthRequest: (request, peer) =>
        peer.answer(request, 'AuthResponse', {
          Success: true,
          UserId: 'alice',
          Epoch: 'e2',
          Seq: 0,
          Recovered: false,
          Missing: 2,
        }),
      HistoryRequest: (request, peer) =>
        peer.answer(request, 'HistoryResponse', {
          Success: true,
          Items: [{ Position: 4, Message: message }],
          Unread: 1,
        }),
      ConversationsRequest: (request, peer) =>
        peer.answer(request, 'ConversationsResponse', { Items: [{ UserId: 'bob' }] }),
    }),
  )
  await terminal.until(/"missing"/)
  t.match(terminal.events[0], { event: 'missing', count: 2, upTo: { epoch: 'e2', seq: 0 } })
  const Items = [{ MsgId: 'e1-9-ab', ClientMsgId: 'mine' }]
  server.peer.send({ MsgType: 'ReceiptEvent', content: { ToUserId: 'bob', Status: 'read', Items } })
  server.peer.send({
    MsgType: 'TextMsgRequest',
    FromUserId: 'bob',
    content: { Message: 'x' },
    MsgId: 'e2-1-ab',
    Epoch: 'e2',
    Seq: 1,
  })
  t.same((await server.message('AckRequest')).content, { Epoch: 'e2', Seq: 1 })
  for (const command of [
    { id: 1, do: 'history', with: 'bob', limit: 3 },
    { id: 2, do: 'read', userId: 'bob', msgId: 'e2-1-ab' },
    { id: 3, do: 'conversations' },
    { id: 4, do: 'send', to: 'bob', message: 'hi', clientMsgId: 'mine', volatile: true },
  ]) {
    terminal.type(JSON.stringify(command))
  }
  terminal.end()
  t.equal(await exit, 0)
  const { events } = terminal
  t.match(
    events.find(({ event }) => event === 'receipt'),
    { to: 'bob', status: 'read', msgId: 'e1-9-ab', clientMsgId: 'mine' },
  )
  t.match(
    events.find(({ event }) => event === 'message'),
    { from: 'bob', msgId: 'e2-1-ab' },
  )
  const answer = (id: number): unknown => events.find((event) => event['id'] === id)
  t.match(answer(1), { ok: true, messages: [{ position: 4, from: 'bob', to: 'alice', msgId: 'e1-1-ab' }], unread: 1 })
  t.match(answer(2), { ok: true })
  t.match(answer(3), { ok: true, items: [{ userId: 'bob' }] })
  t.match(answer(4), { ok: true, status: 'sent', clientMsgId: 'mine', duplicate: false })
  t.match(await server.message('TextMsgRequest'), { ClientMsgId: 'mine', Volatile: true })
})
