import { generateKeyPairSync } from 'node:crypto'
import t, { type Test } from 'tap'
import {
  type Client,
  type ConnectOptions,
  connect,
  type IncomingMessage,
  type KeysChanged,
} from '../../src/client/index.ts'
import { MemoryKeyPins } from '../../src/client/key-pins.ts'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { type SessionSign, verifySessionMessage } from '../../src/security/message-signature.ts'
import { within } from '../system/support/deadline.ts'
import { KeyServer } from './key-server.ts'
import { SealedServer, ServerKeys } from './sealed-server.ts'

const serverKeys = new ServerKeys()
const deviceKeys = Array.from({ length: 4 }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
const jwks = deviceKeys.map(publicJwkOf)
const thumbprints = jwks.map(thumbprintOf)

async function start(t: Test): Promise<{ server: SealedServer; keys: KeyServer }> {
  const server = await SealedServer.tcp({ keys: serverKeys })
  const keys = new KeyServer(serverKeys)
  server.script = keys.script
  t.teardown(() => server.close())
  return { server, keys }
}

async function login(
  t: Test,
  server: SealedServer,
  userId: string,
  device: number,
  options: Partial<ConnectOptions> = {},
): Promise<Client> {
  const key = deviceKeys[device]
  if (key === undefined) throw new Error('no such device')
  const client = await connect({
    url: server.url,
    seal: { key, pin: serverKeys.thumbprint },
    reconnect: { baseMs: 1 },
    ...options,
  })
  t.teardown(() => client.close())
  await client.login({ userId, password: 'p' })
  return client
}

interface Signed {
  readonly Sign: SessionSign
  readonly CreateTime: number
  readonly ClientMsgId: string
}

function next(client: Client): Promise<IncomingMessage> {
  return within(new Promise((resolve) => client.on('message', resolve)), 'a message')
}

t.test('a first key is enrolled at once, a further one when an enrolled one approves', async (t) => {
  const { server, keys } = await start(t)
  const phone = await login(t, server, 'alice', 0)
  t.equal(phone.thumbprint, thumbprints[0])
  t.strictSame(await phone.enrolKey({ deviceId: 'phone' }), { thumbprint: thumbprints[0], status: 'enrolled' })
  const laptop = await login(t, server, 'alice', 1)
  const asked = new Promise<{ Thumbprint: string; DeviceId: string }>((resolve) => phone.on('KeyEvent', resolve))
  t.equal((await laptop.enrolKey({ deviceId: 'laptop' })).status, 'pending')
  const { Thumbprint, DeviceId } = await within(asked, 'a KeyEvent')
  await phone.approveKey({ thumbprint: Thumbprint, deviceId: DeviceId })
  t.strictSame([...keys.of('alice').log.keys.keys()], [thumbprints[0], thumbprints[1]])
  const { keys: seen, verified } = await laptop.directory('alice')
  t.strictSame(
    seen.map(({ deviceId }) => deviceId),
    ['phone', 'laptop'],
  )
  t.equal(verified, false)
})

t.test('end to end: only the receiver reads it, and knows who sent it', async (t) => {
  const { server } = await start(t)
  const alice = await login(t, server, 'alice', 0)
  const bob = await login(t, server, 'bob', 1)
  await t.rejects(alice.sendEndToEnd('bob', 'x'), { code: 'key_required' })
  await alice.enrolKey({ deviceId: 'a' })
  await t.rejects(alice.sendEndToEnd('bob', 'x'), { code: 'no_keys' })
  await bob.enrolKey({ deviceId: 'b' })
  const came = next(bob)
  // Within the time in which a log counts as read.
  await alice.directory('bob')
  t.match(await alice.sendEndToEnd('bob', 'secret'), { status: 'sent' })
  t.match(await came, {
    type: 'TextMsgRequest',
    from: 'alice',
    content: { Message: 'secret' },
    endToEnd: { thumbprint: thumbprints[0], deviceId: 'a', verified: false },
  })
  t.notMatch(JSON.stringify(server.received), 'secret')
  const own = next(bob)
  await alice.sendEndToEnd('bob', { type: 'Own', content: { a: 1 } })
  t.match(await own, { type: 'Own', content: { a: 1 } })
  const answer = next(alice)
  await bob.reply(await own, 'Own', { b: 'answer' })
  t.match(await answer, { type: 'Own', content: { b: 'answer' }, endToEnd: { deviceId: 'b' } })
  t.notMatch(JSON.stringify(server.received), 'answer')
})

t.test('what was changed on its way, repeated, or is not what it says, is not told', async (t) => {
  const { server, keys } = await start(t)
  const alice = await login(t, server, 'alice', 0)
  const bob = await login(t, server, 'bob', 1)
  await alice.enrolKey({ deviceId: 'a' })
  await bob.enrolKey({ deviceId: 'b' })
  keys.append('mallory', { Key: jwks[2], DeviceId: 'm' })
  const told: unknown[] = []
  bob.on('message', ({ content }) => void told.push(content))
  const tampers: Record<string, object> = {
    'another sender': { FromUserId: 'mallory' },
    'another id': { ClientMsgId: 'other' },
    'another time': { CreateTime: 5 },
    'other content': { Content: '{"Jws":"a.b.c"}' },
  }
  for (const [name, tamper] of Object.entries(tampers)) {
    keys.tamper = () => tamper
    const failed = new Promise<unknown>((resolve) => bob.on('error', resolve))
    await alice.sendEndToEnd('bob', name)
    t.match(await within(failed, 'an error'), { code: 'end_to_end_failed' }, name)
  }
  keys.tamper = () => ({})
  const inside = new Promise<unknown>((resolve) => bob.on('TextMsgRequest', resolve))
  await alice.sendEndToEnd('bob', { type: 'PresenceEvent', content: { UserId: 'x', Online: true } })
  await alice.sendEndToEnd('bob', 'good')
  await within(inside, 'the good one')
  const [repeated] = server.received.filter((each) => each.MsgType === 'EndToEndMsgRequest').slice(-1)
  const bobPeer = server.peers[1]
  const { content, ...envelope } = repeated ?? { content: {}, MsgType: '', Content: '' }
  bobPeer?.send({ ...envelope, content })
  const last = next(bob)
  await alice.send('bob', 'in plain')
  await last
  t.strictSame(told, [{ Message: 'good' }, { Message: 'in plain' }])
})

t.test('the order of a sender stays, whether messages are opened or not', async (t) => {
  const { server } = await start(t)
  const alice = await login(t, server, 'alice', 0)
  const bob = await login(t, server, 'bob', 1)
  await alice.enrolKey({ deviceId: 'a' })
  await bob.enrolKey({ deviceId: 'b' })
  const texts: unknown[] = []
  const all = new Promise<void>((resolve) =>
    bob.on('TextMsgRequest', ({ Message }) => {
      texts.push(Message)
      if (texts.length === 20) resolve()
    }),
  )
  for (let count = 0; count < 20; count++) {
    await (count % 3 === 0 ? alice.sendEndToEnd('bob', String(count)) : alice.send('bob', String(count)))
  }
  await within(all, 'all messages')
  t.strictSame(
    texts,
    Array.from({ length: 20 }, (_, index) => String(index)),
  )
})

t.test('safety numbers are the same on both sides, and change with the keys', async (t) => {
  const { server, keys } = await start(t)
  const pins = new MemoryKeyPins()
  const alice = await login(t, server, 'alice', 0, { keyPins: pins })
  const bob = await login(t, server, 'bob', 1)
  await alice.enrolKey({ deviceId: 'a' })
  await bob.enrolKey({ deviceId: 'b' })
  const { safetyNumber } = await alice.directory('bob')
  t.equal((await bob.directory('alice')).safetyNumber, safetyNumber)
  t.match(safetyNumber, /^(\d{5} ){11}\d{5}$/)
  await t.rejects(alice.verifyUser('bob', '0'), { code: 'keys_changed' })
  await alice.verifyUser('bob', safetyNumber)
  t.equal((await alice.directory('bob')).verified, true)
  const changed: KeysChanged[] = []
  alice.on('keysChanged', (change) => void changed.push(change))
  const approval = { ApprovedBy: 'operator', Server: '', Signature: '' }
  keys.append('bob', { Key: jwks[2], DeviceId: 'new' }, approval)
  const after = await alice.directory('bob')
  t.equal(after.verified, false)
  t.match(changed, [{ userId: 'bob', added: [{ deviceId: 'new' }], removed: [], beganAnew: false, wasVerified: true }])
  // Another client with the same memory hears of what happened while it was away.
  keys.append('bob', { Key: jwks[3], DeviceId: 'newer' }, approval)
  const again = await login(t, server, 'alice', 0, { keyPins: pins })
  again.on('keysChanged', (change) => void changed.push(change))
  await again.directory('bob')
  t.match(changed[1], { added: [{ deviceId: 'newer' }] })
})

t.test('a log that was replaced or changed is refused until the person forgets the old one', async (t) => {
  const { server, keys } = await start(t)
  const pins = new MemoryKeyPins()
  const alice = await login(t, server, 'alice', 0, { keyPins: pins })
  await alice.enrolKey({ deviceId: 'a' })
  keys.append('bob', { Key: jwks[1], DeviceId: 'b' })
  await alice.directory('bob')
  keys.logs.delete('bob')
  keys.append('bob', { Key: jwks[2], DeviceId: 'evil' })
  const again = await login(t, server, 'alice', 0, { keyPins: pins })
  await t.rejects(again.directory('bob'), { code: 'keys_changed' })
  await t.rejects(again.sendEndToEnd('bob', 'x'), { code: 'keys_changed' })
  await again.forgetUser('bob')
  t.equal((await again.directory('bob')).keys[0]?.deviceId, 'evil')
  const [entry] = keys.of('bob').entries
  if (entry === undefined) throw new Error('no entry')
  keys.of('bob').entries[0] = { ...entry, DeviceId: 'changed' }
  const other = await login(t, server, 'alice', 0)
  await t.rejects(other.directory('bob'), { code: 'keys_changed' })
})

t.test('long logs come in pages; a log that was just read is not asked for again', async (t) => {
  const { server, keys } = await start(t)
  const alice = await login(t, server, 'alice', 0)
  await alice.enrolKey({ deviceId: 'a' })
  const approval = { ApprovedBy: 'operator', Server: '', Signature: '' }
  keys.append('bob', { Key: jwks[1], DeviceId: '1' })
  keys.append('bob', { Key: jwks[2], DeviceId: '2' }, approval)
  keys.append('bob', { Key: jwks[3], DeviceId: '3' }, approval)
  keys.pageMax = 1
  t.equal((await alice.directory('bob')).keys.length, 3)
  const { asked } = keys
  await alice.sendEndToEnd('bob', 'x')
  await alice.sendEndToEnd('bob', 'y')
  t.equal(keys.asked, asked)
})

t.test('PS256: the receiver can tell who signed, and what', async (t) => {
  const { server, keys } = await start(t)
  const alice = await login(t, server, 'alice', 0, { sign: 'PS256' })
  const bob = await login(t, server, 'bob', 1, { verifySignatures: true })
  await alice.enrolKey({ deviceId: 'a' })
  let came = next(bob)
  await alice.send('bob', 'signed')
  t.match((await came).signature, { kind: 'valid', thumbprint: thumbprints[0], deviceId: 'a' })
  t.match(await bob.checkSignature(await came), { kind: 'valid' })
  came = next(bob)
  await alice.send('bob', 'not signed', { sign: false })
  t.strictSame((await came).signature, { kind: 'none' })
  for (const tamper of [
    { Content: '{"Message":"other"}' },
    { CreateTime: 5 },
    { FromUserId: 'carol' },
    { ToUserId: 'carol' },
  ]) {
    keys.tamper = () => tamper
    came = next(bob)
    await alice.send('bob', 'signed')
    t.match((await came).signature, { kind: 'invalid' }, JSON.stringify(tamper))
  }
})

t.test('HS256: signed for the session in which it is sent, also after a reconnect', async (t) => {
  const { server } = await start(t)
  const alice = await login(t, server, 'alice', 0)
  await alice.send('bob', 'one', { sign: 'HS256' })
  const lost = new Promise((resolve) => alice.on('disconnected', resolve))
  server.peer.drop()
  await lost
  await alice.send('bob', 'two', { sign: 'HS256' })
  const signed = server.peers.flatMap((peer) =>
    peer.received.filter((each) => each.MsgType === 'TextMsgRequest').map((each) => ({ peer, each })),
  )
  t.equal(signed.length, 2)
  for (const { peer, each } of signed) {
    const { Sign, CreateTime, ClientMsgId } = each as unknown as Signed
    const key = peer.keys?.signingKey
    if (key === undefined) throw new Error('no session')
    const fields = { from: 'alice', to: 'bob', msgType: each.MsgType, content: each.Content }
    t.ok(verifySessionMessage(Sign, key, { ...fields, createTime: CreateTime, clientMsgId: ClientMsgId }))
  }
})

t.test('without a key, and before the login, keys can’t be used', async (t) => {
  const { server } = await start(t)
  const plain = await connect({ url: server.url })
  t.teardown(() => plain.close())
  await t.rejects(plain.enrolKey({ deviceId: 'x' }), { code: 'key_required' })
  await t.rejects(plain.sendEndToEnd('bob', 'x'), { code: 'key_required' })
  await t.rejects(plain.send('bob', 'x', { sign: 'PS256' }), { code: 'key_required' })
  await t.rejects(connect({ url: server.url, sign: 'PS256' }), { code: 'bad_argument' })
  const early = await connect({ url: server.url, seal: { pin: serverKeys.thumbprint } })
  t.teardown(() => early.close())
  await t.rejects(early.enrolKey({ deviceId: 'x' }), { code: 'bad_state' })
  await t.rejects(early.send('bob', 'x', { sign: 'PS256' }), { code: 'bad_state' })
})
