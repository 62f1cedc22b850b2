/** Keys, signatures and end to end through a whole server, with the SDK on both sides. */
import { generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import { type Client, type ConnectOptions, connect, type IncomingMessage } from '../../src/client/index.ts'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { within } from '../system/support/deadline.ts'
import { startTcpProxy } from '../system/support/tcp-proxy.ts'
import { password, startTestServer, type TestServer } from '../system/support/test-server.ts'

const deviceKeys = Array.from({ length: 4 }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const thumbprints = deviceKeys.map((key) => thumbprintOf(publicJwkOf(key)))

function start(t: Test, settings: Record<string, string> = {}): Promise<TestServer> {
  return startTestServer(t, {
    users: ['alice', 'bob'],
    operators: ['operator'],
    settings: { SESSION_POLICY: 'multi', ...settings },
  })
}

async function login(
  t: Test,
  server: TestServer,
  userId: string,
  device: number,
  options: Partial<ConnectOptions> = {},
): Promise<Client> {
  const key = deviceKeys[device]
  if (key === undefined) throw new Error('no such device')
  const knownHosts = { find: () => undefined, save: () => {} }
  const client = await connect({ port: server.port(), seal: { key, knownHosts }, reconnect: { baseMs: 1 }, ...options })
  t.teardown(() => client.close())
  await client.login({ userId, password })
  return client
}

function next(client: Client): Promise<IncomingMessage> {
  return within(new Promise((resolve) => client.on('message', resolve)), 'a message')
}

t.test('keys are enrolled, approved and revoked', async (t) => {
  const server = await start(t)
  const phone = await login(t, server, 'alice', 0)
  t.strictSame(await phone.enrolKey({ deviceId: 'phone' }), { thumbprint: thumbprints[0], status: 'enrolled' })
  const laptop = await login(t, server, 'alice', 1)
  const asked = new Promise<{ Kind: string; Thumbprint: string; DeviceId: string }>((resolve) =>
    phone.on('KeyEvent', resolve),
  )
  t.equal((await laptop.enrolKey({ deviceId: 'laptop' })).status, 'pending')
  const { Kind, Thumbprint, DeviceId } = await within(asked, 'a KeyEvent')
  t.equal(Kind, 'requested')
  await phone.approveKey({ thumbprint: Thumbprint, deviceId: DeviceId })
  t.strictSame(
    (await laptop.directory('alice')).keys.map(({ deviceId }) => deviceId),
    ['phone', 'laptop'],
  )
  const closed = new Promise<unknown>((resolve) => laptop.on('closed', ({ error }) => resolve(error)))
  await phone.revokeKey(thumbprints[1] ?? '')
  t.match(await within(closed, 'the end of the session'), { code: 'key_revoked' })
  t.strictSame(
    (await phone.directory('alice')).keys.map(({ deviceId }) => deviceId),
    ['phone'],
  )
})

t.test('end to end, over TCP and WebSocket: the server can’t read it', async (t) => {
  const server = await start(t)
  const proxy = await startTcpProxy(t, server.port())
  const alice = await login(t, server, 'alice', 0, { port: proxy.port })
  const url = `ws://127.0.0.1:${server.port('ws')}/ws`
  const bobOptions = { seal: { key: deviceKeys[1] } } as ConnectOptions
  const bob = await connect({ url, ...bobOptions })
  t.teardown(() => bob.close())
  await bob.login({ userId: 'bob', password })
  await t.rejects(alice.sendEndToEnd('bob', 'x'), { code: 'key_required' })
  await alice.enrolKey({ deviceId: 'a' })
  await t.rejects(alice.sendEndToEnd('bob', 'x'), { code: 'no_keys' })
  await bob.enrolKey({ deviceId: 'b' })
  await alice.directory('bob')
  const came = next(bob)
  t.match(await alice.sendEndToEnd('bob', 'Grüße'), { status: 'delivered' })
  t.match(await came, {
    type: 'TextMsgRequest',
    from: 'alice',
    content: { Message: 'Grüße' },
    endToEnd: { thumbprint: thumbprints[0], deviceId: 'a', verified: false },
  })
  const answer = next(alice)
  await bob.sendEndToEnd('alice', { type: 'Own', content: { a: [1] } })
  t.match(await answer, { type: 'Own', from: 'bob', content: { a: [1] }, endToEnd: { deviceId: 'b' } })
  const { safetyNumber } = await alice.directory('bob')
  t.equal((await bob.directory('alice')).safetyNumber, safetyNumber)
  await alice.verifyUser('bob', safetyNumber)
  const verified = next(alice)
  await bob.sendEndToEnd('alice', 'again')
  t.match(await verified, { endToEnd: { verified: true } })
})

t.test('a new device of a user is announced, and reads what is sent from then on', async (t) => {
  const server = await start(t)
  const alice = await login(t, server, 'alice', 0)
  const phone = await login(t, server, 'bob', 1)
  await alice.enrolKey({ deviceId: 'a' })
  await phone.enrolKey({ deviceId: 'phone' })
  await alice.directory('bob')
  const laptop = await login(t, server, 'bob', 2)
  const asked = new Promise<{ Thumbprint: string; DeviceId: string }>((resolve) => phone.on('KeyEvent', resolve))
  await laptop.enrolKey({ deviceId: 'laptop' })
  const { Thumbprint, DeviceId } = await within(asked, 'a KeyEvent')
  await phone.approveKey({ thumbprint: Thumbprint, deviceId: DeviceId })
  const told = new Promise((resolve) => alice.on('keysChanged', resolve))
  await alice.directory('bob')
  t.match(await within(told, 'the notice'), { userId: 'bob', added: [{ deviceId: 'laptop' }], removed: [] })
  const both = [next(phone), next(laptop)]
  await alice.sendEndToEnd('bob', 'to both')
  for (const came of both) t.match(await came, { content: { Message: 'to both' } })
})

t.test('PS256 and HS256 are taken by the server, and the receiver can check the first', async (t) => {
  const server = await start(t)
  const alice = await login(t, server, 'alice', 0)
  const bob = await login(t, server, 'bob', 1, { verifySignatures: true })
  await t.rejects(alice.send('bob', 'x', { sign: 'PS256' }), { code: 'bad_signature' }, 'not enrolled')
  await alice.enrolKey({ deviceId: 'a' })
  let came = next(bob)
  t.match(await alice.send('bob', 'by key', { sign: 'PS256' }), { status: 'delivered' })
  t.match(await came, { content: { Message: 'by key' }, signature: { kind: 'valid', deviceId: 'a' } })
  came = next(bob)
  t.match(await alice.send('bob', 'by session', { sign: 'HS256' }), { status: 'delivered' })
  t.match(await came, { content: { Message: 'by session' }, signature: { kind: 'invalid' } })
  came = next(bob)
  await alice.send('bob', 'by nobody')
  t.match(await came, { signature: { kind: 'none' } })
  const operator = await login(t, server, 'operator', 3, { sign: 'PS256' })
  await operator.enrolKey({ deviceId: 'o' })
  came = next(bob)
  await operator.broadcast('to all')
  t.match(await came, { type: 'BroadcastRequest', signature: { kind: 'valid', deviceId: 'o' } })
})

t.test('where messages must be signed, a client that signs gets through, and others learn why not', async (t) => {
  const server = await start(t, { MIN_SECURITY: 'signed' })
  const alice = await login(t, server, 'alice', 0, { sign: 'PS256' })
  const bob = await login(t, server, 'bob', 1, { verifySignatures: true })
  await alice.enrolKey({ deviceId: 'a' })
  await t.rejects(alice.send('bob', 'x', { sign: false }), { code: 'signature_required' })
  const came = next(bob)
  await Promise.all([alice.send('bob', 'x'), ...Array.from({ length: 50 }, () => alice.send('bob', 'y'))])
  t.match(await came, { content: { Message: 'x' }, signature: { kind: 'valid' } })
})
