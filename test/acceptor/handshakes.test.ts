import { randomBytes } from 'node:crypto'
import t from 'tap'
import type { Connection, ConnectionState } from '../../src/acceptor/connection.ts'
import { type HandshakeEffects, Handshakes } from '../../src/acceptor/handshakes.ts'
import type { Seal } from '../../src/acceptor/sealed-form.ts'
import type { KeyOffer, SealMessage } from '../../src/mailbox/acceptor-messages.ts'
import type { Answered } from '../../src/protocol/replies.ts'
import { macOf } from '../../src/security/finish-frame.ts'
import { readSessionKeys } from '../../src/security/key-schedule.ts'
import { connectionIn, FakeChannel } from './fakes.ts'

const key = { kty: 'RSA', n: 'n', e: 'AQAB' } as const
const offer: KeyOffer = {
  id: 3,
  suites: [1, 2],
  identity: key,
  certificate: { key, notBefore: 1, notAfter: 2, signature: 's' },
  rotations: [],
}
const keys = new Uint8Array(randomBytes(320))
const transcriptHash = new Uint8Array(randomBytes(32))
const toServer = (type: string, callbackId?: string): Answered => ({ type, toUser: false, callbackId })

class SealableChannel extends FakeChannel {
  seals: Seal[] = []

  override seal(seal?: Seal): void {
    if (seal !== undefined) this.seals.push(seal)
  }
}

/** A connection with the handshakes of an acceptor, and what they caused. */
class World {
  readonly caused: { kind: string; [field: string]: unknown }[] = []
  readonly handshakes: Handshakes
  readonly channel = new SealableChannel()
  readonly connection: Connection

  constructor(options: { requiresSealing?: boolean; handshakesPerSecond?: number; state?: ConnectionState } = {}) {
    const { requiresSealing = false, handshakesPerSecond = 0 } = options
    const effects: HandshakeEffects = {
      exchangeKeys: (message) => this.caused.push({ ...message }),
      refuse: (_connection, _answered, { code }) => this.caused.push({ kind: 'refuse', code }),
      close: (connection, reason) => {
        connection.state = { kind: 'closed' }
        this.caused.push({ kind: 'close', reason })
      },
      cut: (connection, reason, detail) => {
        connection.state = { kind: 'closed' }
        this.caused.push({ kind: 'cut', reason, detail })
      },
      sealed: (_connection, resumed) => this.caused.push({ kind: 'sealed', resumed }),
      farewell: () => this.caused.push({ kind: 'farewell' }),
    }
    this.handshakes = new Handshakes({ requiresSealing, handshakesPerSecond, authTimeoutMs: 1000 }, effects)
    this.connection = connectionIn(options.state ?? { kind: 'greeting', deadline: 500 }, this.channel)
  }

  /** The offers that went out. */
  offers(): { [field: string]: unknown }[] {
    return this.channel.calls
      .filter((call) => call.startsWith('text '))
      .map((call) => JSON.parse(call.slice(5)) as { [field: string]: unknown })
  }

  received(type: string, body = '{}'): void {
    this.handshakes.received(this.connection, { answered: toServer(type), body: Buffer.from(body) }, 0)
  }

  /** As far as the keys of the session. */
  seal(resumed = false): Seal {
    this.handshakes.use(offer)
    this.handshakes.requested(this.connection, toServer('PlatformKeyRequest'), 0)
    this.received('TerminalKeyMessage')
    const message: SealMessage = {
      kind: 'seal',
      connection: 7,
      body: Buffer.from('{"three":1}'),
      keys,
      transcriptHash,
      suite: 1,
      thumbprint: 'print',
      resumed,
    }
    this.handshakes.seal(this.connection, message, 100)
    return this.channel.seals[0] as Seal
  }
}

t.test('keys are offered to who asks for them', async (t) => {
  const world = new World()
  world.handshakes.use(offer)
  world.handshakes.opened(world.connection, 0)
  t.same(world.offers(), [], 'not unasked where plain sessions are taken')
  world.handshakes.requested(world.connection, toServer('PlatformKeyRequest', 'c"1'), 0)
  const [body] = world.offers()
  t.match(body, { MsgType: 'PlatformKeyMessage', CallbackID: 'c"1' })
  const content = JSON.parse(body?.['Content'] as string) as { Nonce: string; ServerTime: number }
  const { state } = world.connection
  if (state.kind !== 'offered') throw new Error(state.kind)
  t.match(state, { deadline: 500, isUnasked: false, offer: { id: 3, nonce: content.Nonce } })
  t.equal(content.ServerTime, body?.['CreateTime'])
  t.same(
    [state.offer.time, state.offer.callbackId],
    [content.ServerTime, '"c\\"1"'],
    'what was its own is kept, to write it again',
  )
})

t.test('without keys there is nothing to offer', async (t) => {
  const world = new World()
  t.notOk(world.handshakes.isReady())
  world.handshakes.requested(world.connection, toServer('PlatformKeyRequest'), 0)
  t.same(world.caused, [{ kind: 'close', reason: 'server_busy' }])
})

t.test('a connection that is sealed gets no other keys', async (t) => {
  const world = new World()
  world.handshakes.use(offer)
  world.connection.sealed = { suite: 1, thumbprint: 'print', signingKey: undefined as never }
  world.handshakes.requested(world.connection, toServer('PlatformKeyRequest'), 0)
  t.same(world.caused, [{ kind: 'refuse', code: 'not_allowed' }])
})

