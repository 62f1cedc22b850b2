import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import t from 'tap'
import type { CliInput } from '../../src/cli/context.ts'
import { deviceName, type SealingOptions, sealingOf } from '../../src/cli/sealing-access.ts'
import { type ConnectOptions, connect } from '../../src/client/index.ts'
import { fingerprintBlocks } from '../../src/security/fingerprint-blocks.ts'
import { except, FakeServer } from '../client/fake-server.ts'
import { SealedServer, ServerKeys } from '../client/sealed-server.ts'
import { testContext } from './run-cli.ts'

const keys = new ServerKeys()

/** What becomes of a connection with these options. */
async function sealing(
  home: string,
  connection: ConnectOptions,
  options: SealingOptions = {},
  input?: CliInput,
): Promise<{ readonly connection: ConnectOptions; readonly stderr: () => string }> {
  const { context, run } = testContext({ env: { HOME: home }, ...(input === undefined ? {} : { input }) })
  const more = await sealingOf(context, options, { connection, userId: 'alice' })
  return { connection: { ...connection, ...more }, stderr: () => run().stderr }
}

/** A terminal at which the answer is typed. */
function typed(answer: string): CliInput {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  input.write(`${answer}\n`)
  return input
}

t.test('on this machine nothing is sealed, unless the server requires it or is known', async (t) => {
  const home = t.testdir()
  const plain = await FakeServer.tcp()
  t.teardown(() => plain.close())
  t.equal((await sealing(home, { url: plain.url })).connection.seal, undefined)
  const requires = await FakeServer.tcp(
    except({
      HeartbeatRequest: (request, peer) => {
        peer.answer(request, 'ErrorResponse', { Code: 'sealing_required', Message: 'seal', Retryable: false })
        peer.cut()
      },
    }),
  )
  t.teardown(() => requires.close())
  const found = await sealing(home, { url: requires.url })
  t.ok(found.connection.seal)
  t.match(found.stderr(), 'sealed sessions only')
})

t.test('elsewhere it is sealed without a question, but with TLS or when plain was asked for', async (t) => {
  const home = t.testdir()
  t.ok((await sealing(home, { host: 'chat.example' })).connection.seal)
  t.ok((await sealing(home, { url: 'ws://chat.example/ws' })).connection.seal)
  t.notOk((await sealing(home, { url: 'wss://chat.example/ws' })).connection.seal)
  t.notOk((await sealing(home, { host: 'chat.example' }, { plain: true })).connection.seal)
  t.ok((await sealing(home, { url: 'wss://chat.example/ws' }, { seal: true })).connection.seal)
  for (const options of [
    { plain: true, seal: true },
    { plain: true, pin: keys.thumbprint },
  ]) {
    await t.rejects(sealing(home, { host: 'chat.example' }, options), { exitCode: 2, message: /--plain/ })
  }
})

t.test('a server that is met for the first time is shown, and remembered when the person says yes', async (t) => {
  const home = t.testdir()
  const server = await SealedServer.tcp({ keys })
  t.teardown(() => server.close())
  const { url } = server
  const no = await sealing(home, { url }, { seal: true }, typed('no'))
  await t.rejects(connect(no.connection), { code: 'pin_mismatch' })
  const unsure = await sealing(home, { url }, { seal: true }, typed('perhaps\nyes'))
  await t.resolves(connect(unsure.connection).then((client) => client.close()))
  t.match(unsure.stderr(), keys.thumbprint)
  t.match(unsure.stderr(), fingerprintBlocks(keys.thumbprint))
  t.match(readFileSync(join(home, '.config', 'parley', 'known-hosts'), 'utf8'), keys.thumbprint)
  // Known by now: sealed without an option, and without a question.
  const known = await sealing(home, { url })
  const client = await connect(known.connection)
  t.equal(client.sealed?.server, keys.thumbprint)
  await client.close()
  t.ok(existsSync(join(home, '.config', 'parley', 'keys', 'alice.pem')))
})

t.test('without a terminal a new server is not trusted, unless that was said, or its fingerprint', async (t) => {
  const server = await SealedServer.tcp({ keys })
  t.teardown(() => server.close())
  const { url } = server
  const asks = await sealing(t.testdir(), { url }, { seal: true })
  await t.rejects(connect(asks.connection), { exitCode: 2, message: /--accept-new/ })
  t.equal(server.received.length, 0)
  for (const options of [{ seal: true, acceptNew: true }, { pin: keys.thumbprint }]) {
    const { connection } = await sealing(t.testdir(), { url }, options)
    const client = await connect(connection)
    t.equal(client.sealed?.server, keys.thumbprint)
    await client.close()
  }
})

t.test('without a home the files have to be named', async (t) => {
  const folder = t.testdir()
  const { context } = testContext()
  const target = { connection: { host: 'chat.example' }, userId: 'alice' }
  await t.rejects(sealingOf(context, {}, target), { exitCode: 2, message: /--key/ })
  const files = { key: join(folder, 'key'), knownHosts: join(folder, 'hosts') }
  t.match(await sealingOf(context, files, target), { seal: { knownHosts: files.knownHosts } })
  t.ok(deviceName().length > 0)
})
