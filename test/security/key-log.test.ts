import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { signApproval } from '../../src/security/enrolment.ts'
import {
  appendKey,
  emptyKeyLog,
  enrolledKeysMax,
  entryHash,
  extendKeyLog,
  extendsPin,
  type KeyLog,
  type KeyLogClaim,
  type KeyLogEntry,
  verifyKeyLog,
} from '../../src/security/key-log.ts'
import { signedText } from '../../src/security/signed-text.ts'
import { type VectorKey, vectorKey } from '../vectors/vector-files.ts'

const [phone, laptop, tablet, server] = ['alice', 'aliceTablet', 'carol', 'identity'].map(vectorKey) as [
  VectorKey,
  VectorKey,
  VectorKey,
  VectorKey,
]
const time = 1_700_000_000

function enrol(key: VectorKey, approver: VectorKey | 'first' | 'operator', deviceId = 'device'): KeyLogClaim {
  const body = { Kind: 'enrol', Time: time, DeviceId: deviceId, Key: key.jwk } as const
  if (typeof approver === 'string') return { ...body, ApprovedBy: approver, Server: '', Signature: '' }
  const claim = { userId: 'alice', deviceId, serverThumbprint: server.thumbprint, thumbprint: key.thumbprint }
  const Signature = signApproval(approver.privateKey, claim)
  return { ...body, ApprovedBy: approver.thumbprint, Server: server.thumbprint, Signature }
}

function revoke(key: VectorKey, by: string, deviceId = 'device'): KeyLogClaim {
  return { Kind: 'revoke', Time: time, DeviceId: deviceId, Key: key.jwk, ApprovedBy: by, Server: '', Signature: '' }
}

/** A log of claims that must all be possible. */
function logOf(claims: readonly KeyLogClaim[]): { log: KeyLog; entries: KeyLogEntry[] } {
  let log = emptyKeyLog('alice')
  const entries: KeyLogEntry[] = []
  for (const claim of claims) {
    const next = appendKey(log, claim)
    if ('problem' in next) throw new Error(next.problem)
    log = next.log
    entries.push(next.entry)
  }
  return { log, entries }
}

function problemOf(result: object): string {
  return 'problem' in result ? String(result.problem) : 'none'
}

const full = [
  enrol(phone, 'first'),
  enrol(laptop, phone),
  revoke(phone, laptop.thumbprint),
  enrol(tablet, 'operator', 'tablet'),
]

t.test('a log says which keys are enrolled at its end, and which never come back', async (t) => {
  const { log, entries } = logOf(full)
  t.strictSame([...log.keys.keys()], [laptop.thumbprint, tablet.thumbprint])
  t.strictSame([...log.revoked], [phone.thumbprint])
  t.strictSame(log.keys.get(laptop.thumbprint), {
    thumbprint: laptop.thumbprint,
    key: laptop.jwk,
    deviceId: 'device',
    approvedBy: phone.thumbprint,
    enrolled: time,
  })
  t.equal(log.length, 4)
  t.equal(log.beginnings, 1)
  t.strictSame(verifyKeyLog('alice', JSON.parse(JSON.stringify(entries))), { log, extendsPinned: true })
})

t.test('the hash is the one that is written down', async (t) => {
  const [first, second] = logOf(full).entries
  if (first === undefined || second === undefined) throw new Error('no entries')
  const hash = (parts: readonly (string | number)[]): string =>
    createHash('sha256')
      .update(signedText('parley key log v1', ...parts))
      .digest('base64url')
  const zero = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
  t.equal(first.Previous, zero)
  t.equal(first.Hash, hash(['alice', 0, 'enrol', time, 'device', phone.thumbprint, 'first', zero]))
  t.equal(second.Previous, first.Hash)
  t.equal(second.Hash, hash(['alice', 1, 'enrol', time, 'device', laptop.thumbprint, phone.thumbprint, first.Hash]))
})

t.test('a log in pages is the same as in one', async (t) => {
  const { log, entries } = logOf(full)
  for (let cut = 0; cut <= entries.length; cut++) {
    const begun = extendKeyLog(emptyKeyLog('alice'), entries.slice(0, cut))
    if ('problem' in begun) throw new Error(begun.problem)
    t.strictSame(extendKeyLog(begun.log, entries.slice(cut)), { log }, `cut at ${cut}`)
  }
})

