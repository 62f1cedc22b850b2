import t from 'tap'
import type { AcceptorMessage } from '../../src/mailbox/acceptor-messages.ts'
import { signMessage } from '../../src/security/message-signature.ts'
import { vectorKey } from '../vectors/vector-files.ts'
import { type AcceptorWorld, type Peer, startAcceptor } from './acceptor-world.ts'
import { frameOf, frameOfText } from './fakes.ts'

t.setTimeout(20_000)

/** A small ring, in which a run as long as one read of a socket has room. */
const ringBytes = 2 ** 18

const login = frameOf({ MsgType: 'AuthRequest', Content: { UserId: 'ann', Password: 'x' } })
const welcome = frameOf({ MsgType: 'AuthResponse', Content: { Success: true } })
/** A user without keys who may send what all may. */
const untouched = { policies: { signedOnly: false, endToEnd: 'allow' }, keys: [] } as const
const refused = frameOf({ MsgType: 'AuthResponse', Content: { Success: false, Code: 'auth_failed' } })

function text(index: number, to = 'bob', size = 0): Buffer {
  return frameOf({ ToUserId: to, MsgType: 'TextMsgRequest', Content: { Message: `${index} ${'x'.repeat(size)}` } })
}

/** Numbers of the texts that the router got from a connection, in order. */
function textsFrom(world: AcceptorWorld, connection: number): number[] {
  return world
    .of('relay')
    .filter((message) => message.connection === connection)
    .flatMap(({ frames }) =>
      [
        ...Buffer.from(frames)
          .toString()
          .matchAll(/Message\\":\\"(\d+) /g),
      ].map(([, n]) => Number(n)),
    )
}

/** Logs a peer in; gives its connection. */
async function session(world: AcceptorWorld, peer: Peer, user = 'ann'): Promise<number> {
  const before = world.of('authenticate').length
  peer.send(frameOf({ MsgType: 'AuthRequest', Content: { UserId: user, Password: 'x' } }))
  await world.until(() => world.of('authenticate').length > before, 'the login')
  const connection = world.of('authenticate').at(-1)?.connection ?? 0
  const got = peer.got.length
  world.say({ kind: 'beginSession', connection, user, frames: welcome, ...untouched })
  await world.until(() => peer.got.length > got, 'the welcome')
  return connection
}

function deliver(connection: number, frames: Buffer, receipt = 0): AcceptorMessage {
  return { kind: 'deliver', connection, receipt, frames }
}

t.test('what a client sends ahead of its verdict is kept, bounded, and read after it in order', async (t) => {
  const world = await startAcceptor(t)
  const peer = await world.connect(t)
  // Far more than is kept: the socket is then not read until the verdict.
  peer.send(login, ...Array.from({ length: 3000 }, (_, index) => text(index, 'bob', 100)))
  await world.until(() => world.of('authenticate').length === 1, 'the login')
  t.equal(world.of('relay').length, 0)
  const connection = world.of('authenticate')[0]?.connection ?? 0
  world.say({ kind: 'beginSession', connection, user: 'ann', frames: welcome, ...untouched })
  await world.until(() => textsFrom(world, connection).length === 3000, 'all texts')
  t.strictSame(
    textsFrom(world, connection),
    Array.from({ length: 3000 }, (_, index) => index),
  )
})

t.test('after a refused login the next one is read, and too many end the connection', async (t) => {
  const world = await startAcceptor(t)
  const peer = await world.connect(t)
  peer.send(login, login, login, login)
  for (let tries = 1; tries <= 3; tries++) {
    await world.until(() => world.of('authenticate').length === tries, `login ${tries}`)
    world.say({ kind: 'refuseLogin', connection: world.of('authenticate')[0]?.connection ?? 0, frames: refused })
  }
  await world.until(() => peer.isClosed, 'the close')
  t.strictSame(peer.codes(), ['auth_failed', 'auth_failed', 'auth_failed', 'auth_failed'])
  await world.until(() => world.of('closed').length === 1, 'the notice')
  t.equal(world.of('authenticate').length, 3)
})

