/**
 * Makes `test/vectors/enrolment.json`: enrolments, approvals, logs of keys, safety numbers, fingerprints. Run:
 * `node build/test/vectors/make-enrolment.js; npx biome format --write test/vectors`. PSS has random salt, so a new run gives other signatures that are as good.
 */
import {
  approvalText,
  type EnrolmentClaim,
  enrolmentText,
  signApproval,
  signEnrolment,
} from '../../src/security/enrolment.ts'
import { fingerprintBlocks } from '../../src/security/fingerprint-blocks.ts'
import {
  appendKey,
  emptyKeyLog,
  entryHash,
  type KeyLogClaim,
  type KeyLogEntry,
  type PinnedKeyLog,
  verifyKeyLog,
} from '../../src/security/key-log.ts'
import { safetyNumber } from '../../src/security/safety-number.ts'
import { signedText } from '../../src/security/signed-text.ts'
import type { EnrolmentCase, EnrolmentVectors, KeyLogCase } from './enrolment-vectors.ts'
import { type VectorKey, vectorFile, vectorKey, writeVectors } from './vector-files.ts'

const phone = vectorKey('alice')
const tablet = vectorKey('aliceTablet')
const stranger = vectorKey('bob')
const server = vectorKey('identity').thumbprint
const time = 1_700_000_000

const claim: EnrolmentClaim = {
  userId: 'alice',
  deviceId: 'phone',
  serverThumbprint: server,
  thumbprint: phone.thumbprint,
  nonce: Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64url'),
}
const tabletClaim: EnrolmentClaim = { ...claim, deviceId: 'tablet', thumbprint: tablet.thumbprint }

function enrolmentCase(
  name: string,
  key: string,
  signature: string,
  of: EnrolmentClaim,
  valid: boolean,
): EnrolmentCase {
  const text = enrolmentText(of).toString('hex')
  return { name, valid, key, ...wireOf(of), Nonce: of.nonce, text, signature }
}

function approvalCase(name: string, key: string, signature: string, of: EnrolmentClaim, valid: boolean): EnrolmentCase {
  return { name, valid, key, ...wireOf(of), text: approvalText(of).toString('hex'), signature }
}

function wireOf({
  userId,
  deviceId,
  serverThumbprint,
  thumbprint,
}: EnrolmentClaim): Omit<EnrolmentCase, 'name' | 'valid' | 'key' | 'Nonce' | 'text' | 'signature'> {
  return { UserId: userId, DeviceId: deviceId, Server: serverThumbprint, Thumbprint: thumbprint }
}

function enrolments(): EnrolmentCase[] {
  const good = signEnrolment(phone.privateKey, claim)
  const chinese = { ...claim, userId: '李雷', deviceId: '手机' }
  const bad = (name: string, change: Partial<EnrolmentClaim>): EnrolmentCase =>
    enrolmentCase(name, 'alice', good, { ...claim, ...change }, false)
  return [
    enrolmentCase('a key for a user', 'alice', good, claim, true),
    enrolmentCase('Chinese names', 'alice', signEnrolment(phone.privateKey, chinese), chinese, true),
    bad('for another user', { userId: 'bob' }),
    bad('for another device', { deviceId: 'tablet' }),
    bad('for another server', { serverThumbprint: stranger.thumbprint }),
    bad('for another session', { nonce: Buffer.alloc(32, 9).toString('base64url') }),
    bad('for another key', { thumbprint: tablet.thumbprint }),
    enrolmentCase('under another key', 'bob', good, claim, false),
    enrolmentCase('an approval in its place', 'alice', signApproval(phone.privateKey, claim), claim, false),
  ]
}

function approvals(): EnrolmentCase[] {
  const good = signApproval(phone.privateKey, tabletClaim)
  const bad = (name: string, change: Partial<EnrolmentClaim>): EnrolmentCase =>
    approvalCase(name, 'alice', good, { ...tabletClaim, ...change }, false)
  return [
    approvalCase('a tablet by a phone', 'alice', good, tabletClaim, true),
    bad('for another user', { userId: 'bob' }),
    bad('for another device', { deviceId: 'phone' }),
    bad('for another server', { serverThumbprint: stranger.thumbprint }),
    bad('for another key', { thumbprint: stranger.thumbprint }),
    approvalCase('under another key', 'bob', good, tabletClaim, false),
    approvalCase('an enrolment in its place', 'alice', signEnrolment(phone.privateKey, claim), claim, false),
  ]
}

function enrol(key: VectorKey, deviceId: string, approver: VectorKey | 'first' | 'operator'): KeyLogClaim {
  const body = { Kind: 'enrol', Time: time, DeviceId: deviceId, Key: key.jwk } as const
  if (typeof approver === 'string') return { ...body, ApprovedBy: approver, Server: '', Signature: '' }
  const of = { userId: 'alice', deviceId, serverThumbprint: server, thumbprint: key.thumbprint }
  return { ...body, ApprovedBy: approver.thumbprint, Server: server, Signature: signApproval(approver.privateKey, of) }
}

function revoke(key: VectorKey, deviceId: string, by: string): KeyLogClaim {
  const body = { Kind: 'revoke', Time: time + 60, DeviceId: deviceId, Key: key.jwk } as const
  return { ...body, ApprovedBy: by, Server: '', Signature: '' }
}

function entriesOf(claims: readonly KeyLogClaim[]): KeyLogEntry[] {
  let log = emptyKeyLog('alice')
  return claims.map((made) => {
    const next = appendKey(log, made)
    if ('problem' in next) throw new Error(next.problem)
    log = next.log
    return next.entry
  })
}

