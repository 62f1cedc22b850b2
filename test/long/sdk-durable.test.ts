/** Durable delivery by the SDK against a whole server: what `test/client` shows against a server of its own. */
import t, { type Test } from 'tap'
import { type Client, type ConnectOptions, connect, type Loss } from '../../src/client/index.ts'
import { until, within } from '../system/support/deadline.ts'
import { startTcpProxy } from '../system/support/tcp-proxy.ts'
import { password, startTestServer, type TestServer, type TestServerOptions } from '../system/support/test-server.ts'

function start(t: Test, settings: TestServerOptions['settings'] = {}): Promise<TestServer> {
  return startTestServer(t, {
    users: ['alice', 'bob'],
    settings: { SESSION_POLICY: 'multi', USER_MESSAGES_PER_SECOND: '0', ...settings },
  })
}

interface Person {
  readonly client: Client
  readonly texts: string[]
  readonly losses: Loss[]
  readonly receipts: string[]
}

/** Logs in; the texts that come are collected. */
async function person(
  t: Test,
  server: TestServer,
  userId: string,
  options: Partial<ConnectOptions> & { readonly handles?: boolean } = {},
): Promise<Person> {
  const { handles = true, port = server.port('tcp'), ...more } = options
  const client = await connect({ url: `parley://127.0.0.1:${port}`, reconnect: { baseMs: 1, capMs: 50 }, ...more })
  t.teardown(() => client.close())
  const texts: string[] = []
  const losses: Loss[] = []
  if (handles) client.on('TextMsgRequest', ({ Message }) => void texts.push(Message))
  const receipts: string[] = []
  client.on('missing', (loss) => void losses.push(loss))
  client.on('receipt', ({ to, status, msgId }) => void receipts.push(`${to} ${status} ${msgId}`))
  await client.login({ userId, password })
  return { client, texts, losses, receipts }
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
}

t.test('a message is delivered when the receiver has handled it, and stored when nobody is there', async (t) => {
  const server = await start(t)
  const alice = await person(t, server, 'alice')
  const stored = await alice.client.send('bob', '1')
  t.equal(stored.status, 'stored')
  t.match(stored.msgId, /^e\d+-\d+-[0-9a-f]{12}$/)
  const bob = await person(t, server, 'bob', { deviceId: 'phone' })
  await until(() => bob.texts.length === 1, 'the stored one')
  // As long as a session is fed from the store, what comes anew goes there, too.
  const isDelivered = async (from: Client, to: string): Promise<boolean> =>
    (await from.send(to, 'x')).status === 'delivered'
  await until(() => isDelivered(alice.client, 'bob'), 'a message that was acknowledged')
  t.equal(bob.texts[0], '1')
  const other = await person(t, server, 'alice', { deviceId: 'other' })
  await until(() => isDelivered(bob.client, 'alice'), 'one that a device has acknowledged')
  await until(() => other.texts.length === alice.texts.length, 'the other device')
})

t.test(
  'what was sent while the receiver was away comes at the next login, in order, once, also to each device',
  async (t) => {
    const server = await start(t)
    const phone = await person(t, server, 'bob', { deviceId: 'phone' })
    const laptop = await person(t, server, 'bob', { deviceId: 'laptop' })
    const alice = await person(t, server, 'alice')
    await alice.client.send('bob', '0')
    await until(() => laptop.texts.length === 1 && phone.texts.length === 1, 'both have it')
    await laptop.client.close()
    await Promise.all(numbers(1, 300).map((text) => alice.client.send('bob', text)))
    t.same(phone.texts, numbers(0, 300))
    await phone.client.close()
    const results = await Promise.all(numbers(301, 400).map((text) => alice.client.send('bob', text)))
    t.same(new Set(results.map(({ status }) => status)), new Set(['stored']))
    const again = await person(t, server, 'bob', { deviceId: 'laptop' })
    await until(() => again.texts.length === 400, 'all that the laptop missed')
    t.same(again.texts, numbers(1, 400))
    const third = await person(t, server, 'bob', { deviceId: 'phone' })
    await until(() => third.texts.length === 100, 'what the phone missed')
    t.same(third.texts, numbers(301, 400))
    t.same([...again.losses, ...third.losses], [])
  },
)