t.test('what may not stand in a log is not appended', async (t) => {
  const { log } = logOf(full)
  const stranger = vectorKey('bob')
  const table: readonly [KeyLogClaim, RegExp][] = [
    [enrol(phone, 'operator'), /was revoked/],
    [enrol(laptop, 'operator'), /a second time/],
    [enrol(stranger, 'first'), /first key beside others/],
    [enrol(stranger, phone), /approved by a key that is not enrolled/],
    [enrol(stranger, stranger), /approved by a key that is not enrolled/],
    [{ ...enrol(stranger, laptop), DeviceId: 'other' }, /bad approval/],
    [{ ...enrol(stranger, laptop), Server: phone.thumbprint }, /bad approval/],
    [{ ...enrol(stranger, laptop), Server: '' }, /bad approval/],
    [{ ...enrol(stranger, laptop), Signature: '' }, /bad approval/],
    [{ ...enrol(stranger, laptop), ApprovedBy: tablet.thumbprint }, /bad approval/],
    [{ ...enrol(stranger, laptop), ApprovedBy: 'operator' }, /means nothing/],
    [{ ...enrol(stranger, 'operator'), DeviceId: '\ud800' }, /well-formed/],
    [{ ...enrol(stranger, 'operator'), Time: 1.5 }, /whole/],
    [{ ...enrol(stranger, 'operator'), ApprovedBy: 'me' }, /form/],
    [revoke(stranger, 'operator'), /not enrolled/],
    [revoke(phone, 'operator'), /not enrolled/],
    [revoke(laptop, 'operator', 'other'), /another device/],
    [revoke(laptop, stranger.thumbprint), /in the name of a key that is not enrolled/],
    [revoke(laptop, 'first'), /in the name of a key that is not enrolled/],
    [{ ...revoke(laptop, 'operator'), Signature: 'AAAA' }, /means nothing/],
  ]
  for (const [claim, problem] of table) t.match(problemOf(appendKey(log, claim)), problem)
  t.equal(problemOf(appendKey(log, revoke(laptop, laptop.thumbprint))), 'none', 'a key may revoke itself')
})

t.test('after all are revoked a user may begin anew, and it shows', async (t) => {
  const { log } = logOf([enrol(phone, 'first'), revoke(phone, 'operator'), enrol(laptop, 'first')])
  t.equal(log.beginnings, 2)
  t.strictSame([...log.keys.keys()], [laptop.thumbprint])
})

t.test(`at most ${enrolledKeysMax} keys are enrolled at once`, async (t) => {
  // Any modulus that passes the key rules will do: nobody signs here.
  const base = BigInt(`0x${Buffer.from(phone.jwk.n, 'base64url').toString('hex')}`)
  let log = logOf([enrol(phone, 'first')]).log
  let number = base
  let problem = 'none'
  while (problem === 'none' || /form/.test(problem)) {
    number += 2n
    const n = Buffer.from(number.toString(16), 'hex').toString('base64url')
    const next = appendKey(log, { ...enrol(phone, 'operator'), Key: { kty: 'RSA', n, e: 'AQAB' } })
    problem = problemOf(next)
    if ('log' in next) log = next.log
  }
  t.equal(log.keys.size, enrolledKeysMax)
  t.match(problem, /more than 16 keys/)
})

t.test('a change of any member of any entry is seen', async (t) => {
  const { entries } = logOf(full)
  const others: Record<keyof KeyLogEntry, unknown[]> = {
    Index: [9, '0', -1, 0.5, null],
    Kind: ['enrol', 'revoke', 'other', null],
    Time: [time + 1, String(time), null],
    DeviceId: ['other', null, 7],
    Thumbprint: [vectorKey('bob').thumbprint, '', null],
    Key: [vectorKey('bob').jwk, null, { ...phone.jwk, e: 'AQ' }, { ...phone.jwk, d: 'AA' }],
    ApprovedBy: ['first', 'operator', vectorKey('bob').thumbprint, '', null],
    Server: [vectorKey('bob').thumbprint, '', null, 7],
    Signature: ['', 'AAAA', null],
    Previous: ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE', null, ''],
    Hash: ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE', null, ''],
  }
  for (const [index, entry] of entries.entries()) {
    for (const [name, values] of Object.entries(others)) {
      for (const value of values) {
        if (JSON.stringify(value) === JSON.stringify(entry[name as keyof KeyLogEntry])) continue
        const changed = entries.with(index, { ...entry, [name]: value } as KeyLogEntry)
        t.not(problemOf(verifyKeyLog('alice', changed)), 'none', `${index} ${name} ${JSON.stringify(value)}`)
      }
      const { [name as keyof KeyLogEntry]: _, ...without } = entry
      t.not(problemOf(verifyKeyLog('alice', entries.with(index, without as KeyLogEntry))), 'none', `without ${name}`)
    }
    t.not(problemOf(verifyKeyLog('alice', entries.with(index, { ...entry, More: 1 } as KeyLogEntry))), 'none')
  }
  t.not(problemOf(verifyKeyLog('bob', entries)), 'none', 'the log of another user')
})

