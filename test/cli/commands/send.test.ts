import t from 'tap'
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
