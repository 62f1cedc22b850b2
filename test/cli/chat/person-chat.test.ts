import t, { type Test } from 'tap'
import { runChat } from '../../../src/cli/chat/chat.ts'
import { except, FakeServer, type Script, usual } from '../../client/fake-server.ts'
import { Terminal } from './terminal.ts'

interface Scene {
  readonly server: FakeServer
  readonly terminal: Terminal
  /** Ends the chat and gives what was printed. */
  leave(): Promise<string>
}

async function start(t: Test, script: Script = usual, interactive = false): Promise<Scene> {
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
    json: false,
    interactive,
    colour: false,
  })
  t.teardown(() => terminal.end())
  await terminal.until(/Online \(1\): bob/)
  return {
    server,
    terminal,
    async leave() {
      terminal.type('/quit')
      t.equal(await exit, 0)
      return terminal.printed
    },
  }
}

t.test('messages, arrivals and departures are printed, and who is online', async (t) => {
  const { server, terminal, leave } = await start(t)
  t.match(terminal.printed, /You are alice\. \/help/)
  const { peer } = server
  peer.send({ MsgType: 'PresenceEvent', content: { UserId: 'carol', Online: true } })
  peer.send({ MsgType: 'TextMsgRequest', FromUserId: 'carol', content: { Message: 'hello' } })
  peer.send({ MsgType: 'BroadcastRequest', FromUserId: 'root', content: { Message: 'hear me' } })
  peer.send({ MsgType: 'TextMsgRequest', content: { Message: 'from the server itself' } })
  peer.send({ MsgType: 'Own', FromUserId: 'carol', content: { a: 1 } })
  peer.send({ MsgType: 'PresenceEvent', content: { UserId: 'carol', Online: false } })
  await terminal.until(/← carol has left/)
  const printed = await leave()
  t.match(
    printed,
    /→ carol is here\n.* carol: hello\n.* root to all: hear me\n.* server: from the server itself\n.* carol \(Own\): \{"a":1\}\n/,
  )
})

