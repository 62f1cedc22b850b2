/** The history and receipts of a whole server, by the SDK and by the control socket. */
import t, { type Test } from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import { type Client, connect, type Receipt } from '../../src/client/index.ts'
import { until } from '../system/support/deadline.ts'
import { password, startTestServer, type TestServer, type TestServerOptions } from '../system/support/test-server.ts'

function start(t: Test, settings: TestServerOptions['settings'] = {}): Promise<TestServer> {
  return startTestServer(t, {
    users: ['alice', 'bob', 'carol'],
    settings: { SESSION_POLICY: 'multi', USER_MESSAGES_PER_SECOND: '0', HISTORY: '30d,100', ...settings },
  })
}

async function person(t: Test, server: TestServer, userId: string, options: object = {}): Promise<Client> {
  const client = await connect({ url: `parley://127.0.0.1:${server.port('tcp')}`, ...options })
  t.teardown(() => client.close())
  await client.login({ userId, password })
  return client
}

function textOf(message: { readonly content: unknown }): unknown {
  return (message.content as { Message?: unknown }).Message
}

t.test('both users of a conversation see the same one, whether it was delivered, stored or only sent', async (t) => {
  const server = await start(t)
  const alice = await person(t, server, 'alice')
  t.equal((await alice.send('bob', 'stored')).status, 'stored')
  const bob = await person(t, server, 'bob')
  bob.on('TextMsgRequest', () => {})
  await until(async () => (await alice.send('bob', 'delivered')).status === 'delivered', 'one that is delivered')
  const carol = await person(t, server, 'carol', { ack: false })
  carol.on('TextMsgRequest', () => {})
  await bob.send('alice', 'back')
  await alice.send('carol', 'to carol')
  await until(
    async () => (await alice.history('bob')).items.some(({ message }) => textOf(message) === 'back'),
    'all of it',
  )
  const [ours, theirs] = [await alice.history('bob'), await bob.history('alice')]
  t.same(
    ours.items.map(({ position, message }) => [position, textOf(message)]),
    theirs.items.map(({ position, message }) => [position, textOf(message)]),
  )
  t.equal(textOf(ours.items[0]?.message ?? { content: {} }), 'stored')
  t.match(ours.items[0]?.message.envelope, { MsgId: /^e\d+-1-[0-9a-f]{12}$/, FromUserId: 'alice', Seq: 1 })
  t.equal(theirs.unread, theirs.items.length - 1)
  t.same(
    (await alice.conversations()).items.map(({ userId }) => userId),
    ['bob', 'carol'],
  )
  t.equal((await carol.history('bob')).items.length, 0)
  await t.rejects(alice.history('nobody'), { code: 'user_unknown' })
})

t.test('pages go both ways, and an operator sees them too', async (t) => {
  const server = await start(t)
  const alice = await person(t, server, 'alice')
  for (let text = 1; text <= 7; text++) await alice.send('bob', String(text))
  await until(async () => (await alice.history('bob')).items.length === 7, 'all of it')
  const newest = await alice.history('bob', { limit: 3 })
  t.same(
    newest.items.map(({ message }) => textOf(message)),
    ['5', '6', '7'],
  )
  t.equal(newest.more, true)
  const older = await alice.history('bob', { limit: 3, before: newest.items[0]?.position })
  t.same(
    older.items.map(({ message }) => textOf(message)),
    ['2', '3', '4'],
  )
  const newer = await alice.history('bob', { limit: 5, after: 2 })
  t.same(
    newer.items.map(({ message }) => textOf(message)),
    ['3', '4', '5', '6', '7'],
  )
  t.equal(newer.more, false)
})

t.test('who asked for receipts hears that a stored message was delivered, and read', async (t) => {
  const server = await start(t)
  const alice = await person(t, server, 'alice', { receipts: true })
  const receipts: Receipt[] = []
  alice.on('receipt', (receipt) => void receipts.push(receipt))
  const sent = await alice.send('bob', 'hello')
  t.equal(sent.status, 'stored')
  const bob = await person(t, server, 'bob')
  bob.on('TextMsgRequest', () => {})
  await until(() => receipts.some(({ status }) => status === 'delivered'), 'a receipt')
  await bob.request('ReadRequest', { UserId: 'alice', MsgId: sent.msgId })
  await until(() => receipts.some(({ status }) => status === 'read'), 'another')
  t.equal((await bob.history('alice')).unread, 0)
  t.equal((await alice.history('bob')).readByOther, 1)
  t.equal((await alice.history('bob')).items.length, 1, 'receipts are not in it')
})

t.test('without a history there is none, and receipts are told all the same', async (t) => {
  const server = await start(t, { HISTORY: 'off' })
  const alice = await person(t, server, 'alice')
  await t.rejects(alice.history('bob'), { code: 'not_supported' })
  await t.rejects(alice.request('ReadRequest', { UserId: 'bob', MsgId: 'e1-1-0123456789ab' }), { code: 'bad_content' })
})

t.test('an operator is told step by step what became of a message', async (t) => {
  const server = await start(t)
  const alice = await person(t, server, 'alice')
  const sent = await alice.send('bob', 'hello')
  const bob = await person(t, server, 'bob')
  bob.on('TextMsgRequest', () => {})
  const control = await connectControl(server.dataDir)
  if (control === undefined) throw new Error('no control socket')
  t.teardown(() => control.close())
  const stepsOf = async (): Promise<readonly string[]> =>
    (await control.call('explain', { msgId: sent.msgId ?? '' })).steps.map(({ step }) => step)
  await until(async () => (await stepsOf()).includes('acknowledged'), 'the acknowledgement')
  t.same((await stepsOf()).slice(0, 3), ['accepted', 'checked', 'stored'])
  t.same(await control.call('explain', { msgId: 'e1-999-0123456789ab' }), { known: false, steps: [] })
  const page = await control.call('history', { user: 'bob', with: 'alice' })
  t.match(page.items, [{ position: 1, message: { FromUserId: 'alice', MsgId: sent.msgId } }])
  t.match((await control.call('status', {})).health, { store: 'ok' })
})
