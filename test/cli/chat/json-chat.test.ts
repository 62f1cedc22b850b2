import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import { runChat } from '../../../src/cli/chat/chat.ts'
import { writeEvent } from '../../../src/cli/chat/json-chat.ts'
import { FakeServer, type Script, usual } from '../../client/fake-server.ts'
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
