import t from 'tap'
import { except, FakeServer } from '../../client/fake-server.ts'
import { fakeServer, runHere } from '../run-cli.ts'
import { shortFolder } from '../short-folder.ts'

t.test('a text goes through the control socket, from words or from a pipe', async (t) => {
  const dataDir = shortFolder(t)
  const sent: unknown[] = []
  await fakeServer(t, dataDir, {
    send: async (take) => {
      sent.push(take)
      return { status: 'sent' }
    },
  })
  const env = { PARLEY_DATA_DIR: dataDir }
  t.match(await runHere(['send', 'alice', 'two', 'words'], { env }), { exitCode: 0, stdout: 'alice: sent\n' })
  t.match(await runHere(['send', 'alice', '-'], { env, stdin: 'piped\ntext\n' }), { exitCode: 0 })
  t.same(sent, [
    { to: 'alice', message: 'two words' },
    { to: 'alice', message: 'piped\ntext' },
  ])
})

t.test('a text that was rejected ends with 1 and what to do', async (t) => {
  for (const [code, pattern] of [
    ['user_offline', /not online.*parley who/],
    ['user_unknown', /no user alice.*parley user list/],
    ['server_busy\x1b[2J', /rejected \(server_busy␛\[2J\)/],
  ] as const) {
    const dataDir = shortFolder(t)
    await fakeServer(t, dataDir, { send: async () => ({ status: 'rejected', code }) })
    t.match(await runHere(['send', 'alice', 'x'], { env: { PARLEY_DATA_DIR: dataDir } }), {
      exitCode: 1,
      stderr: pattern,
    })
  }
})

t.test('without a server it ends with 69 and what to do', async (t) => {
  t.match(await runHere(['send', 'alice', 'x'], { env: { PARLEY_DATA_DIR: t.testdir() } }), {
    exitCode: 69,
    stderr: /No server runs[\s\S]*parley serve/,
  })
})

t.test('the standard input is not text and password at once, and nothing is not sent', async (t) => {
  t.match(await runHere(['send', '--user', 'bob', '--password-stdin', 'alice', '-'], { stdin: 'x' }), {
    exitCode: 2,
    stderr: /not both/,
  })
  t.match(await runHere(['send', 'alice', '']), { exitCode: 2, stderr: /empty/ })
  t.match(await runHere(['send', 'alice', 'x', '--url', 'parley://a']), { exitCode: 2, stderr: /--user NAME/ })
})

t.test('what became of it is printed with the name of the message', async (t) => {
  for (const status of ['delivered', 'stored'] as const) {
    const dataDir = shortFolder(t)
    await fakeServer(t, dataDir, { send: async () => ({ status, msgId: 'e5-17-ab' }) })
    const run = await runHere(['send', 'alice', 'x'], { env: { PARLEY_DATA_DIR: dataDir } })
    t.match(run, { exitCode: 0, stdout: `alice: ${status} e5-17-ab\n` })
  }
})

t.test('over the wire too, with what may be asked for there', async (t) => {
  const codes = ['', 'inbox_full', 'storage_full', '']
  const server = await FakeServer.tcp(
    except({
      TextMsgRequest: (request, peer) => {
        const code = codes.shift()
        const content = code
          ? { Success: false, Code: code, Retryable: true, Data: { Status: 'rejected' } }
          : { Success: true, Data: { Status: 'stored', MsgId: 'e5-17-ab' } }
        peer.answer(request, 'CommonResponse', content)
      },
    }),
  )
  t.teardown(() => server.close())
  const send = (...more: string[]) => {
    const login = ['--user', 'bot', '--url', server.url, '--plain', '--password-stdin']
    return runHere(['send', ...login, ...more, 'alice', 'x'], { stdin: 'correct horse' })
  }
  t.match(await send('--volatile'), { exitCode: 0, stdout: 'alice: stored e5-17-ab\n' })
  t.equal((await server.message('TextMsgRequest')).Volatile, true)
  t.match(await send(), { exitCode: 1, stderr: /Too much waits for alice: rejected \(inbox_full\)/ })
  t.match(await send('--retry', '30'), { exitCode: 0, stdout: 'alice: stored e5-17-ab\n' })
  const [, , first, second] = server.received.filter((each) => each.MsgType === 'TextMsgRequest')
  t.equal(first?.ClientMsgId, second?.ClientMsgId)
  t.equal(server.received.filter((each) => each.MsgType === 'AckRequest').length, 0)
  t.match(await runHere(['send', 'alice', 'x', '--retry', '3']), { exitCode: 2, stderr: /--user NAME/ })
  t.match(await send('--retry', '0'), { exitCode: 2, stderr: /seconds/ })
})