t.test('a new hash over a change breaks the chain, or the pin', async (t) => {
  const { entries, log } = logOf(full)
  const [first] = entries
  if (first === undefined) throw new Error('no entries')
  const changed = { ...first, Time: time + 1 }
  const forged = { ...changed, Hash: entryHash('alice', changed) }
  t.match(problemOf(verifyKeyLog('alice', entries.with(0, forged))), /does not follow/)
  const rewritten = logOf([enrol(vectorKey('bob'), 'first')])
  const pin = { length: 1, head: first.Hash }
  t.match(verifyKeyLog('alice', rewritten.entries, pin), { extendsPinned: false })
  t.match(verifyKeyLog('alice', entries, pin), { extendsPinned: true, log: { head: log.head } })
  t.match(verifyKeyLog('alice', [], pin), { extendsPinned: false }, 'a log that is shorter than it was')
  t.match(verifyKeyLog('alice', entries, { length: 4, head: log.head }), { extendsPinned: true })
  t.match(verifyKeyLog('alice', entries, { length: 5, head: log.head }), { extendsPinned: false })
  t.ok(extendsPin(log, undefined))
})

/** Numbers to claims over the same few keys, most of them impossible at their place. */
const pool = ['alice', 'aliceTablet', 'carol', 'bob'].map(vectorKey)
const action = fc.record({ key: fc.nat(3), by: fc.nat(5), kind: fc.constantFrom('enrol', 'revoke') })

t.test(
  'whatever is asked, a log that was made verifies, keys that were revoked stay so, and every damage is seen',
  async (t) => {
    const check = (actions: { key: number; by: number; kind: string }[], at: number, damage: number): void => {
      let log = emptyKeyLog('alice')
      const entries: KeyLogEntry[] = []
      const gone = new Set<string>()
      for (const { key, by, kind } of actions) {
        const subject = pool[key] ?? phone
        const approver = pool[by] ?? (by === 4 ? 'first' : 'operator')
        const name = typeof approver === 'string' ? approver : approver.thumbprint
        const next = appendKey(log, kind === 'enrol' ? enrol(subject, approver) : revoke(subject, name))
        if ('problem' in next) continue
        log = next.log
        entries.push(next.entry)
        if (kind === 'revoke') gone.add(subject.thumbprint)
        for (const thumbprint of gone) if (log.keys.has(thumbprint)) throw new Error('a revoked key came back')
      }
      const whole = verifyKeyLog('alice', entries)
      if ('problem' in whole || whole.log.head !== log.head) throw new Error('a good log is refused')
      if (entries.length < 2) return
      const index = at % (entries.length - 1)
      const damaged = [
        entries.toSpliced(index, 1),
        entries.toSpliced(index, 2, ...entries.slice(index, index + 2).reverse()),
        entries.toSpliced(index, 0, ...entries.slice(index, index + 1)),
      ][damage]
      if (damaged === undefined || !('problem' in verifyKeyLog('alice', damaged)))
        throw new Error('a damage is not seen')
      const pin = { length: index + 1, head: entries[index]?.Hash ?? '' }
      const cut = verifyKeyLog('alice', entries.slice(0, index), pin)
      if ('problem' in cut || cut.extendsPinned) throw new Error('a cut is not seen')
    }
    fc.assert(fc.property(fc.array(action, { maxLength: 10 }), fc.nat(9), fc.nat(2), check), { numRuns: 100 })
    t.pass()
  },
)
