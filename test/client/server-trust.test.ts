import { join } from 'node:path'
import t from 'tap'
import { MemoryKnownHosts } from '../../src/client/known-hosts.ts'
import type { SealOptions } from '../../src/client/sealing-options.ts'
import { ServerTrust } from '../../src/client/server-trust.ts'
import { fingerprintBlocks } from '../../src/security/fingerprint-blocks.ts'
import type { Offer } from '../../src/security/offer.ts'

const one = 'A'.repeat(43)
const two = 'E'.repeat(43)

function offer(identityThumbprint: string, ...olderIdentities: string[]): Offer {
  return { identityThumbprint, olderIdentities } as unknown as Offer
}

function trust(options: SealOptions): ServerTrust {
  return new ServerTrust('a:1', { knownHosts: new MemoryKnownHosts(), ...options })
}

t.test('a pin may be a thumbprint or blocks; what is neither is refused', async (t) => {
  for (const pin of [one, fingerprintBlocks(one), [two, one]]) await trust({ pin }).judge(offer(one))
  for (const pin of ['', 'abc', `${one}=`, [], [one, 'abc']]) t.throws(() => trust({ pin }), { code: 'bad_argument' })
})

t.test('a pin goes before what is known', async (t) => {
  const knownHosts = new MemoryKnownHosts()
  knownHosts.save('a:1', two)
  await trust({ pin: one, knownHosts }).judge(offer(one))
  await t.rejects(trust({ pin: one, knownHosts }).judge(offer(two)), { code: 'pin_mismatch' })
  t.equal(knownHosts.find('a:1'), two)
})

t.test('a key is remembered when the server has shown that it has it, not before', async (t) => {
  const knownHosts = new MemoryKnownHosts()
  const trusted = await trust({ knownHosts }).judge(offer(one))
  t.equal(knownHosts.find('a:1'), undefined)
  await trusted.keep()
  t.equal(knownHosts.find('a:1'), one)
  await t.rejects(trust({ knownHosts }).judge(offer(two)), { code: 'pin_mismatch' })
  const rotated = await trust({ knownHosts }).judge(offer(two, one))
  await rotated.keep()
  t.equal(knownHosts.find('a:1'), two)
})

t.test('known hosts that can’t be read are no unknown host', async (t) => {
  const knownHosts = join(t.testdir({ folder: {} }), 'folder')
  await t.rejects(trust({ knownHosts }).judge(offer(one)), { code: 'sealing_unavailable' })
})

t.test('who wants to be asked is asked, and not passed over', async (t) => {
  const shown: unknown[] = []
  const asking = trust({ onFirstUse: (key) => shown.push(key) === 2 })
  t.equal(await asking.mustAsk(), true)
  await t.rejects(asking.judge(offer(one)), { code: 'pin_mismatch' })
  await t.rejects(asking.ask(offer(one)), { code: 'pin_mismatch' })
  await asking.ask(offer(one))
  t.strictSame(shown[0], { server: 'a:1', thumbprint: one, blocks: fingerprintBlocks(one) })
  t.equal(await asking.mustAsk(), false)
  await asking.judge(offer(one))
})