t.test(
  'a full ring to the router stops the reading of sockets: nothing is lost or reordered, and it goes on',
  async (t) => {
    const world = await startAcceptor(t, {}, ringBytes)
    const peers = [await world.connect(t), await world.connect(t), await world.connect(t)]
    const connections: number[] = []
    for (const [index, peer] of peers.entries()) connections.push(await session(world, peer, `user${index}`))
    world.routerTakes(false)
    const count = 10_000
    for (let part = 0; part < 10; part++) {
      for (const peer of peers) {
        const from = (part * count) / 10
        peer.send(
          ...Array.from({ length: count / 10 }, (_, index) => text(from + index, index % 5 === 0 ? 'cid' : 'bob', 50)),
        )
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    t.ok(world.of('relay').length === 0)
    world.routerTakes(true)
    for (const connection of connections) {
      await world.until(() => textsFrom(world, connection).length >= count, 'all texts')
      t.strictSame(
        textsFrom(world, connection),
        Array.from({ length: count }, (_, index) => index),
      )
    }
  },
)

t.test('a message as long as the limit crosses a ring that is nearly full', async (t) => {
  const world = await startAcceptor(t, { frameBytesMax: 120_000 }, 2 ** 19)
  const peer = await world.connect(t)
  const connection = await session(world, peer)
  world.routerTakes(false)
  const sizes = [100_000, 10, 110_000, 10, 119_000, 119_000, 119_000, 10]
  for (const [index, size] of sizes.entries()) peer.send(text(index, 'bob', size))
  await new Promise((resolve) => setTimeout(resolve, 50))
  world.routerTakes(true)
  await world.until(() => textsFrom(world, connection).length === sizes.length, 'all texts')
  t.strictSame(textsFrom(world, connection), [0, 1, 2, 3, 4, 5, 6, 7])
})

t.test('a client that goes while it is stalled is forgotten, and others go on', async (t) => {
  const world = await startAcceptor(t, {}, ringBytes)
  const gone = await world.connect(t)
  const stays = await world.connect(t)
  const goneId = await session(world, gone, 'gone')
  const staysId = await session(world, stays, 'stays')
  world.routerTakes(false)
  for (const peer of [gone, stays]) peer.send(...Array.from({ length: 6000 }, (_, index) => text(index, 'bob', 50)))
  await new Promise((resolve) => setTimeout(resolve, 50))
  gone.socket.destroy()
  world.routerTakes(true)
  await world.until(() => textsFrom(world, staysId).length === 6000, 'the texts of who stays')
  await world.until(() => world.of('closed').some(({ connection }) => connection === goneId), 'the end of who went')
})

t.test('receipts are reported when written, and failed for who has gone or never was', async (t) => {
  const world = await startAcceptor(t)
  const peer = await world.connect(t)
  const connection = await session(world, peer)
  world.say(deliver(connection, text(1), 11), deliver(connection, text(2), 12), deliver(9999, text(3), 13))
  await world.until(() => world.of('written').length === 2, 'receipts')
  t.match(
    world.of('written').map(({ receipts, completed }) => ({ receipts, completed })),
    [
      { receipts: [13], completed: false },
      { receipts: [11, 12], completed: true },
    ],
  )
  t.equal(peer.got.length, 3)
  peer.socket.destroy()
  await world.until(() => world.of('closed').length === 1, 'the end')
  world.say(deliver(connection, text(4), 14))
  await world.until(() => world.of('written').length === 3, 'the last receipt')
  t.match(world.of('written')[2], { receipts: [14], completed: false })
})

t.test('a client that does not read is told so and cut, and every receipt is decided once', async (t) => {
  const world = await startAcceptor(t)
  const peer = await world.connect(t)
  const connection = await session(world, peer)
  peer.socket.pause()
  const big = text(1, 'bob', 50_000)
  let receipt = 0
  const decided = (): number[] => world.of('written').flatMap(({ receipts }) => receipts)
  const isClosed = (): boolean => world.event('connectionClosed') !== undefined
  while (!isClosed() && receipt < 2000) {
    world.say(...Array.from({ length: 5 }, () => deliver(connection, big, ++receipt)))
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await world.until(isClosed, 'the close')
  t.match(world.event('connectionClosed'), { reason: 'slow_consumer', user: 'ann' })
  await world.until(() => decided().length >= receipt, 'every receipt')
  t.strictSame(
    decided().sort((a, b) => a - b),
    Array.from({ length: receipt }, (_, index) => index + 1),
  )
  t.ok(world.of('written').some(({ completed }) => !completed))
})

t.test('a broadcast reaches every session but the own, and a slow one among them harms no other', async (t) => {
  const world = await startAcceptor(t)
  const [ann, bob, cid, stranger] = [
    await world.connect(t),
    await world.connect(t),
    await world.connect(t),
    await world.connect(t),
  ]
  await session(world, ann, 'ann')
  const bobId = await session(world, bob, 'bob')
  await session(world, cid, 'cid')
  bob.socket.pause()
  const frames = text(1, 'all', 30_000)
  const isClosed = (): boolean => world.event('connectionClosed') !== undefined
  for (let round = 1; round < 2000 && !isClosed(); round++) {
    world.say({ kind: 'deliverAll', audience: 'sessions', exceptUser: 'ann', frames })
    await world.until(() => cid.got.length === round + 1, 'a broadcast')
  }
  await world.until(isClosed, 'the close')
  t.match(world.event('connectionClosed'), { reason: 'slow_consumer', connection: bobId })
  t.equal(ann.got.length, 1)
  t.equal(stranger.got.length, 0)
})

t.test('only those who watch get what is for watchers', async (t) => {
  const world = await startAcceptor(t)
  const [ann, bob] = [await world.connect(t), await world.connect(t)]
  const annId = await session(world, ann, 'ann')
  await session(world, bob, 'bob')
  const all: AcceptorMessage = { kind: 'deliverAll', audience: 'watchers', exceptUser: undefined, frames: text(1) }
  world.say({ kind: 'watch', connection: annId, on: true }, all, { kind: 'watch', connection: annId, on: false }, all)
  await world.until(() => ann.got.length === 2, 'the event')
  world.say({ kind: 'deliverAll', audience: 'sessions', exceptUser: undefined, frames: text(2) })
  await world.until(() => ann.got.length === 3 && bob.got.length === 2, 'the broadcast')
})

t.test('a connection is closed once, with its reason, and what it sends afterwards causes nothing', async (t) => {
  const world = await startAcceptor(t)
  const peer = await world.connect(t)
  const connection = await session(world, peer)
  const close: AcceptorMessage = { kind: 'close', connection, reason: 'kicked', message: 'Out.' }
  world.say(deliver(connection, text(1), 21), close, { ...close, reason: 'replaced' }, deliver(connection, text(2), 22))
  peer.send(text(1), text(2))
  await world.until(() => peer.isClosed, 'the close')
  t.strictSame(peer.codes().slice(1), [undefined, 'kicked'])
  await world.until(() => world.of('closed').length === 1 && world.of('written').length === 2, 'the notices')
  t.match(world.event('connectionClosed'), { reason: 'kicked', detail: 'Out.' })
  t.equal(world.events.filter(({ name }) => name === 'connectionClosed').length, 1)
  t.match(
    world.of('written').map(({ receipts, completed }) => ({ receipts, completed })),
    [
      { receipts: [22], completed: false },
      { receipts: [21], completed: true },
    ],
  )
})

t.test('faults before login, noise and silence each have their end and their reason', async (t) => {
  const world = await startAcceptor(t, { authTimeoutMs: 300 })
  const faulty = await world.connect(t)
  faulty.send(...Array.from({ length: 100 }, () => frameOfText('{')))
  await world.until(() => faulty.isClosed, 'the close of the faulty one')
  t.equal(faulty.codes().at(-1), 'protocol_abuse')
  t.equal(faulty.got.length, 5, 'three faults are answered, the fourth too, then comes the reason')
  const noisy = await world.connect(t)
  noisy.send(Buffer.alloc(1001, 'x'))
  await world.until(() => noisy.isClosed, 'the close of the noisy one')
  t.strictSame(noisy.codes(), ['protocol_abuse'])
  const silent = await world.connect(t)
  await world.until(() => silent.isClosed, 'the close of the silent one')
  t.strictSame(silent.codes(), ['auth_timeout'])
  t.equal(world.of('closed').length, 0, 'the router has heard of none of them')
})

t.test('whoever waits for the check of a login is not timed out', async (t) => {
  const world = await startAcceptor(t, { authTimeoutMs: 100 })
  const peer = await world.connect(t)
  peer.send(login)
  await world.until(() => world.of('authenticate').length === 1, 'the login')
  await new Promise((resolve) => setTimeout(resolve, 500))
  t.notOk(peer.isClosed)
  world.say({ kind: 'beginSession', connection: 1, user: 'ann', frames: welcome, ...untouched })
  await world.until(() => peer.got.length === 1, 'the welcome')
})

t.test('who has answered a heartbeat is closed when it falls silent, who never did is not', async (t) => {
  const world = await startAcceptor(t, { heartbeatAfterMs: 50, heartbeatTimeoutMs: 50 })
  const [answering, mute] = [await world.connect(t), await world.connect(t)]
  await session(world, answering, 'ann')
  await session(world, mute, 'bob')
  await world.until(() => answering.got.some(({ MsgType }) => MsgType === 'HeartbeatRequest'), 'the question')
  answering.send(frameOf({ MsgType: 'HeartbeatResponse', Content: {} }))
  await world.until(() => answering.isClosed, 'the close')
  t.equal(answering.codes().at(-1), 'idle')
  t.notOk(mute.isClosed)
  t.ok(mute.got.some(({ MsgType }) => MsgType === 'HeartbeatRequest'))
})

t.test('who acknowledges is closed when it falls silent, though it has never been asked before', async (t) => {
  const world = await startAcceptor(t, { heartbeatAfterMs: 50, heartbeatTimeoutMs: 50 })
  const peer = await world.connect(t)
  peer.send(frameOf({ MsgType: 'AuthRequest', Content: '{"UserId":"ann","Password":"x","Ack":true}' }))
  await world.until(() => world.of('authenticate').length === 1, 'the login')
  world.say({ kind: 'beginSession', connection: 1, user: 'ann', frames: welcome, ...untouched })
  await world.until(() => peer.isClosed, 'the close')
  t.equal(peer.codes().at(-1), 'idle')
})

t.test('a client that is not read because the router is slow is not taken for silent', async (t) => {
  const world = await startAcceptor(t, { heartbeatAfterMs: 50, heartbeatTimeoutMs: 50 }, ringBytes)
  const peer = await world.connect(t)
  const connection = await session(world, peer)
  peer.send(frameOf({ MsgType: 'HeartbeatResponse', Content: {} }))
  world.routerTakes(false)
  peer.send(...Array.from({ length: 10_000 }, (_, index) => text(index, 'bob', 50)))
  await new Promise((resolve) => setTimeout(resolve, 1000))
  t.notOk(peer.isClosed)
  world.routerTakes(true)
  await world.until(() => textsFrom(world, connection).length === 10_000, 'all texts')
})

t.test('over the limit a peer is told server_busy, beyond that it is only cut', async (t) => {
  const world = await startAcceptor(t, { connectionsMax: 1, refusingMax: 1 })
  const first = await world.connect(t)
  const second = await world.connect(t)
  await world.until(() => second.isClosed, 'the refusal')
  t.strictSame(second.codes(), ['server_busy'])
  const third = await world.connect(t)
  await world.until(() => third.isClosed, 'the cut')
  t.strictSame(third.got, [])
  first.socket.destroy()
  await world.until(() => world.event('connectionClosed') !== undefined, 'room')
  const fourth = await world.connect(t)
  await session(world, fourth)
})

t.test('the users rate is shared by all sessions of a user', async (t) => {
  const world = await startAcceptor(t, { userMessagesPerSecond: 5 })
  const [one, two] = [await world.connect(t), await world.connect(t)]
  await session(world, one)
  await session(world, two)
  one.send(...Array.from({ length: 8 }, (_, index) => text(index)))
  await world.until(() => world.of('relay').length > 0, 'the first')
  two.send(...Array.from({ length: 8 }, (_, index) => text(index)))
  await world.until(() => two.codes().includes('rate_limited'), 'the refusal')
})

t.test('after quiesce nothing comes from clients, and drain tells them to come back', async (t) => {
  const world = await startAcceptor(t)
  const peer = await world.connect(t)
  await session(world, peer)
  const waiting = await world.connect(t)
  waiting.send(login, text(1), text(2))
  await world.until(() => world.of('authenticate').length === 2, 'the second login')
  const connection = world.of('authenticate')[1]?.connection ?? 0
  world.say({ kind: 'quiesce' })
  await world.until(() => world.event('quiesced') !== undefined, 'quiesced')
  const before = world.messages.length
  peer.send(text(3))
  world.say({ kind: 'beginSession', connection, user: 'bob', frames: welcome, ...untouched })
  await world.until(() => waiting.got.length === 1, 'the welcome')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.equal(world.messages.length, before, 'nothing follows that comes from clients')
  world.say({ kind: 'drain', deadlineMs: 2000 })
  await world.until(() => world.event('drained') !== undefined, 'drained')
  t.strictSame([peer.codes().at(-1), waiting.codes().at(-1)], ['server_draining', 'server_draining'])
})

t.test('a peer that does not read holds up a drain until the deadline only', async (t) => {
  const world = await startAcceptor(t, { outputBytesMax: 2 ** 26 })
  const peer = await world.connect(t)
  const connection = await session(world, peer)
  peer.socket.pause()
  for (let index = 0; index < 20; index++) {
    world.say(deliver(connection, text(index, 'bob', 1_000_000)))
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const begun = performance.now()
  world.say({ kind: 'drain', deadlineMs: 200 })
  await world.until(() => world.event('drained') !== undefined, 'drained')
  const took = performance.now() - begun
  t.ok(took >= 190 && took < 2000, `${took}`)
})

t.test('a session with too much behind signatures is not read until they are decided, and others are', async (t) => {
  const world = await startAcceptor(t, { unverifiedBytesMax: 3000 })
  const peer = await world.connect(t)
  const other = await world.connect(t)
  const connection = await session(world, peer)
  const otherId = await session(world, other, 'other')
  const { jwk, thumbprint, privateKey } = vectorKey('alice')
  const { policies } = untouched
  world.say({ kind: 'changeSession', connection, policies, keys: [[thumbprint, jwk.n]] })
  const createTime = Math.floor(Date.now() / 1000)
  const signed = (id: string): Buffer => {
    // Long ones, so that not all of them come in one read of the socket.
    const content = JSON.stringify({ Message: `${id} ${'x'.repeat(6000)}` })
    const fields = { from: 'ann', to: 'bob', clientMsgId: id, createTime, msgType: 'TextMsgRequest', content }
    const Sign = signMessage('PS256', privateKey, thumbprint, fields)
    const envelope = { ToUserId: 'bob', MsgType: 'TextMsgRequest', ClientMsgId: id, CreateTime: createTime }
    return frameOf({ ...envelope, Content: content, Sign })
  }
  const count = 40
  const ids = (): string[] => world.of('relaySigned').flatMap(({ items }) => items.map(({ id }) => id))
  const expected = Array.from({ length: count }, (_, index) => `m${index}`)
  peer.send(...expected.map(signed), text(7, 'bob'))
  other.send(text(1, 'bob'))
  await world.until(() => textsFrom(world, otherId).length === 1, 'the text of the other')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.ok(ids().length < count, `${ids().length} were read`)
  let told = 0
  while (ids().length < count) {
    await world.until(() => world.of('relaySigned').length > told, 'more')
    const pieces = world.of('relaySigned').length - told
    told += pieces
    world.say({ kind: 'verified', connection, count: pieces, refused: { bad_signature: pieces } })
  }
  t.strictSame(ids(), expected)
  await world.until(() => textsFrom(world, connection).length === 1, 'what came after')
  await world.until(() => {
    const event = world.event('counters')
    return event?.name === 'counters' && (event.counters.refusedFrames['bad_signature'] ?? 0) > 0
  }, 'what was refused is counted')
})
