import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { KeyOffer } from '../../src/mailbox/acceptor-messages.ts'
import { followRotations, isCertified } from '../../src/security/handshake-keys.ts'
import { offerWriter, readOffer } from '../../src/security/offer.ts'
import { type KeyEvent, KeyKeeper } from '../../src/server/key-keeper.ts'
import { putServerKeys } from '../system/support/server-keys.ts'

const lives = { handshakeSeconds: 3000, handshakeRenewSeconds: 1500, handshakeGraceSeconds: 240, ticketKeySeconds: 100 }

/** A keeper whose clock is the test's. */
class Kept {
  now = Math.floor(Date.now() / 1000)
  readonly dataDir = mkdtempSync(join(tmpdir(), 'parley-keeper-'))
  readonly events: KeyEvent[] = []
  readonly offers: KeyOffer[] = []

  constructor(t: Test) {
    t.teardown(() => rmSync(this.dataDir, { recursive: true, force: true }))
  }

  async open(suites: readonly number[] = [1, 2]): Promise<KeyKeeper> {
    const keeper = await KeyKeeper.open({
      dataDir: this.dataDir,
      suites,
      ticketTtlSeconds: 200,
      lives,
      now: () => this.now * 1000,
      onEvent: (event) => this.events.push(event),
    })
    keeper.keep(3_600_000, (offer) => this.offers.push(offer))
    return keeper
  }

  names(): string[] {
    return this.events.map(({ name }) => name)
  }
}

t.test('keys are made once, and offers are such that a client takes them', async (t) => {
  const kept = new Kept(t)
  const keeper = await kept.open()
  t.same(kept.names(), ['identityMade', 'ticketKeyMade'])
  const read = readOffer(offerWriter(keeper.offer)({ nonce: new Uint8Array(32), now: kept.now }), kept.now)
  t.match(read, { ok: true, offer: { identityThumbprint: keeper.thumbprint, suites: [1, 2] } })
  t.ok(keeper.offered(keeper.offer.id)?.handshakeKey)
  t.equal(keeper.offered(99), undefined)
  t.equal(keeper.ticketKeys().length, 1)
  const again = await kept.open()
  t.equal(again.thumbprint, keeper.thumbprint)
  t.same(again.offer.certificate.key, keeper.offer.certificate.key)
  t.same(kept.names(), ['identityMade', 'ticketKeyMade'], 'nothing new')
  t.same(readdirSync(join(kept.dataDir, 'keys')).length, 3)
  keeper.stop()
})

t.test('suite 3 has a certificate of its own kind', async (t) => {
  const kept = new Kept(t)
  await putServerKeys(kept.dataDir)
  const { identity, certificate } = (await kept.open([1, 2, 3])).offer
  t.ok(isCertified(identity, certificate, 'RS256'))
  t.equal((await kept.open()).offer.certificate.signatureRs256, undefined)
})

t.test('a handshake key is renewed in a running server, and the one before answers for a while', async (t) => {
  const kept = new Kept(t)
  const keeper = await kept.open()
  const first = keeper.offer
  kept.now += lives.handshakeRenewSeconds - 1
  await keeper.renew()
  t.equal(keeper.offer, first)
  kept.now += 1
  await keeper.renew()
  t.not(keeper.offer.id, first.id)
  t.same(kept.offers, [keeper.offer])
  t.notSame(keeper.offer.certificate.key, first.certificate.key)
  t.same(keeper.offer.identity, first.identity)
  t.ok(keeper.offered(first.id))
  kept.now += lives.handshakeGraceSeconds
  await keeper.renew()
  t.equal(keeper.offered(first.id), undefined)
  t.ok(keeper.offered(keeper.offer.id))
  t.ok(kept.names().includes('handshakeKeyMade'))
})

t.test('one that is due at the start is renewed before anybody is offered it', async (t) => {
  const kept = new Kept(t)
  const first = (await kept.open()).offer
  kept.now += lives.handshakeRenewSeconds
  t.notSame((await kept.open()).offer.certificate.key, first.certificate.key)
})

t.test('tickets are made under a new key in time, and old ones open as long as they may', async (t) => {
  const kept = new Kept(t)
  const keeper = await kept.open()
  const [first] = keeper.ticketKeys()
  t.equal(keeper.ticketKeys(), keeper.ticketKeys(), 'the same list until it changes')
  kept.now += lives.ticketKeySeconds
  await keeper.renew()
  t.equal(keeper.ticketKeys()[1], first)
  t.equal((await kept.open()).ticketKeys().length, 2, 'also after a restart')
  kept.now += 200
  await keeper.renew()
  t.notOk(keeper.ticketKeys().includes(first as never), 'no ticket under it can be good any more')
})

t.test('an identity is rotated in a running server', async (t) => {
  const kept = new Kept(t)
  const keeper = await kept.open()
  const before = keeper.show()
  const after = await keeper.rotateIdentity()
  t.not(after.identity, before.identity)
  t.match(after, { rotations: [{ thumbprint: before.identity, time: kept.now }] })
  t.same(after.handshake, before.handshake, 'the handshake key stays, signed anew')
  t.same(followRotations(keeper.thumbprint, keeper.offer.rotations), [before.identity])
  t.ok(isCertified(keeper.offer.identity, keeper.offer.certificate))
  t.same(kept.offers, [keeper.offer])
  t.same((await kept.open()).show(), after)
})

t.test('a renewal that fails is told, and tried again', async (t) => {
  const kept = new Kept(t)
  const keeper = await kept.open()
  rmSync(join(kept.dataDir, 'keys'), { recursive: true })
  kept.now += lives.ticketKeySeconds
  await keeper.renew()
  t.match(kept.events.at(-1), { name: 'keyRenewalFailed' })
  t.equal(keeper.ticketKeys().length, 1)
})