t.test("the client's answer is passed on as it came", async (t) => {
  const world = new World()
  world.handshakes.use(offer)
  world.handshakes.requested(world.connection, toServer('PlatformKeyRequest'), 0)
  const { state } = world.connection
  if (state.kind !== 'offered') throw new Error(state.kind)
  world.received('TerminalKeyMessage', '{"two":2}')
  t.match(world.caused, [
    { kind: 'exchangeKeys', connection: 7, address: '192.0.2.1', offer: 3, nonce: state.offer.nonce },
  ])
  t.same(world.caused[0]?.['terminalBody'], Buffer.from('{"two":2}'))
  t.match(world.caused[0], { offerTime: state.offer.time, offerCallbackId: undefined })
  t.same(world.connection.state, { kind: 'exchanging' }, 'the offer is not kept any longer')
})

t.test('anything else ends the handshake, without a word after the first', async (t) => {
  const world = new World()
  world.handshakes.use(offer)
  world.handshakes.requested(world.connection, toServer('PlatformKeyRequest'), 0)
  world.received('PlatformKeyRequest')
  t.match(world.caused, [{ kind: 'cut', reason: 'handshake_failed' }])
})

t.test('where sessions must be sealed the server greets', async (t) => {
  const greeted = (): World => {
    const world = new World({ requiresSealing: true })
    world.handshakes.use(offer)
    world.handshakes.opened(world.connection, 0)
    t.equal(world.offers().length, 1)
    return world
  }
  const asking = greeted()
  asking.received('PlatformKeyRequest')
  t.same([asking.caused, asking.offers().length], [[], 1], 'a request that crossed with it is answered by it')
  asking.received('PlatformKeyRequest')
  t.match(asking.caused, [{ kind: 'cut' }])
  const plain = greeted()
  plain.received('AuthRequest')
  t.same(plain.caused, [
    { kind: 'refuse', code: 'sealing_required' },
    { kind: 'close', reason: 'sealing_required' },
  ])
  const sealing = greeted()
  sealing.received('TerminalKeyMessage')
  t.match(sealing.caused, [{ kind: 'exchangeKeys' }])
})

t.test('an address may begin only so many a second', async (t) => {
  const world = new World({ handshakesPerSecond: 1 })
  world.handshakes.use(offer)
  for (const expected of ['exchangeKeys', 'exchangeKeys', 'close']) {
    world.connection.state = { kind: 'greeting', deadline: 500 }
    world.handshakes.requested(world.connection, toServer('PlatformKeyRequest'), 0)
    world.received('TerminalKeyMessage')
    t.equal(world.caused.at(-1)?.kind, expected)
  }
  t.equal(world.caused.at(-1)?.['reason'], 'server_busy')
  world.handshakes.forget(10_000)
})

t.test('with the keys of the session the last plain frame goes out, and the proof is awaited', async (t) => {
  for (const resumed of [false, true]) {
    const world = new World()
    const { suite, events } = world.seal(resumed)
    t.equal(suite, 1)
    t.same(world.offers().at(-1), { three: 1 })
    t.match(world.connection.state, { kind: 'confirming', deadline: 1100, facts: { thumbprint: 'print' } })
    t.equal(world.connection.sealed, undefined, 'nothing is proven yet')
    const mac = macOf(readSessionKeys(keys).clientFinishKey, transcriptHash)
    const signature = Buffer.from(resumed ? '' : 'sig')
    t.ok(events.proven({ mac, signature, frame: Buffer.alloc(0) }))
    t.same(world.caused.at(-1), { kind: 'sealed', resumed })
    t.match(world.connection.state, { kind: 'greeting', deadline: 1100, proof: signature })
    t.ok(world.connection.sealed?.signingKey.equals(readSessionKeys(keys).signingKey))
    events.broken('not_opened')
    t.match(world.caused.at(-1), { kind: 'cut', reason: 'record_failed', detail: 'not_opened' })
    t.notOk(events.proven({ mac, signature, frame: Buffer.alloc(0) }), 'once')
  }
})

t.test('a wrong MAC, and a record that is wrong before it, are failures of the handshake', async (t) => {
  const wrong = new World()
  t.notOk(wrong.seal().events.proven({ mac: randomBytes(32), signature: Buffer.alloc(0), frame: Buffer.alloc(0) }))
  t.match(wrong.caused.at(-1), { kind: 'cut', reason: 'handshake_failed' })
  t.equal(wrong.connection.sealed, undefined)
  const broken = new World()
  broken.seal().events.broken('not_base64')
  t.match(broken.caused.at(-1), { kind: 'cut', reason: 'handshake_failed', detail: 'not_base64' })
})

t.test('keys for a connection that waits for none are dropped', async (t) => {
  const world = new World({ state: { kind: 'authenticating' } })
  const message = { kind: 'seal', connection: 7, body: keys, keys, transcriptHash, suite: 1 } as const
  world.handshakes.seal(world.connection, { ...message, thumbprint: '', resumed: false }, 0)
  t.same(world.channel.calls, [])
})

t.test('a signature beside a ticket, which nobody would check, is refused', async (t) => {
  for (const [resumed, bytes, isProven] of [
    [true, 0, true],
    [true, 1, false],
    [true, 256, false],
    [false, 256, true],
  ] as const) {
    const world = new World()
    const { events } = world.seal(resumed)
    const mac = macOf(readSessionKeys(keys).clientFinishKey, transcriptHash)
    t.equal(events.proven({ mac, signature: Buffer.alloc(bytes), frame: Buffer.from('f') }), isProven)
    if (!isProven) t.match(world.caused.at(-1), { kind: 'cut', reason: 'handshake_failed' })
  }
})
