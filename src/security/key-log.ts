/**
 * The log of a user's keys: each entry enrols or revokes one and is chained by a hash to the one before, so that whoever
 * remembers the last hash notices a history that was changed. The server keeps it; clients read it in pages, check every
 * entry and remember where they are.
 */
import { createHash } from 'node:crypto'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { verifyApproval } from './enrolment.ts'
import { hasExactly } from './exact-members.ts'
import { importPublicKey, isThumbprint, type RsaPublicJwk, readPublicJwk, thumbprintOf } from './jwk.ts'
import { signedText } from './signed-text.ts'

/** An entry, as it stands on the wire. */
export interface KeyLogEntry {
  /** 0 for the first, then one more each. */
  readonly Index: number
  readonly Kind: 'enrol' | 'revoke'
  /** Unix time in seconds. */
  readonly Time: number
  readonly DeviceId: string
  readonly Thumbprint: string
  readonly Key: RsaPublicJwk
  /** Who let it in, or took it out: an enrolled key's thumbprint, an operator, or nobody, since it was the first. */
  readonly ApprovedBy: string
  /** Thumbprint of the server's identity key for which the approval was signed; empty without one. */
  readonly Server: string
  /** The approval by an enrolled key; empty for first keys, operators, and revocations. */
  readonly Signature: string
  /** The hash of the entry before; 32 zero bytes for the first. */
  readonly Previous: string
  readonly Hash: string
}

/** A key that is enrolled now. */
export interface EnrolledKey {
  readonly thumbprint: string
  readonly key: RsaPublicJwk
  readonly deviceId: string
  readonly approvedBy: string
  /** Unix time in seconds. */
  readonly enrolled: number
}

/** A user's log up to some entry, checked. */
export interface KeyLog {
  readonly userId: string
  /** Entries so far: the index of the next. */
  readonly length: number
  /** Hash of the last entry. To remember a log, remember this and the length. */
  readonly head: string
  /** The keys that are enrolled, by thumbprint. */
  readonly keys: ReadonlyMap<string, EnrolledKey>
  /** Thumbprints that were revoked and never come back. */
  readonly revoked: ReadonlySet<string>
  /** How often a first key was enrolled: more than once means that an operator let the user begin anew. */
  readonly beginnings: number
}

/** What makes an entry, without what follows from it. */
export type KeyLogClaim = Omit<KeyLogEntry, 'Previous' | 'Hash' | 'Index' | 'Thumbprint'>

/** What a client remembers of a log. */
export interface PinnedKeyLog {
  readonly length: number
  readonly head: string
}

/** `ApprovedBy` of a key without another one to vouch for it. */
export const firstKey = 'first'
/** `ApprovedBy` where an operator decided. */
export const operator = 'operator'
/** Keys that a user may have enrolled at once. */
export const enrolledKeysMax = 16

const context = 'parley key log v1'
const hashBytes = 32
const noHash = encodeBase64Url(Buffer.alloc(hashBytes))
const members = [
  'Index',
  'Kind',
  'Time',
  'DeviceId',
  'Thumbprint',
  'Key',
  'ApprovedBy',
  'Server',
  'Signature',
  'Previous',
  'Hash',
] as const

/** The log of a user before its first entry. */
export function emptyKeyLog(userId: string): KeyLog {
  return { userId, length: 0, head: noHash, keys: new Map(), revoked: new Set(), beginnings: 0 }
}

/**
 * The hash of an entry, as its base64url.
 *
 * @throws RangeError for an entry with text that is not well-formed or numbers that are no whole ones
 */
export function entryHash(userId: string, entry: Omit<KeyLogEntry, 'Hash'>): string {
  const { Index, Kind, Time, DeviceId, Thumbprint, ApprovedBy, Previous } = entry
  const text = signedText(context, userId, Index, Kind, Time, DeviceId, Thumbprint, ApprovedBy, Previous)
  return encodeBase64Url(createHash('sha256').update(text).digest())
}

/**
 * Makes the next entry of a log and checks it like a stranger's.
 *
 * @returns the entry and the log with it, or a sentence that says why it can't stand there
 */
export function appendKey(
  log: KeyLog,
  claim: KeyLogClaim,
): { readonly entry: KeyLogEntry; readonly log: KeyLog } | { readonly problem: string } {
  const body = { ...claim, Index: log.length, Thumbprint: thumbprintOf(claim.Key), Previous: log.head }
  try {
    const entry = { ...body, Hash: entryHash(log.userId, body) }
    const extended = extendKeyLog(log, [entry])
    return 'problem' in extended ? extended : { entry, log: extended.log }
  } catch (error) {
    if (error instanceof RangeError) return { problem: error.message }
    throw error
  }
}

/**
 * Checks entries that follow a log: their form, chain, keys and approvals, and that no key comes back.
 *
 * What it can't check is what the server alone knows: that a first key was the user's, and that an operator did decide. And
 * whether `Server` is the server that one talks to is for the caller, who knows its identity and those before.
 *
 * @param entries from the wire
 * @returns the log with them, or a sentence that says what is wrong; then none of them counts
 */