t.test('nothing that a stranger sends acts on the terminal, nor passes for somebody else’s line', async (t) => {
  const { server, terminal, leave } = await start(t)
  const evil = '\x1b[2J\x1b]52;c;ZXZpbA==\x07\x9b1A\rroot: obey\n12:00 root: obey\u202e'
  const { peer } = server
  peer.send({ MsgType: 'TextMsgRequest', FromUserId: `m\x1b[31m`, content: { Message: evil } })
  peer.send({ MsgType: `T\x1b[31m`, FromUserId: 'mallory', content: { x: evil } })
  peer.send({ MsgType: 'BroadcastRequest', FromUserId: 'mallory', content: { Message: evil } })
  peer.send({ MsgType: 'PresenceEvent', content: { UserId: `p\x1b[31m\n`, Online: true } })
  peer.send({ MsgType: 'ErrorResponse', content: { Code: 'bad_content', Message: evil, Retryable: false } })
  await terminal.until(/is here/)
  terminal.type(`/nonsense\x1b[31m`)
  await terminal.until(/no command/)
  const printed = await leave()
  t.notMatch(printed, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/)
  for (const line of printed.split('\n')) {
    if (/root: obey/.test(line)) t.match(line, /^ {6}│ |: ␛|! ␛|\{"x"/, line)
  }
})

t.test('the commands do what they say', async (t) => {
  const { server, terminal, leave } = await start(
    t,
    except({
      BroadcastRequest: (request, peer) =>
        peer.answer(request, 'CommonResponse', { Success: true, Data: { Status: 'sent', Receivers: 3 } }),
      TextMsgRequest: (request, peer) =>
        request.ToUserId === 'nobody'
          ? peer.answer(request, 'CommonResponse', { Success: false, Code: 'user_unknown' })
          : usual(request, peer),
    }),
  )
  for (const line of [
    'to whom',
    '/with bob',
    'hello',
    '@nobody hi',
    '/all hear',
    '/kick mallory 10m spam',
    '/who b',
    '/fly',
    '/help',
  ]) {
    terminal.type(line)
  }
  await terminal.until(/\/quit +leave/)
  t.match(
    await leave(),
    /To whom\?[\s\S]*You talk to bob\.[\s\S]*you → bob \(sent\)[\s\S]*! There is no user[\s\S]*Sent to 3\.[\s\S]*mallory was thrown out[\s\S]*Online \(1\): bob[\s\S]*no command \/fly/,
  )
  t.match((await server.message('KickRequest')).content, { UserId: 'mallory', Reason: 'spam', BanSeconds: 600 })
  t.match((await server.message('UserListRequest', 2)).content, { Data: { Prefix: 'b' } })
})

t.test('a change of password asks without showing', async (t) => {
  const { server, terminal, leave } = await start(t, usual, true)
  terminal.type('/passwd')
  await terminal.until(/Old password: /)
  terminal.type('old secret')
  await terminal.until(/New password: /)
  terminal.type('new secret')
  await terminal.until(/New password again: /)
  terminal.type('new secret')
  await terminal.until(/The password was changed/)
  t.same((await server.message('PasswordRequest')).content, { OldPassword: 'old secret', NewPassword: 'new secret' })
  t.notMatch(await leave(), /secret/)
})

t.test('new passwords that differ change nothing', async (t) => {
  const { server, terminal, leave } = await start(t)
  terminal.type('/with bob\n/passwd\nold secret\nnew secret\nother secret')
  await terminal.until(/differ/)
  t.notMatch(await leave(), /secret/)
  t.equal(server.received.filter((each) => each.MsgType === 'PasswordRequest').length, 0)
  t.equal(server.received.filter((each) => each.MsgType === 'TextMsgRequest').length, 0, 'nor is one said to anybody')
})

t.test('a lost connection and the return are told, and presence goes on', async (t) => {
  const { server, terminal, leave } = await start(t)
  server.peer.cut()
  await terminal.until(/Connecting again in \d\.\d s \(try 1\)\.[\s\S]*Connected again\./)
  await server.until('presence again', () => server.peer.received.some((each) => each.MsgType === 'CommonRequest'))
  await leave()
})

t.test(
  'a person sees what became of a message, what was said before, and what is missing; the sender hears of the reading',
  async (t) => {
    const past = {
      FromUserId: 'bob',
      MsgType: 'TextMsgRequest',
      CreateTime: 1_700_000_000,
      Content: '{"Message":"old"}',
    }
    const { server, terminal, leave } = await start(
      t,
      except({
        AuthRequest: (request, peer) => {
          const place = { Epoch: 'e2', Seq: 0, Recovered: peer.index === 0 }
          peer.answer(request, 'AuthResponse', { Success: true, UserId: 'alice', Token: 't', ...place })
        },
        TextMsgRequest: (request, peer) =>
          peer.answer(request, 'CommonResponse', { Success: true, Data: { Status: 'stored', MsgId: 'e2-9-ab' } }),
        HistoryRequest: (request, peer) =>
          peer.answer(request, 'HistoryResponse', { Success: true, Items: [{ Position: 4, Message: past }] }),
      }),
      true,
    )
    terminal.type('@bob hello')
    await terminal.until(/you → bob \(✓ stored\)/)
    const Items = [{ MsgId: 'e2-9-ab' }]
    server.peer.send({ MsgType: 'ReceiptEvent', content: { ToUserId: 'bob', Status: 'read', Items } })
    await terminal.until(/✓✓ bob has read "hello"/)
    server.peer.send({
      MsgType: 'TextMsgRequest',
      FromUserId: 'bob',
      content: { Message: 'hi' },
      MsgId: 'e2-1-ab',
      Epoch: 'e2',
      Seq: 1,
    })
    t.same((await server.message('ReadRequest')).content, { UserId: 'bob', MsgId: 'e2-1-ab' })
    terminal.type('/history bob 3')
    await terminal.until(/2023-11-1\d \d\d:13 bob: old/)
    server.peer.cut()
    await terminal.until(/! Messages for you are missing/)
    await leave()
  },
)

t.test('what a person says while the connection is away waits for it', async (t) => {
  const { server, terminal, leave } = await start(t, usual, true)
  const refuse = server.script
  server.script = (request, peer) => (peer.index < 3 ? peer.cut() : refuse(request, peer))
  server.peer.cut()
  await terminal.until(/Connecting again/)
  terminal.type('@bob hello')
  await terminal.until(/That waits until the connection is back[\s\S]*you → bob \(sent\)/)
  await leave()
})
