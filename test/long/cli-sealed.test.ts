/** The command line's sealed sessions against a whole server. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { runChat } from '../../src/cli/chat/chat.ts'
import { sealingOf } from '../../src/cli/sealing-access.ts'
import { readServerKeys } from '../../src/cli/server-keys.ts'
import { Terminal } from '../cli/chat/terminal.ts'
import { type CliRun, runHere, testContext } from '../cli/run-cli.ts'
import { password, startTestServer, type TestServer } from '../system/support/test-server.ts'

interface World {
  readonly server: TestServer
  readonly home: string
  run(...args: string[]): Promise<CliRun>
}

async function start(t: Test, security: string): Promise<World> {
  const settings = { MIN_SECURITY: security, SESSION_POLICY: 'multi' }
  const server = await startTestServer(t, { users: ['alice', 'bob'], operators: ['operator'], settings })
  const home = join(t.testdir(), 'home')
  mkdirSync(home)
  const file = join(home, 'password')
  writeFileSync(file, password, { mode: 0o600 })
  const env = { HOME: home, PARLEY_PASSWORD_FILE: file }
  return {
    server,
    home,
    run: (...args) => runHere([...args, '--port', String(server.port())], { env }),
  }
}

t.test('a server that requires sealing: found out, shown, remembered, and used from then on', async (t) => {
  const { server, home, run } = await start(t, 'sealed')
  const { identity } = await readServerKeys(server.dataDir)
  const unknown = await run('who', '--user', 'alice')
  t.equal(unknown.exitCode, 2)
  t.match(unknown.stderr, identity)
  t.match(unknown.stderr, '--accept-new')
  const first = await run('who', '--user', 'alice', '--accept-new')
  t.match(first, { exitCode: 0, stdout: 'alice\n' })
  t.match(readFileSync(join(home, '.config/parley/known-hosts'), 'utf8'), `127.0.0.1:${server.port()} ${identity}`)
  const again = await run('who', '--user', 'operator')
  t.match(again, { exitCode: 0, stdout: 'operator\n', stderr: '' })
  t.match(await run('broadcast', 'hello', '--user', 'operator'), { exitCode: 0 })
  t.match(await run('send', 'bob', 'hello', '--user', 'alice'), { exitCode: 0 })
  const plain = await run('who', '--user', 'alice', '--plain')
  t.equal(plain.exitCode, 1)
  t.match(plain.stderr, /seal/i)
})

t.test('a pin: the right one and a wrong one', async (t) => {
  const { server, run } = await start(t, 'plain')
  const { identity } = await readServerKeys(server.dataDir)
  t.match(await run('who', '--user', 'alice', '--pin', identity), { exitCode: 0, stdout: 'alice\n' })
  const wrong = await run('who', '--user', 'alice', '--pin', 'A'.repeat(43))
  t.equal(wrong.exitCode, 1)
  t.match(wrong.stderr, /has changed: A{43} was expected/)
  t.match(await run('who', '--user', 'alice'), { exitCode: 0, stderr: '' }, 'in plain, on this machine')
  t.match(await run('who', '--user', 'alice', '--pin', identity, '--plain'), { exitCode: 2 })
})

t.test('a chat that is end to end', async (t) => {
  const { server, home } = await start(t, 'sealed')
  const enter = async (userId: string): Promise<Terminal> => {
    const { context } = testContext({ env: { HOME: home } })
    const connection = { port: server.port() }
    const sealing = await sealingOf(context, { acceptNew: true }, { connection, userId, must: true })
    const terminal = new Terminal()
    const { input, output, errorOutput } = terminal
    const exit = runChat({
      connection: { ...connection, ...sealing },
      credentials: { userId, password },
      input,
      output,
      errorOutput,
      json: false,
      endToEnd: true,
      deviceName: 'laptop',
      interactive: false,
      colour: false,
    })
    t.teardown(async () => {
      terminal.end()
      await exit
    })
    await terminal.until(/Online \(\d\)/, 0, 15_000)
    return terminal
  }
  const alice = await enter('alice')
  const bob = await enter('bob')
  t.match(alice.printed, /The key of this device was enrolled/)
  alice.type('@bob hello')
  await bob.until(/alice \[e2e\]: hello/)
  alice.type('/safety bob')
  await alice.until(/the same on both sides/)
  alice.type('/safety bob ok')
  await alice.until(/bob is verified/)
  bob.type('@alice hello back')
  await alice.until(/bob \[e2e, verified\]: hello back/)
})