export function extendKeyLog(
  log: KeyLog,
  entries: readonly unknown[],
): { readonly log: KeyLog } | { readonly problem: string } {
  const keys = new Map(log.keys)
  const revoked = new Set(log.revoked)
  let { length, head, beginnings } = log
  for (const value of entries) {
    const entry = readEntry(value)
    if (entry === undefined) return { problem: `entry ${length} does not have the form of one` }
    const problem = chainProblem(log.userId, entry, length, head) ?? keysProblem(log.userId, entry, keys, revoked)
    if (problem !== undefined) return { problem: `entry ${length} ${problem}` }
    if (entry.Kind === 'revoke') {
      keys.delete(entry.Thumbprint)
      revoked.add(entry.Thumbprint)
    } else {
      keys.set(entry.Thumbprint, enrolledKeyOf(entry))
      if (entry.ApprovedBy === firstKey) beginnings++
    }
    head = entry.Hash
    length++
  }
  return { log: { userId: log.userId, length, head, keys, revoked, beginnings } }
}

/**
 * Checks a whole log against what was remembered of it.
 *
 * @param entries all of them, from the first on
 * @returns the log, and whether it has the remembered one as its beginning; or a sentence that says what is wrong in itself
 */
export function verifyKeyLog(
  userId: string,
  entries: readonly unknown[],
  pinned?: PinnedKeyLog,
): { readonly log: KeyLog; readonly extendsPinned: boolean } | { readonly problem: string } {
  const at = pinned?.length ?? 0
  const begun = extendKeyLog(emptyKeyLog(userId), entries.slice(0, at))
  if ('problem' in begun) return begun
  const all = extendKeyLog(begun.log, entries.slice(at))
  if ('problem' in all) return all
  return { log: all.log, extendsPinned: extendsPin(begun.log, pinned) }
}

/** Whether a log that was read up to the length of a pin is the pinned one. Without a pin, every log is. */
export function extendsPin(log: KeyLog, pinned: PinnedKeyLog | undefined): boolean {
  return pinned === undefined || (log.length === pinned.length && log.head === pinned.head)
}

function chainProblem(userId: string, entry: KeyLogEntry, length: number, head: string): string | undefined {
  if (entry.Index !== length) return `has the index ${entry.Index}`
  if (entry.Previous !== head) return 'does not follow the one before'
  if (entry.Hash !== entryHash(userId, entry)) return 'has another hash'
  if (entry.Thumbprint !== thumbprintOf(entry.Key)) return 'has the thumbprint of another key'
  return undefined
}

function keysProblem(
  userId: string,
  entry: KeyLogEntry,
  keys: ReadonlyMap<string, EnrolledKey>,
  revoked: ReadonlySet<string>,
): string | undefined {
  const { Thumbprint, ApprovedBy, Signature, Server } = entry
  const known = keys.get(Thumbprint)
  const approver = keys.get(ApprovedBy)
  const unsigned = Signature === '' && Server === ''
  if (entry.Kind === 'revoke') {
    if (known === undefined) return 'revokes a key that is not enrolled'
    if (known.deviceId !== entry.DeviceId) return 'revokes the key of another device'
    if (ApprovedBy !== operator && approver === undefined) return 'revokes in the name of a key that is not enrolled'
    return unsigned ? undefined : 'has a signature that means nothing'
  }
  if (known !== undefined) return 'enrols a key a second time'
  if (revoked.has(Thumbprint)) return 'enrols a key that was revoked'
  if (keys.size >= enrolledKeysMax) return `enrols more than ${enrolledKeysMax} keys at once`
  if (ApprovedBy === firstKey && keys.size > 0) return 'enrols a first key beside others'
  if (ApprovedBy === firstKey || ApprovedBy === operator)
    return unsigned ? undefined : 'has a signature that means nothing'
  if (approver === undefined) return 'is approved by a key that is not enrolled'
  const claim = { userId, deviceId: entry.DeviceId, serverThumbprint: Server, thumbprint: Thumbprint }
  return verifyApproval(importPublicKey(approver.key), claim, Signature) ? undefined : 'has a bad approval'
}

function enrolledKeyOf({ Thumbprint, Key, DeviceId, ApprovedBy, Time }: KeyLogEntry): EnrolledKey {
  return { thumbprint: Thumbprint, key: Key, deviceId: DeviceId, approvedBy: ApprovedBy, enrolled: Time }
}

function readEntry(value: unknown): KeyLogEntry | undefined {
  if (!hasExactly(value, members)) return undefined
  const { Index, Kind, Time, DeviceId, Thumbprint, ApprovedBy, Server, Signature, Previous, Hash } = value
  const Key = readPublicJwk(value.Key)
  if (Key === undefined || !isWhole(Index) || !isWhole(Time)) return undefined
  if (Kind !== 'enrol' && Kind !== 'revoke') return undefined
  if (typeof DeviceId !== 'string' || loneSurrogate.test(DeviceId) || !isThumbprint(Thumbprint)) return undefined
  if (ApprovedBy !== firstKey && ApprovedBy !== operator && !isThumbprint(ApprovedBy)) return undefined
  if (Server !== '' && !isThumbprint(Server)) return undefined
  if (typeof Signature !== 'string' || !isHash(Previous) || !isHash(Hash)) return undefined
  return { Index, Kind, Time, DeviceId, Thumbprint, Key, ApprovedBy, Server, Signature, Previous, Hash }
}

const loneSurrogate = /\p{Surrogate}/u

function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isHash(value: unknown): value is string {
  return decodeBase64Url(value, hashBytes) !== undefined
}
