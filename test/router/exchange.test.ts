import t from 'tap'
import type { KeyExchangeVerdict } from '../../src/router/events.ts'
import { accepted, ofKind, RouterWorld, saidTo } from './router-world.ts'

const keys = Uint8Array.from({ length: 320 }, (_, index) => index % 251)
const good: Extract<KeyExchangeVerdict, { ok: true }> = {
  ok: true,
  body: Uint8Array.of(3),
  keys,
  transcriptHash: Uint8Array.of(7),
  suite: 1,
  thumbprint: 'print',
  clientKey: { kty: 'RSA', n: 'n', e: 'AQAB' },
  resumed: undefined,
}
const login = { UserId: 'amy', Password: 'x', DeviceId: 'phone' }

class SealedWorld extends RouterWorld {
  exchange(connection = 1) {
    return this.step({
      kind: 'exchangeKeys',
      connection,
      address: '192.0.2.1',
      offer: 4,
      nonce: 'nonce',
      offerTime: 1000,
      offerCallbackId: '"c"',
      terminalBody: Uint8Array.of(2),
    })
  }

  exchanged(verdict: KeyExchangeVerdict, connection = 1) {
    return this.step({ kind: 'keysExchanged', connection, verdict })
  }

  prove(proof: Uint8Array | undefined, content: object = login, connection = 1) {
    const text = JSON.stringify(content)
    const message = { connection, address: '192.0.2.1', callbackId: 'c', content: text, proof }
    return this.step({ kind: 'authenticate', ...message })
  }

  /** With keys, and nothing else. */
  static sealed(verdict: KeyExchangeVerdict = good): SealedWorld {
    const world = new SealedWorld()
    world.exchange()
    world.exchanged(verdict)
    return world
  }
}

t.test('frames of a handshake are handed on, and the keys go to the acceptor', async (t) => {
  const world = new SealedWorld()
  t.same(world.exchange(), [
    {
      kind: 'exchangeKeys',
      connection: 1,
      attempt: { offer: 4, nonce: 'nonce', offerTime: 1000, offerCallbackId: '"c"', terminalBody: Uint8Array.of(2) },
    },
  ])
  t.same(world.exchange(), [], 'once')
  const { ok: _ok, clientKey: _key, resumed: _resumed, ...sealed } = good
  t.same(world.exchanged(good), [
    { kind: 'send', connection: 1, message: { kind: 'seal', connection: 1, ...sealed, resumed: false } },
  ])
  t.match(world.state.peers.get(1), {
    kind: 'sealed',
    identity: { thumbprint: 'print', nonce: 'nonce', resumptionSecret: keys.slice(256, 288) },
  })
})

t.test('a client that broke the rules is cut, and one that came too late is told', async (t) => {
  const world = new SealedWorld()
  world.exchange()
  t.same(world.exchanged({ ok: false, code: 'refused', detail: 'why' }), [
    { kind: 'send', connection: 1, message: { kind: 'cut', connection: 1, detail: 'why' } },
  ])
  world.exchange(2)
  t.match(world.exchanged({ ok: false, code: 'server_busy' }, 2), [
    { kind: 'send', connection: 2, message: { kind: 'close', reason: 'server_busy' } },
  ])
  t.equal(world.state.peers.size, 0)
})

t.test('whoever goes while keys are computed is forgotten', async (t) => {
  const world = new SealedWorld()
  world.exchange()
  t.same(world.closed(1), [{ kind: 'cancelExchange', connection: 1 }])
  t.same(world.exchanged(good), [])
  const sealed = SealedWorld.sealed()
  t.same(sealed.closed(1), [])
  t.equal(sealed.state.peers.size, 0)
})

t.test('a login takes along what the handshake has established', async (t) => {
  const world = SealedWorld.sealed()
  const proof = Uint8Array.of(9)
  const [effect] = ofKind(world.prove(proof), 'login')
  t.match(effect?.attempt, {
    userId: 'amy',
    thumbprint: 'print',
    sealed: { suite: 1, clientKey: good.clientKey, transcriptHash: good.transcriptHash, proof, deviceId: 'phone' },
  })
  const ticket = { text: 'ticket', expires: 5 }
  const verdict = accepted('amy')
  const effects = world.verdict(1, { ...verdict, ticket } as typeof verdict)
  t.match(saidTo(effects, 1), [{ type: 'AuthResponse', content: { Ticket: 'ticket', TicketExpires: 5 } }])
  t.match(world.state.peers.get(1), { kind: 'session', sealed: { thumbprint: 'print', nonce: 'nonce' } })
})

t.test('after a failed login the connection stays sealed, and its proof is kept', async (t) => {
  const world = SealedWorld.sealed()
  const proof = Uint8Array.of(9)
  world.prove(proof)
  world.verdict(1, { ok: false, code: 'auth_failed', message: 'no' })
  t.match(world.state.peers.get(1), { kind: 'sealed' })
  t.match(ofKind(world.prove(undefined), 'login')[0]?.attempt.sealed, { proof })
})

t.test('a client that does not have its key is cut without an answer', async (t) => {
  const world = SealedWorld.sealed()
  world.prove(Uint8Array.of(9))
  const effects = world.verdict(1, { ok: false, code: 'bad_signature', message: 'no' })
  t.same(saidTo(effects, 1), [])
  t.match(ofKind(effects, 'send'), [{ message: { kind: 'cut', connection: 1 } }])
  t.match(ofKind(effects, 'observed'), [{ name: 'loginFailed', detail: 'bad_signature' }])
  t.equal(world.state.peers.size, 0)
})

t.test('who comes back with a ticket is known by it', async (t) => {
  const resumed = { user: 'amy', device: 'phone', role: 'user', generation: 1, expires: 9 }
  const world = SealedWorld.sealed({ ...good, clientKey: undefined, resumed })
  t.match(ofKind(world.prove(new Uint8Array(0), { UserId: 'amy' }), 'login')[0]?.attempt, { sealed: { resumed } })
})