/** Entries as a dishonest server might make them: each with the right chain and hash, whatever it says. */
function chained(entries: readonly KeyLogEntry[]): KeyLogEntry[] {
  let previous = Buffer.alloc(32).toString('base64url')
  return entries.map((entry, index) => {
    const moved = { ...entry, Index: index, Previous: previous }
    previous = entryHash('alice', moved)
    return { ...moved, Hash: previous }
  })
}

function logCase(name: string, valid: boolean, entries: readonly KeyLogEntry[], pinned?: PinnedKeyLog): KeyLogCase {
  const read = verifyKeyLog('alice', entries, pinned)
  if ('log' in read !== valid) throw new Error(`${name}: ${JSON.stringify(read)}`)
  const made = { name, valid, UserId: 'alice', entries, ...(pinned === undefined ? {} : { pinned }) }
  if ('problem' in read) return made
  const { log, extendsPinned } = read
  const { head, keys, revoked, beginnings } = log
  return { ...made, result: { extendsPinned, head, enrolled: [...keys.keys()], revoked: [...revoked], beginnings } }
}

const claims = [
  enrol(phone, 'phone', 'first'),
  enrol(tablet, 'tablet', phone),
  revoke(phone, 'phone', tablet.thumbprint),
]
const entries = entriesOf(claims)

function at(index: number): KeyLogEntry {
  const entry = entries[index]
  if (entry === undefined) throw new Error('the log is too short')
  return entry
}

function keyLogs(): KeyLogCase[] {
  const { Hash: head } = at(1)
  const rewritten = entriesOf([enrol(stranger, 'phone', 'first')])
  const byStranger = { ...at(1), ApprovedBy: stranger.thumbprint }
  const wrongKey = { ...at(1), Thumbprint: stranger.thumbprint, Key: stranger.jwk }
  const again = entriesOf([...claims, revoke(tablet, 'tablet', 'operator'), enrol(stranger, 'new', 'first')])
  return [
    logCase('empty', true, []),
    logCase('first key, second device, first one revoked', true, entries),
    logCase('extends what was remembered', true, entries, { length: 2, head }),
    logCase('is what was remembered', true, entries.slice(0, 2), { length: 2, head }),
    logCase('all revoked, begun anew', true, again),
    logCase('shorter than what was remembered', true, entries.slice(0, 1), { length: 2, head }),
    logCase('another one than was remembered', true, rewritten, { length: 1, head: at(0).Hash }),
    logCase('the first entry is missing', false, entries.slice(1)),
    logCase('an entry is missing', false, [at(0), at(2)]),
    logCase('two entries are swapped', false, [at(0), at(2), at(1)]),
    logCase('an entry twice', false, [at(0), at(0)]),
    logCase('another time under the old hash', false, [{ ...at(0), Time: time + 1 }]),
    logCase("the log under another user's name", false, relabelled()),
    logCase('a first key beside another', false, chained([at(0), { ...at(1), ...unsigned('first') }])),
    logCase('approved by a key that is not enrolled', false, chained([at(0), byStranger])),
    logCase('the approval is for another key', false, chained([at(0), wrongKey])),
    logCase('the approval is missing', false, chained([at(0), { ...at(1), Signature: '' }])),
    logCase('a revoked key comes back', false, chained([...entries, { ...at(0), ApprovedBy: 'operator' }])),
    logCase('a key that is not enrolled is revoked', false, chained([at(2)])),
    logCase('a thumbprint of another key', false, chained([{ ...at(0), Thumbprint: tablet.thumbprint }])),
  ]
}

function unsigned(approvedBy: string): Pick<KeyLogEntry, 'ApprovedBy' | 'Server' | 'Signature'> {
  return { ApprovedBy: approvedBy, Server: '', Signature: '' }
}

/** The entries of alice with hashes as if they were bob's. */
function relabelled(): KeyLogEntry[] {
  return [{ ...at(0), Hash: entryHash('bob', at(0)) }]
}

const sides = [
  { userId: 'alice', thumbprints: [phone.thumbprint, tablet.thumbprint] },
  { userId: 'bob', thumbprints: [stranger.thumbprint] },
  { userId: '李雷', thumbprints: [vectorKey('carol').thumbprint] },
] as const

const vectors: EnrolmentVectors = {
  description:
    'Enrolments and approvals of keys, logs of keys, safety numbers and fingerprints. Keys are in keys.json; "text" is the exact text under a ' +
    'signature or hash, as hex. A case with "valid": false must be refused. A valid log with "extendsPinned": false is right in itself but not the ' +
    'one that was remembered.',
  enrolments: enrolments(),
  approvals: approvals(),
  hashedTexts: entries.map(({ Index, Kind, Time, DeviceId, Thumbprint, ApprovedBy, Previous, Hash }) => {
    const parts = [Index, Kind, Time, DeviceId, Thumbprint, ApprovedBy, Previous]
    return { text: signedText('parley key log v1', 'alice', ...parts).toString('hex'), Hash }
  }),
  keyLogs: keyLogs(),
  safetyNumbers: [
    { users: [sides[0], sides[1]], number: safetyNumber(sides[0], sides[1]) },
    { users: [sides[1], sides[0]], number: safetyNumber(sides[1], sides[0]) },
    { users: [sides[2], sides[1]], number: safetyNumber(sides[2], sides[1]) },
  ],
  fingerprints: [phone.thumbprint, tablet.thumbprint, Buffer.alloc(32).toString('base64url')].map((thumbprint) => ({
    thumbprint,
    blocks: fingerprintBlocks(thumbprint),
  })),
}

writeVectors(vectorFile('enrolment'), vectors)
