import { generateKeyPairSync, randomBytes } from 'node:crypto'
import Database from 'libsql'
import t from 'tap'
import type { KeyLogEntry, NewDeviceKey } from '../../src/mailbox/store-messages.ts'
import { signApproval } from '../../src/security/enrolment.ts'
import { publicJwkOf, thumbprintOf } from '../../src/security/jwk.ts'
import { verifyKeyLog } from '../../src/security/key-log.ts'
import { Accounts } from '../../src/store/accounts.ts'
import { DeviceKeys } from '../../src/store/device-keys.ts'
import { migrate } from '../../src/store/schema.ts'

const server = `${'S'.repeat(42)}A`
const pairs = Array.from({ length: 4 }, () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)

class World {
  now = 1_700_000_000_000
  readonly keys: DeviceKeys
  readonly accounts: Accounts

  constructor(limits = { enrolledMax: 3, everMax: 4 }) {
    const database = new Database(':memory:')
    migrate(database, ':memory:')
    const now = (): number => this.now
    this.keys = new DeviceKeys({ database, now, limits })
    this.accounts = new Accounts({ database, now, random: randomBytes, keysOf: (userId) => this.keys.keysOf(userId) })
    this.accounts.addAccount({ userId: 'amy', passwordHash: 'hash', role: 'user' })
  }

  log(): KeyLogEntry[] {
    return [...this.keys.readKeyLog({ userId: 'amy', from: 0, limit: 64 }).entries]
  }
}

function pairNumber(index: number): { privateKey: (typeof pairs)[number]; thumbprint: string } {
  const privateKey = pairs[index]
  if (privateKey === undefined) throw new Error('there are fewer pairs')
  return { privateKey, thumbprint: thumbprintOf(publicJwkOf(privateKey)) }
}

/** The nth key, approved by another one where that is given as a number. */
function keyNumber(index: number, approvedBy: 'first' | 'operator' | number = 'first'): NewDeviceKey {
  const { privateKey, thumbprint } = pairNumber(index)
  const plain = { userId: 'amy', thumbprint, key: publicJwkOf(privateKey), deviceId: `d${index}` }
  if (typeof approvedBy === 'string') return { ...plain, approvedBy, server: '', signature: '' }
  const approver = pairNumber(approvedBy)
  const claim = { userId: 'amy', deviceId: plain.deviceId, serverThumbprint: server, thumbprint }
  const signature = signApproval(approver.privateKey, claim)
  return { ...plain, approvedBy: approver.thumbprint, server, signature }
}

t.test('the first key needs nobody, the next one somebody', async (t) => {
  const { keys, accounts } = new World()
  t.match(keys.enrolKey(keyNumber(0)), { approvedBy: 'first', revokedAt: undefined })
  t.match(keys.enrolKey(keyNumber(0, 'operator')), { approvedBy: 'first' }, 'enrolled once')
  t.throws(() => keys.enrolKey(keyNumber(1)), { code: 'approval_required' })
  t.throws(() => keys.enrolKey(keyNumber(1, 2)), { code: 'key_refused' }, 'not by a key that is not enrolled')
  t.match(keys.enrolKey(keyNumber(1, 0)), { deviceId: 'd1' })
  t.match(keys.enrolKey(keyNumber(2, 'operator')), { approvedBy: 'operator' })
  t.same(
    accounts.findAccount({ userId: 'amy' })?.keys.map(({ revoked }) => revoked),
    [false, false, false],
  )
  t.throws(() => keys.enrolKey({ ...keyNumber(3), userId: 'nobody' }), { code: 'user_unknown' })
})

t.test('a revoked key never comes back, and vouches for nobody', async (t) => {
  const { keys } = new World()
  keys.enrolKey(keyNumber(0))
  keys.enrolKey(keyNumber(1, 0))
  const { thumbprint } = pairNumber(0)
  t.match(keys.revokeKey({ userId: 'amy', thumbprint, by: pairNumber(1).thumbprint }), { revokedAt: Number })
  t.throws(() => keys.revokeKey({ userId: 'amy', thumbprint, by: 'operator' }), { code: 'key_unknown' })
  t.throws(() => keys.enrolKey(keyNumber(0, 1)), { code: 'key_refused' })
  t.throws(() => keys.enrolKey(keyNumber(2, 0)), { code: 'key_refused' })
  t.strictSame(
    keys
      .keysOf('amy')
      .filter(({ revoked }) => revoked)
      .map((key) => key.thumbprint),
    [thumbprint],
  )
})

