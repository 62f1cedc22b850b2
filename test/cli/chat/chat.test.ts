import t, { type Test } from 'tap'
import { exitCodeOf, runChat } from '../../../src/cli/chat/chat.ts'
import type { ChatOptions } from '../../../src/cli/chat/chat-options.ts'
import { ParleyError } from '../../../src/client/index.ts'
import { except, FakeServer, type Script, usual } from '../../client/fake-server.ts'
import { Terminal } from './terminal.ts'

async function start(
  t: Test,
  options: Partial<ChatOptions> = {},
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
    json: false,
    interactive: false,
    colour: false,
    ...options,
  })
  return { server, terminal, exit }
}

t.test('the end of the input leaves after what was piped in has been done', async (t) => {
  const { server, terminal, exit } = await start(t, { partner: 'bob' })
  terminal.type('hello')
  terminal.type('/to carol hi')
  terminal.end()
  t.equal(await exit, 0)
  const texts = server.received.filter((each) => each.MsgType === 'TextMsgRequest')
  t.match(texts, [
    { ToUserId: 'bob', content: { Message: 'hello' } },
    { ToUserId: 'carol', content: { Message: 'hi' } },
  ])
  t.match(terminal.printed, /you → bob \(sent\)[\s\S]*you → carol \(sent\)/)
})

t.test('a login that is refused and a server that is away have their exit codes', async (t) => {
  const refusing = await start(
    t,
    {},
    except({
      AuthRequest: (request, peer) =>
        peer.answer(request, 'AuthResponse', { Success: false, Code: 'auth_failed', Message: 'No.\x1b[2J' }),
    }),
  )
  t.equal(await refusing.exit, 1)
  t.equal(refusing.terminal.errors, 'parley: No.␛[2J\n')
  const server = await FakeServer.tcp()
  await server.close()
  const away = await start(t, { connection: { url: server.url }, json: true })
  t.equal(await away.exit, 69)
  t.match(away.terminal.events, [{ event: 'failed', code: 'connect_failed' }])
  t.equal(exitCodeOf(new ParleyError('bad_argument')), 2)
  t.equal(exitCodeOf(new Error('x')), 1)
})

t.test('a session that the server ends is exit 1 with the reason', async (t) => {
  const { server, terminal, exit } = await start(t)
  await terminal.until(/Online/)
  server.peer.close('kicked', { Message: 'Spam.' })
  t.equal(await exit, 1)
  t.match(terminal.errors, 'parley: Spam.')
})

t.test('a signal leaves in order, also while connecting', async (t) => {
  const abort = new AbortController()
  const { terminal, exit } = await start(t, { signal: abort.signal })
  await terminal.until(/Online/)
  abort.abort()
  t.equal(await exit, 0)
  const early = await start(t, { signal: AbortSignal.abort() })
  t.equal(await early.exit, 0)
})
