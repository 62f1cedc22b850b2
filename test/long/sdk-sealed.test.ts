/** The SDK's sealed sessions against a whole server: what `test/client` shows against a server of its own. */
import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Client, type ConnectOptions, connect } from '../../src/client/index.ts'
import { within } from '../system/support/deadline.ts'
import { startTcpProxy } from '../system/support/tcp-proxy.ts'
import { password, startTestServer, type TestServer, type TestServerOptions } from '../system/support/test-server.ts'

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

type Listener = 'tcp' | 'ws'

function start(t: Test, settings: TestServerOptions['settings'] = {}): Promise<TestServer> {
  return startTestServer(t, { users: ['alice', 'bob'], settings: { SESSION_POLICY: 'multi', ...settings } })
}

async function meet(
  t: Test,
  server: TestServer,
  options: Partial<ConnectOptions> & { readonly listener?: Listener } = {},
): Promise<Client> {
  const { listener = 'tcp', port = server.port(listener), ...more } = options
  const url = listener === 'tcp' ? `parley://127.0.0.1:${port}` : `ws://127.0.0.1:${port}/ws`
  const knownHosts = join(t.testdir(), 'known-hosts')
  const client = await connect({ url, seal: { key, knownHosts }, reconnect: { baseMs: 1, capMs: 50 }, ...more })
  t.teardown(() => client.close())
  return client
}

async function login(client: Client, userId: string): Promise<Client> {
  await client.login({ userId, password })
  return client
}

/** Texts that come, one after the other. */
function texts(client: Client): () => Promise<string> {
  const iterator = client[Symbol.asyncIterator]()
  return async () => {
    const { value } = await within(iterator.next(), 'a message')
    const content = value?.content as { readonly Message: string } | undefined
    return content?.Message ?? ''
  }
}

for (const security of ['plain', 'sealed']) {
  t.test(
    `two talk in sealed sessions, over TCP and WebSocket, where the listener takes ${security} ones`,
    async (t) => {
      const server = await start(t, { MIN_SECURITY: security })
      const alice = await login(await meet(t, server), 'alice')
      const bob = await login(await meet(t, server, { listener: 'ws' }), 'bob')
      t.match(alice.sealed, { suite: 1, resumed: false })
      t.equal(bob.sealed?.server, alice.sealed?.server)
      const [toAlice, toBob] = [texts(alice), texts(bob)]
      // Nobody has asked for it yet.
      t.match(await alice.send('bob', 'Grüße, 爱丽丝'), { status: 'stored' })
      t.equal(await toBob(), 'Grüße, 爱丽丝')
      await bob.send('alice', 'x'.repeat(200_000))
      t.equal((await toAlice()).length, 200_000)
      await Promise.all(Array.from({ length: 500 }, (_, index) => alice.send('bob', String(index))))
      for (let index = 0; index < 500; index++) if ((await toBob()) !== String(index)) t.fail(`message ${index}`)
      await t.rejects(alice.send('nobody', 'x'), { code: 'user_unknown' })
    },
  )
}

t.test('suite 2, and GB18030', async (t) => {
  const server = await start(t, { MIN_SECURITY: 'sealed', CHARSET: 'gb18030' })
  const options = { charset: 'gb18030', seal: { key, suites: [2, 1] } } as const
  const alice = await login(await meet(t, server, options), 'alice')
  const bob = await login(await meet(t, server, { listener: 'ws' }), 'bob')
  t.equal(alice.sealed?.suite, 2)
  const [toAlice, toBob] = [texts(alice), texts(bob)]
  await alice.send('bob', '你好 €')
  t.equal(await toBob(), '你好 €')
  await bob.send('alice', '再见')
  t.equal(await toAlice(), '再见')
})

t.test('a plain client of a listener that requires sealing learns why it can’t log in', async (t) => {
  const server = await start(t, { MIN_SECURITY: 'sealed' })
  const client = await connect({ port: server.port() })
  t.teardown(() => client.close())
  await t.rejects(client.login({ userId: 'alice', password }), { code: 'sealing_required' })
})

t.test('a wrong password leaves the session for another try', async (t) => {
  const server = await start(t)
  const client = await meet(t, server)
  await t.rejects(client.login({ userId: 'alice', password: 'wrong' }), { code: 'auth_failed' })
  await login(client, 'alice')
  await client.users()
})

t.test('a wrong pin stops before anything secret is sent', async (t) => {
  const server = await start(t)
  await t.rejects(meet(t, server, { seal: { key, pin: 'A'.repeat(43) } }), { code: 'pin_mismatch' })
  const { sealed } = await meet(t, server)
  const pinned = await meet(t, server, { seal: { key, pin: sealed?.server ?? '' } })
  await login(pinned, 'alice')
})

t.test('clients come back with tickets, and nothing of it is to be read on the wire', async (t) => {
  const server = await start(t, { MIN_SECURITY: 'sealed' })
  const proxy = await startTcpProxy(t, server.port())
  const clients = await Promise.all(
    Array.from({ length: 10 }, async () => login(await meet(t, server, { port: proxy.port }), 'alice')),
  )
  for (const client of clients) t.equal(client.sealed?.resumed, false)
  const back = clients.map((client) => new Promise((resolve) => client.on('connected', resolve)))
  proxy.cutAll()
  await within(Promise.all(back), 'all of them')
  t.equal(proxy.count, 20)
  for (const client of clients) {
    t.equal(client.sealed?.resumed, true)
    await client.users()
  }
  const seen = Buffer.concat(proxy.seen).toString('latin1')
  t.match(seen, 'PlatformFinish')
  t.notMatch(seen, /AuthRe|alice|correct horse|UserList/)
})

t.test('after the change of the password neither ticket nor token bring a client back', async (t) => {
  const server = await start(t)
  const proxy = await startTcpProxy(t, server.port())
  const client = await meet(t, server, { port: proxy.port })
  const { token = '' } = await client.login({ userId: 'alice', password })
  t.ok(token)
  const closed = new Promise<unknown>((resolve) => client.on('closed', ({ error }) => resolve(error)))
  await (await login(await meet(t, server), 'alice')).changePassword({
    oldPassword: password,
    newPassword: 'another password',
  })
  proxy.cutAll()
  t.match(await within(closed, 'the end'), { code: /^(auth_failed|account_changed)$/ })
})