t.test('a user has so many keys at once, and so many ever', async (t) => {
  const few = new World({ enrolledMax: 1, everMax: 9 })
  few.keys.enrolKey(keyNumber(0))
  t.throws(() => few.keys.enrolKey(keyNumber(1, 0)), { code: 'key_refused', message: /1 enrolled keys/ })
  const old = new World({ enrolledMax: 9, everMax: 1 })
  old.keys.enrolKey(keyNumber(0))
  old.keys.revokeKey({ userId: 'amy', thumbprint: pairNumber(0).thumbprint, by: 'operator' })
  t.throws(() => old.keys.enrolKey(keyNumber(1, 'operator')), { code: 'key_refused', message: /had 1 keys/ })
})

t.test('after a reset the next key is a first one, once', async (t) => {
  const { keys } = new World()
  keys.enrolKey(keyNumber(0))
  t.match(keys.resetKeys({ userId: 'amy' }), [{ deviceId: 'd0', revokedAt: Number }])
  t.match(keys.enrolKey(keyNumber(1)), { approvedBy: 'first' })
  keys.revokeKey({ userId: 'amy', thumbprint: pairNumber(1).thumbprint, by: 'operator' })
  t.throws(() => keys.enrolKey(keyNumber(2)), { code: 'approval_required' }, 'not without another reset')
})

t.test('the log is one that a client accepts, whatever happened', async (t) => {
  const world = new World()
  const { keys } = world
  keys.enrolKey(keyNumber(0))
  // A clock that goes back does not make the log go back.
  world.now -= 10_000_000
  keys.enrolKey(keyNumber(1, 0))
  keys.revokeKey({ userId: 'amy', thumbprint: pairNumber(1).thumbprint, by: `${'B'.repeat(42)}A` })
  keys.enrolKey(keyNumber(2, 'operator'))
  keys.forgetUser('amy')
  const entries = world.log().map((entry) => ({
    Index: entry.index,
    Kind: entry.kind,
    Time: entry.time,
    DeviceId: entry.deviceId,
    Thumbprint: entry.thumbprint,
    Key: entry.key,
    ApprovedBy: entry.approvedBy,
    Server: entry.server,
    Signature: entry.signature,
    Previous: entry.previous,
    Hash: entry.hash,
  }))
  const verified = verifyKeyLog('amy', entries)
  if ('problem' in verified) throw new Error(verified.problem)
  t.equal(verified.log.length, 6)
  t.equal(verified.log.keys.size, 0)
  t.strictSame(
    entries.map(({ Time }) => Time),
    entries.map(() => 1_700_000_000),
  )
  t.equal(entries[2]?.ApprovedBy, pairNumber(1).thumbprint, 'in its own name, since who asked has no enrolled key')
})

t.test('the log is read in pages', async (t) => {
  const { keys } = new World()
  for (const index of [0, 1, 2]) keys.enrolKey(keyNumber(index, index === 0 ? 'first' : 'operator'))
  const page = keys.readKeyLog({ userId: 'amy', from: 1, limit: 1 })
  t.match(page, { entries: [{ index: 1 }], more: true })
  t.match(keys.readKeyLog({ userId: 'amy', from: 2, limit: 1e9 }), { entries: [{ index: 2 }], more: false })
  t.match(keys.readKeyLog({ userId: 'amy', from: 9, limit: 1 }), { entries: [], more: false })
  t.throws(() => keys.readKeyLog({ userId: 'nobody', from: 0, limit: 1 }), { code: 'user_unknown' })
  t.throws(() => keys.listKeys({ userId: 'nobody' }), { code: 'user_unknown' })
})

t.test('policies are set one by one', async (t) => {
  const { accounts } = new World()
  const policies = { signedOnly: false, endToEnd: 'allow' }
  t.strictSame(accounts.setPolicies({ userId: 'amy' }), policies)
  t.strictSame(accounts.setPolicies({ userId: 'amy', signedOnly: true }), { ...policies, signedOnly: true })
  t.strictSame(accounts.setPolicies({ userId: 'amy', endToEnd: 'refuse' }), { signedOnly: true, endToEnd: 'refuse' })
  t.strictSame(accounts.findAccount({ userId: 'amy' })?.policies, { signedOnly: true, endToEnd: 'refuse' })
  t.throws(() => accounts.setPolicies({ userId: 'nobody' }), { code: 'user_unknown' })
})
