import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  type Client,
  type ConnectOptions,
  connect,
  type SavedTicket,
  type SealOptions,
} from '../../src/client/index.ts'
import { MemoryKnownHosts } from '../../src/client/known-hosts.ts'
import { until } from '../system/support/deadline.ts'
import { except, FakeServer, usual } from './fake-server.ts'
import { newTicketKey, SealedServer, type SealedServerOptions, ServerKeys } from './sealed-server.ts'

const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
const keys = new ServerKeys()

async function startServer(t: Test, options: SealedServerOptions = {}): Promise<SealedServer> {
  const server = await SealedServer.tcp({ keys, ...options })
  t.teardown(() => server.close())
  return server
}

async function meet(
  t: Test,
  server: { url: string },
  seal: SealOptions = {},
  options: ConnectOptions = {},
): Promise<Client> {
  const knownHosts = new MemoryKnownHosts()
  const client = await connect({
    url: server.url,
    seal: { key, knownHosts, ...seal },
    reconnect: { baseMs: 1 },
    ...options,
  })
  t.teardown(() => client.close())
  return client
}

const alice = { userId: 'alice', password: 'p' }

t.test('a sealed session: nothing but the handshake is to be read on the wire', async (t) => {
  for (const greets of [false, true]) {
    const server = await startServer(t, { greets })
    const client = await meet(t, server)
    t.strictSame(client.sealed, { server: keys.thumbprint, suite: 1, resumed: false })
    await client.login(alice)
    t.equal((await client.send('bob', 'hello')).status, 'sent')
    const { peer } = server
    t.strictSame(
      peer.received.map((each) => each.MsgType),
      ['AuthRequest', 'TextMsgRequest'],
    )
    t.notMatch(peer.wire.slice(2).join(), /alice|hello|[{]/)
    await client.close()
    await until(() => peer.isClosed, 'the end')
    t.equal(peer.types.at(-1), 3, 'the end was announced')
    t.equal(peer.problem, undefined)
  }
})

t.test('suite 2, GB18030 and WebSocket', async (t) => {
  const gb = await startServer(t, { charset: 'gb18030' })
  const client = await meet(t, gb, { suites: [2, 1] }, { charset: 'gb18030' })
  await client.login({ userId: '爱丽丝', password: 'p' })
  await client.send('bob', '你好 €')
  t.equal(client.sealed?.suite, 2)
  t.strictSame(gb.received.at(-1)?.content, { Message: '你好 €' })
  gb.peer.send({ MsgType: 'TextMsgRequest', FromUserId: 'bob', content: { Message: '再见' } })
  const [{ value }] = [await client[Symbol.asyncIterator]().next()]
  t.strictSame(value?.content, { Message: '再见' })

  const web = await SealedServer.webSocket({ keys })
  t.teardown(() => web.close())
  const page = await meet(t, web)
  await page.login(alice)
  await page.send('bob', 'é')
  t.strictSame(web.received.at(-1)?.content, { Message: 'é' })
})

t.test('messages of one turn share a record, up to its size', async (t) => {
  const server = await startServer(t)
  const client = await meet(t, server)
  await client.login(alice)
  await Promise.all(Array.from({ length: 10 }, (_, index) => client.send('bob', `text ${index}`)))
  t.strictSame(server.peer.recordSizes, [1, 10])
  const text = 'x'.repeat(20_000)
  await Promise.all(Array.from({ length: 5 }, () => client.send('bob', text)))
  t.strictSame(server.peer.recordSizes, [1, 10, 3, 2])
  await client.send('bob', 'x'.repeat(100_000))
  t.equal(server.received.at(-1)?.content.Message.length, 100_000)
})

t.test('what is sent before the login waits for it', async (t) => {
  const server = await startServer(t)
  const client = await meet(t, server)
  const early = client.send('bob', 'early')
  await client.login(alice)
  await early
  t.strictSame(
    server.received.map((each) => each.MsgType),
    ['AuthRequest', 'TextMsgRequest'],
  )
  const quiet = await meet(t, server)
  const never = quiet.send('bob', 'never')
  never.catch(() => {})
  await quiet.close()
  await t.rejects(never, { code: 'closed' })
})

t.test('a refused login leaves the session for another try', async (t) => {
  const script = except({
    AuthRequest: (request, peer) => {
      if (request.content.Password === 'right') usual(request, peer)
      else peer.answer(request, 'AuthResponse', { Success: false, Code: 'auth_failed', Message: 'no' })
    },
  })
  const server = await startServer(t, { script })
  const client = await meet(t, server)
  await t.rejects(client.login({ userId: 'alice', password: 'wrong' }), { code: 'auth_failed' })
  await client.login({ userId: 'alice', password: 'right' })
  t.equal(server.peers.length, 1)
})

t.test('keys are renewed on both sides', async (t) => {
  const server = await startServer(t, { keyUseMax: { records: 3, bytes: 1e9 } })
  const client = await meet(t, server)
  await client.login(alice)
  for (let count = 0; count < 10; count++) await client.send('bob', 'x')
  t.pass()
})

t.test('the pin: the right one, one of several, and a wrong one', async (t) => {
  const server = await startServer(t)
  await (await meet(t, server, { pin: keys.thumbprint })).login(alice)
  await (await meet(t, server, { pin: ['A'.repeat(43), keys.thumbprint] })).login(alice)
  const before = server.received.length
  const error = await meet(t, server, { pin: 'A'.repeat(43) }).catch((error: unknown) => error)
  t.match(error, { code: 'pin_mismatch', retryable: false })
  t.match((error as Error).message, keys.thumbprint)
  t.match((error as Error).message, 'A'.repeat(43))
  t.equal(server.received.length, before, 'nobody has logged in')
  t.equal(server.peer.wire.length, 1, 'nothing was sent but the question')
})

t.test('the first use is remembered, a changed key stops, a rotation goes on', async (t) => {
  const path = join(t.testdir(), 'known-hosts')
  const first = await SealedServer.tcp({ keys })
  const { port } = first
  const client = await meet(t, first, { knownHosts: path })
  await client.login(alice)
  t.match(readFileSync(path, 'utf8'), `127.0.0.1:${port} ${keys.thumbprint} `)
  await client.close()
  await first.close()

  const other = await SealedServer.tcp({ keys: new ServerKeys(), port })
  await t.rejects(meet(t, other, { knownHosts: path }), { code: 'pin_mismatch' })
  await other.close()

  const next = keys.rotated()
  const rotated = await startServer(t, { keys: next, port })
  const told: unknown[] = []
  const again = await meet(t, rotated, { knownHosts: path, onRotation: (key) => told.push(key) })
  await again.login(alice)
  t.match(told, [{ server: `127.0.0.1:${port}`, thumbprint: next.thumbprint, previous: keys.thumbprint }])
  t.match(readFileSync(path, 'utf8'), next.thumbprint)
  t.notMatch(readFileSync(path, 'utf8'), keys.thumbprint)
  const pinned = await meet(t, rotated, { pin: keys.thumbprint, knownHosts: path })
  await pinned.login(alice)
})

t.test('a person is asked once, and before anything secret is sent', async (t) => {
  const server = await startServer(t)
  const knownHosts = new MemoryKnownHosts()
  const asked: string[] = []
  const onFirstUse = async ({ thumbprint }: { thumbprint: string }): Promise<boolean> => {
    asked.push(thumbprint)
    return asked.length > 1
  }
  await t.rejects(meet(t, server, { knownHosts, onFirstUse }), { code: 'pin_mismatch' })
  t.equal(server.peer.wire.length, 1)
  await (await meet(t, server, { knownHosts, onFirstUse })).login(alice)
  await (await meet(t, server, { knownHosts, onFirstUse })).login(alice)
  t.strictSame(asked, [keys.thumbprint, keys.thumbprint])
})

t.test('a client that seals never logs in otherwise, whatever the server says', async (t) => {
  const answers: Record<string, string> = {
    'an ErrorResponse': 'unknown_type',
    'one that says to come back': 'server_busy',
  }
  for (const [name, code] of Object.entries(answers)) {
    const plain = await FakeServer.tcp((_request, peer) => peer.close(code, { Retryable: code === 'server_busy' }))
    t.teardown(() => plain.close())
    const expected = code === 'server_busy' ? 'server_busy' : 'sealing_refused'
    await t.rejects(meet(t, plain), { code: expected }, name)
    t.strictSame(
      plain.received.map((each) => each.MsgType),
      ['PlatformKeyRequest'],
    )
  }
  for (const raw of [
    'noise',
    '\x02{}\x03',
    '\x02{"MsgType":"AuthResponse","Content":"{\\"Success\\":true}"}\x03',
    '\x02\x02',
  ]) {
    const plain = await FakeServer.tcp((_request, peer) => peer.raw(Buffer.from(raw)))
    t.teardown(() => plain.close())
    const options = { connectTimeoutMs: 200 }
    await t.rejects(meet(t, plain, {}, options), { code: /sealing_(failed|refused)/ }, JSON.stringify(raw))
    t.strictSame(
      plain.received.map((each) => each.MsgType),
      ['PlatformKeyRequest'],
    )
  }
  const silent = await FakeServer.tcp(() => {})
  t.teardown(() => silent.close())
  await t.rejects(meet(t, silent, {}, { connectTimeoutMs: 50 }), { code: 'connect_failed' })
})

t.test('one character changed in what the server sends makes no session', async (t) => {
  const samples = 40
  for (const what of ['offer', 'finish'] as const) {
    for (let sample = 0; sample < samples; sample++) {
      const tamper = (body: string, sent: string): string => {
        if (sent !== what) return body
        const at = Math.floor((sample / samples) * body.length)
        return body.slice(0, at) + String.fromCharCode(body.charCodeAt(at) ^ 1) + body.slice(at + 1)
      }
      const server = await SealedServer.tcp({ keys, tamper })
      const error = await meet(t, server, { pin: keys.thumbprint }, { connectTimeoutMs: 1000 }).catch(
        (error: unknown) => error,
      )
      t.match(error, { code: /sealing_|pin_/ }, `${what} ${sample}`)
      t.equal(server.received.length, 0)
      await server.close()
    }
  }
})

t.test('a changed, repeated or plain frame ends the session, and a cut is told', async (t) => {
  const cases: Record<string, (server: SealedServer) => void> = {
    'a frame in plain': ({ peer }) => peer.raw(Buffer.from('\x02{"MsgType":"TextMsgRequest","Content":"{}"}\x03')),
    noise: ({ peer }) => peer.raw(Buffer.from('noise')),
    'a record of nobody': ({ peer }) => peer.raw(Buffer.from(`\x02${randomBytes(64).toString('base64')}\x03`)),
    'base64 that is not canonical': ({ peer }) => peer.raw(Buffer.from('\x02AA==\n\x03')),
  }
  for (const [name, disturb] of Object.entries(cases)) {
    const server = await startServer(t)
    const client = await meet(t, server, {}, { reconnect: false })
    await client.login(alice)
    const closed = new Promise<unknown>((resolve) => client.on('closed', ({ error }) => resolve(error)))
    disturb(server)
    t.match(await closed, { code: 'sealing_failed' }, name)
  }
})

t.test(
  'a list of suites that was shortened, a handshake key that has expired or that another identity signed',
  async (t) => {
    const shortened = await startServer(t, {
      tamper: (body, what) => (what === 'offer' ? body.replace('[1,2]', '[2]') : body),
    })
    await t.rejects(meet(t, shortened, { pin: keys.thumbprint }), { code: 'sealing_failed' })
    t.equal(shortened.peer.exchange?.suite, 2, 'it got so far')
    const expired = keys.rotated()
    expired.notAfter = Math.floor(Date.now() / 1000) - 2 * 86_400
    await t.rejects(meet(t, await startServer(t, { keys: expired })), { code: 'sealing_failed', message: /expired/ })
    const other = new ServerKeys()
    const foreign = await startServer(t, {
      tamper: (body, what) => {
        if (what !== 'offer') return body
        const offer = other.offer({ nonce: randomBytes(32), now: Math.floor(Date.now() / 1000) }).toString('latin1')
        const signature = /\\"Signature\\":\\"([^\\]+)/.exec(offer)?.[1] ?? ''
        return body.replace(/(\\"Signature\\":\\")[^\\]+/, `$1${signature}`)
      },
    })
    await t.rejects(meet(t, foreign), { code: 'sealing_failed', message: /not signed/ })
  },
)

t.test('an end that the server has announced is told from a cut', async (t) => {
  const ends = {
    'has ended': (server: SealedServer) => server.peer.cut(),
    cut: (server: SealedServer) => server.peer.drop(),
  }
  for (const [name, end] of Object.entries(ends)) {
    const server = await startServer(t)
    const client = await meet(t, server, {}, { reconnect: false })
    await client.login(alice)
    const closed = new Promise<unknown>((resolve) => client.on('closed', ({ error }) => resolve(error)))
    end(server)
    const error = await closed
    t.match(error, { code: 'connection_lost' })
    if (name === 'cut') t.match((error as Error).message, 'cut')
    else t.notMatch((error as Error).message, 'cut')
  }
})

t.test('the reason that the server gave at the end stands', async (t) => {
  const server = await startServer(t)
  const client = await meet(t, server)
  await client.login(alice)
  const closed = new Promise<unknown>((resolve) => client.on('closed', ({ error }) => resolve(error)))
  server.peer.close('kicked')
  t.match(await closed, { code: 'kicked' })
})

t.test('with a ticket the client comes back without RSA and without its password', async (t) => {
  const server = await startServer(t)
  const client = await meet(t, server)
  await client.login(alice)
  const again = new Promise((resolve) => client.on('connected', resolve))
  server.peer.raw(Buffer.from('noise'))
  await again
  t.equal(server.peers.length, 2)
  t.equal(server.peer.resumed?.user, 'alice')
  t.equal(client.sealed?.resumed, true)
  const { content } = server.peer.received[0] ?? {}
  t.equal(content.UserId, 'alice')
  t.notMatch(content, { Password: /./ })
  t.notMatch(content, { Token: /./ })
  await client.send('bob', 'back')
})

t.test('a ticket that the server does not take is forgotten, and the handshake made in full at once', async (t) => {
  const server = await startServer(t, { keys: keys.rotated() })
  const saved: (SavedTicket | undefined)[] = []
  let ticket: SavedTicket | undefined
  const tickets = {
    load: () => ticket,
    save: (_server: string, next: SavedTicket | undefined) => {
      saved.push(next)
      ticket = next
    },
  }
  const client = await meet(t, server, { tickets })
  await client.login(alice)
  server.keys.ticketKeys = [newTicketKey()]
  const again = new Promise((resolve) => client.on('connected', resolve))
  server.peer.raw(Buffer.from('noise'))
  await again
  t.equal(server.peers.length, 3)
  t.equal(client.sealed?.resumed, false)
  t.match(saved, [{ userId: 'alice' }, undefined, { userId: 'alice' }])
  t.ok(server.received.at(-1)?.content.Token, 'with the token')
})

t.test('a server without time keeps a client waiting, and takes its ticket later', async (t) => {
  const own = keys.rotated()
  let busy: 'offer' | 'finish' | undefined
  const tamper = (body: string, what: string): string => {
    if (what !== busy) return body
    busy = undefined
    const content = JSON.stringify({ Code: 'server_busy', Message: 'later', Retryable: true, RetryAfter: 1e9 })
    return JSON.stringify({ MsgType: 'ErrorResponse', Content: content })
  }
  const server = await startServer(t, { keys: own, tamper })
  const client = await meet(t, server)
  await client.login(alice)
  for (const what of ['offer', 'finish'] as const) {
    busy = what
    const codes: string[] = []
    const stop = client.on('reconnecting', ({ error }) => void codes.push(error.code))
    const again = new Promise((resolve) => client.on('connected', resolve))
    server.peer.raw(Buffer.from('noise'))
    await again
    stop()
    t.strictSame(codes, ['sealing_failed', 'server_busy'], what)
    t.equal(client.sealed?.resumed, true)
  }
})

t.test('a connection that ends before the ticket was shown costs no ticket', async (t) => {
  let drops = false
  const tamper = (body: string, what: string): string => {
    if (!drops || what !== 'offer') return body
    drops = false
    return ''
  }
  const server = await startServer(t, { keys: keys.rotated(), tamper })
  const client = await meet(t, server)
  await client.login(alice)
  drops = true
  const again = new Promise((resolve) => client.on('connected', resolve))
  server.peer.raw(Buffer.from('noise'))
  await again
  t.equal(client.sealed?.resumed, true)
})

t.test('a ticket whose user has changed: the token is tried, then the password', async (t) => {
  const tried: string[] = []
  const script = except({
    AuthRequest: (request, peer) => {
      const { Token, Password } = request.content
      const proof = Token ? 'token' : Password ? 'password' : 'ticket'
      tried.push(proof)
      if (proof === 'password') usual(request, peer)
      else peer.answer(request, 'AuthResponse', { Success: false, Code: 'auth_failed', Message: 'no' })
    },
  })
  const server = await startServer(t, { script })
  const client = await meet(t, server)
  await client.login(alice)
  const again = new Promise((resolve) => client.on('connected', resolve))
  server.peer.raw(Buffer.from('noise'))
  await again
  t.strictSame(tried, ['password', 'ticket', 'token', 'password'])
})

t.test('options that can’t be used are refused before connecting', async (t) => {
  const server = await startServer(t)
  for (const seal of [
    { pin: 'x' },
    { key: 'x' },
    { pin: [] },
    { suites: [] },
    { suites: [3 as 1] },
  ] satisfies SealOptions[]) {
    await t.rejects(connect({ url: server.url, seal }), { code: 'bad_argument' })
  }
  t.equal(server.peers.length, 0)
})