t.test('nothing is lost or shown twice when connections break again and again', async (t) => {
  const server = await start(t)
  const proxy = await startTcpProxy(t, server.port('tcp'))
  const bob = await person(t, server, 'bob', { deviceId: 'phone', port: proxy.port })
  const alice = await person(t, server, 'alice', { port: proxy.port })
  const total = 3_000
  const results: Promise<{ readonly status: string }>[] = []
  for (const text of numbers(1, total)) {
    results.push(alice.client.send('bob', text, { timeoutMs: 60_000 }))
    if (Number(text) % 300 === 0) {
      proxy.cutAll()
      await results.at(-1)
    }
  }
  await within(Promise.all(results), 'every answer', 30_000)
  await until(() => bob.texts.length >= total, 'every message')
  t.same(bob.texts, numbers(1, total))
  t.same(bob.losses, [])
})

t.test('a program that handles nothing leaves everything for the one that does', async (t) => {
  const server = await start(t)
  const alice = await person(t, server, 'alice')
  await alice.client.send('bob', '1')
  const sender = await person(t, server, 'bob', { handles: false })
  t.match(await sender.client.send('alice', 'a command of bob’s'), { status: 'delivered' })
  await sender.client.close()
  const bob = await person(t, server, 'bob')
  await until(() => bob.texts.length === 1, 'the first one')
})

t.test('a volatile message is for the moment', async (t) => {
  const server = await start(t)
  const alice = await person(t, server, 'alice')
  await t.rejects(alice.client.send('bob', '1', { volatile: true }), { code: 'user_offline' })
  const bob = await person(t, server, 'bob')
  const result = await alice.client.send('bob', '2', { volatile: true })
  t.match(result, { status: 'sent', msgId: undefined })
  t.same(bob.texts, ['2'])
})

t.test('a message that is sent again with its id comes once', async (t) => {
  const server = await start(t)
  const bob = await person(t, server, 'bob')
  const alice = await person(t, server, 'alice')
  const first = await alice.client.send('bob', 'hi', { clientMsgId: 'mine' })
  const second = await alice.client.send('bob', 'hi', { clientMsgId: 'mine' })
  t.same(second, { ...first, duplicate: true })
  await t.rejects(alice.client.send('bob', 'other', { clientMsgId: 'mine' }), { code: 'id_reused', retryable: false })
  await alice.client.send('bob', 'end')
  t.same(bob.texts, ['hi', 'end'])
})

t.test('receipts come later, also to a sender who was away, and the past can be read', async (t) => {
  const server = await start(t, { HISTORY: '30d' })
  const first = await person(t, server, 'alice', { deviceId: 'phone', receipts: true })
  const { msgId } = await first.client.send('bob', 'one')
  const second = await first.client.send('bob', 'two')
  t.match([second.status, second.msgId], ['stored', /^e/])
  await first.client.close()
  const bob = await person(t, server, 'bob', { handles: false })
  const loop = bob.client[Symbol.asyncIterator]()
  await within(loop.next(), 'the first')
  const { value: last } = await within(loop.next(), 'the second')
  if (last !== undefined) await bob.client.read(last)
  void loop.next().catch(() => {})
  const alice = await person(t, server, 'alice', { deviceId: 'phone', receipts: true })
  const { receipts } = alice
  await until(() => receipts.includes(`bob read ${second.msgId}`), `the receipts, of ${receipts.join(', ')}`)
  t.ok(receipts.includes(`bob delivered ${msgId}`), receipts.join(', '))
  const page = await alice.client.history('bob', { limit: 1 })
  t.match(page, {
    more: true,
    readByOther: page.items[0]?.position,
    items: [{ message: { content: { Message: 'two' } } }],
  })
  const before = await alice.client.history('bob', { before: page.items[0]?.position })
  t.match(before, { more: false, items: [{ message: { from: 'alice', content: { Message: 'one' } } }] })
  t.match(await bob.client.conversations(), { items: [{ userId: 'alice', unread: 0 }] })
})
