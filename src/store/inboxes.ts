/**
 * All inboxes of one database: takes in runs, answers the calls of {@link InboxCalls}, keeps quotas. What it does counts
 * only once its caller has called `flush`, committed the transaction and called `committed`; after `rolledBack`
 * nothing of it has happened.
 */
import type {
  AppendFault,
  InboxCalls,
  InboxRun,
  InboxSettings,
  NotedRun,
  RemovedRun,
} from '../mailbox/inbox-messages.ts'
import { journalEntryBytes } from '../mailbox/inbox-messages.ts'
import { comparePositions, type Position } from '../mailbox/position.ts'
import { sharedDevice } from './devices.ts'
import type { EpochCounter } from './epoch-counter.ts'
import { bytesOfFrames, framesWithin } from './frame-bytes.ts'
import type { IdJournal } from './id-journal.ts'
import { Inbox } from './inbox.ts'
import type { InboxGroup } from './inbox-group.ts'
import { readInbox } from './inbox-reader.ts'
import { judgeResume } from './resume.ts'
import { notedRuns } from './run-notes.ts'
import type { Segment, SegmentPart } from './segment.ts'
import type { SegmentTable } from './segment-table.ts'

type Take<Name extends keyof InboxCalls> = InboxCalls[Name]['take']
type Give<Name extends keyof InboxCalls> = InboxCalls[Name]['give']

/** What the inboxes are made of; see `openInboxes`. */
export interface InboxesOptions {
  readonly settings: InboxSettings
  readonly users: Map<string, Inbox>
  readonly group: InboxGroup
  readonly segments: SegmentTable
  readonly journal: IdJournal
  readonly epochs: EpochCounter
  /** Unix milliseconds. */
  readonly now: () => number
  /** The same for what is removed because of its age: see `steadyClock`. */
  readonly steadyNow: () => number
  /** A sentence for each thing found wrong at the start, and how many segments that were. */
  readonly damage: readonly string[]
  readonly damaged: number
}

/** Why the frames of a run from the index `from` on were not taken. */
export interface Refusal {
  readonly from: number
  readonly code: AppendFault
}

/** A user's devices; the one that was away longest is forgotten for one more. */
export const devicesPerUserMax = 32
/** Segments in all inboxes together: each takes some 200 bytes of memory. */
export const segmentsMax = 4_000_000

/** See the head of the file. */
export class Inboxes {
  readonly #parts: InboxesOptions
  readonly #users: Map<string, Inbox>
  readonly #group: InboxGroup
  #removed: RemovedRun[] = []
  #damaged: number
  /** Where `expire` looks next. */
  #expiring: Iterator<Inbox> | undefined

  constructor(options: InboxesOptions) {
    this.#parts = options
    this.#users = options.users
    this.#group = options.group
    this.#damaged = options.damaged
  }

  /** Takes in a run. Gives why its end, or all of it, is refused; undefined when it will be stored or is already. */
  append(run: InboxRun): Refusal | undefined {
    const inbox = this.#touched(run.user)
    const part = inbox.newPart(run)
    if (part.count === 0) return undefined
    const { end } = this.#parts.settings
    const skipped = part.skip === 0 ? 0 : bytesOfFrames(run.frames, part.skip, end)
    const isWhole = part.skip + part.count === run.count
    const frames = run.frames.subarray(
      skipped,
      isWhole ? undefined : skipped + bytesOfFrames(run.frames.subarray(skipped), part.count, end),
    )
    const seq = run.seq + part.skip
    if (this.#group.rows >= segmentsMax) return { from: part.skip, code: 'storage_full' }
    const count = this.#makeRoom(inbox, part.count, frames)
    // It came again, and is older than what has just made room.
    if (comparePositions({ epoch: run.epoch, seq: run.seq + run.count - 1 }, inbox.floor) <= 0) return undefined
    if (count > 0) {
      const fitting = count === part.count ? frames : frames.subarray(0, bytesOfFrames(frames, count, end))
      this.#group.append(inbox, { epoch: run.epoch, seq, count, expires: run.expires, note: run.note, frames: fitting })
      const firstId = part.skip * journalEntryBytes
      this.#parts.journal.add(run.ids.subarray(firstId, firstId + count * journalEntryBytes))
    }
    return count === part.count ? undefined : { from: part.skip + count, code: 'inbox_full' }
  }

  /** How many of a run's first frames need not be stored any more: a run may come again after a storage thread has died. */
  storedPart(run: InboxRun): number {
    const { skip, count } = this.#users.get(run.user)?.newPart(run) ?? { skip: 0, count: run.count }
    return count === 0 ? run.count : skip
  }

  /** What `append` dropped to make room since the last time this was asked. */
  takeRemoved(): readonly RemovedRun[] {
    const removed = this.#removed
    this.#removed = []
    return removed
  }

  /** Begins a new epoch. */
  openEpoch(): Give<'openEpoch'> {
    return { epoch: this.#parts.epochs.begin(), damage: this.#parts.damage }
  }

  /** See {@link InboxCalls}. */
  openInbox(take: Take<'openInbox'>): Give<'openInbox'> {
    const inbox = this.#touched(take.user)
    const name = take.acknowledges ? take.device : sharedDevice
    const resume = take.acknowledges ? take.resume : undefined
    const verdict = judgeResume(inbox, inbox.devices.byName.get(name), resume, this.#parts.epochs.current)
    let delivered: readonly NotedRun[] = []
    if (take.acknowledges) {
      this.#see(inbox, name)
      // A place further than the device's own says that more has arrived than was acknowledged, also where something after it is
      // missing; a device never goes back, and a place beyond all that was given counts for nothing.
      if (resume !== undefined && comparePositions(verdict.cursor, resume) >= 0) {
        delivered = this.#acknowledge(inbox, name, resume)
      }
    }
    const waiting = inbox.waitingAfter(verdict.cursor)
    const devices = [...inbox.devices.byName.keys()].filter((device) => device !== sharedDevice)
    this.#forgetBlank(inbox)
    return { ...verdict, ...waiting, devices, delivered }
  }

  /** See {@link InboxCalls}. */
  readInbox(take: Take<'readInbox'>): Give<'readInbox'> {
    const inbox = this.#users.get(take.user)
    if (inbox === undefined) return { segments: [], end: take.after, more: false, damaged: [] }
    const read = readInbox(inbox, this.#parts.segments, take, this.#parts.settings.end)
    this.#damaged += read.damaged.length
    return read
  }

  /** See {@link InboxCalls}. */
  acknowledge(take: Take<'acknowledge'>): Give<'acknowledge'> {
    const delivered: NotedRun[] = []
    for (const { user, device, epoch, seq } of take.acknowledgements) {
      const inbox = this.#touched(user)
      this.#see(inbox, device)
      delivered.push(...this.#acknowledge(inbox, device, { epoch, seq }))
    }
    return { delivered }
  }

  /** See {@link InboxCalls}. */
  noteWritten(take: Take<'noteWritten'>): Give<'noteWritten'> {
    for (const { user, epoch, seq } of take.written) {
      const inbox = this.#touched(user)
      this.#see(inbox, sharedDevice)
      inbox.devices.acknowledge(sharedDevice, { epoch, seq }, this.#parts.now())
      this.#settle(inbox)
    }
    return true
  }

  /** See {@link InboxCalls}. */
  noteMissed(take: Take<'noteMissed'>): Give<'noteMissed'> {
    for (const { user, epoch, seq } of take.missed) {
      const inbox = this.#touched(user)
      this.#group.changeDevices(inbox, inbox.devices.miss({ epoch, seq }))
    }
    return true
  }

  /** See {@link InboxCalls}. */
  forgetDevices(take: Take<'forgetDevices'>): Give<'forgetDevices'> {
    let forgotten = 0
    for (const inbox of this.#users.values()) {
      if (forgotten >= take.limit) return { forgotten, more: true }
      if (![...inbox.devices.byName.values()].some((device) => device.lastSeen < take.before)) continue
      this.#group.touch(inbox)
      const names = inbox.devices.forget(take.before)
      if (names.length === 0) continue
      this.#group.changeDevices(inbox, names)
      this.#settle(inbox)
      this.#forgetBlank(inbox)
      forgotten += names.length
    }
    return { forgotten, more: false }
  }

  /** See {@link InboxCalls}; removes old ids from the journal as well. */
  expire(take: Take<'expire'>): Give<'expire'> {
    const now = this.#parts.steadyNow()
    const removed: RemovedRun[] = []
    this.#expiring ??= this.#users.values()
    for (let looked = 0; looked < take.limit; ) {
      const next = this.#expiring.next()
      if (next.done === true) {
        this.#expiring = undefined
        return { removed, more: this.#parts.journal.prune(now) }
      }
      looked += next.value.segments.length + 1
      if (next.value.segments.some((segment) => segment.expires <= now)) this.#expireIn(next.value, now, removed)
    }
    return { removed, more: true }
  }

  /** See {@link InboxCalls}. */
  journalIds(take: Take<'journalIds'>): Give<'journalIds'> {
    this.#parts.journal.add(take.entries)
    return true
  }

  /** See {@link InboxCalls}. */
  loadJournal(take: Take<'loadJournal'>): Give<'loadJournal'> {
    return this.#parts.journal.page(take)
  }

  /** See {@link InboxCalls}. */
  listInboxes(take: Take<'listInboxes'>): Give<'listInboxes'> {
    const users = [...this.#users.keys()].slice(take.from, take.from + take.limit)
    return { users, more: take.from + users.length < this.#users.size }
  }

  /** See {@link InboxCalls}. */
  countInboxes(): Give<'countInboxes'> {
    const counts = { users: 0, devices: 0, segments: 0, messages: 0, bytes: 0 }
    for (const { segments, devices, count, bytes } of this.#users.values()) {
      counts.users++
      counts.devices += devices.byName.size
      counts.segments += segments.length
      counts.messages += count
      counts.bytes += bytes
    }
    return { ...counts, damaged: this.#damaged, journalEntries: this.#parts.journal.entries }
  }

  /** See {@link InboxCalls}. */
  removeInbox(take: Take<'removeInbox'>): Give<'removeInbox'> {
    const inbox = this.#users.get(take.user)
    if (inbox === undefined) return true
    this.#group.touch(inbox)
    const names = [...inbox.devices.byName.keys()]
    this.#group.remove(inbox.clear())
    this.#group.changeDevices(inbox, names)
    this.#group.changeInbox(inbox)
    this.#forgetBlank(inbox)
    return true
  }

  /** See {@link InboxCalls}. */
  findStored(take: Take<'findStored'>): Give<'findStored'> {
    const inbox = this.#users.get(take.user)
    if (inbox === undefined) return { isStored: false, isAcknowledged: false, isDropped: false, isWritten: false }
    const isAcknowledged = comparePositions(inbox.delivered, take) >= 0
    const isDropped = !isAcknowledged && comparePositions(inbox.dropped, take) >= 0
    const shared = inbox.devices.byName.get(sharedDevice)
    const isWritten = shared !== undefined && comparePositions(shared.cursor, take) >= 0
    return { isStored: inbox.has(take), isAcknowledged, isDropped, isWritten }
  }

  /** Writes what was done so far, within the caller's transaction. */
  flush(): void {
    this.#group.flush(this.#parts.now())
  }

  /** The commit counts, also when it changes nothing of the inboxes. */
  countCommit(): void {
    this.#group.countCommit()
  }

  /** The transaction is committed. Gives the number of the commit. */
  committed(): number {
    this.#group.committed()
    return this.#group.commits
  }

  /** The transaction was rolled back. */
  rolledBack(): void {
    this.#removed = []
    this.#expiring = undefined
    for (const inbox of this.#group.rolledBack()) {
      if (inbox.isBlank) this.#users.delete(inbox.user)
      else this.#users.set(inbox.user, inbox)
    }
  }

  /** How many of the frames fit into the quota, once the policy has made room. */
  #makeRoom(inbox: Inbox, count: number, frames: Uint8Array): number {
    const { messagesMax, bytesMax, policy, end } = this.#parts.settings
    if (inbox.count + count <= messagesMax && inbox.bytes + frames.length <= bytesMax) return count
    if (policy === 'drop_oldest') {
      const room = { countMax: Math.max(messagesMax - count, 0), bytesMax: Math.max(bytesMax - frames.length, 0) }
      for (const part of inbox.dropOldest(room)) this.#lose(inbox, part, 'dropped', this.#removed)
      this.#group.changeInbox(inbox)
      this.#settle(inbox)
    }
    const free = Math.max(messagesMax - inbox.count, 0)
    return framesWithin(frames, end, Math.min(count, free), bytesMax - inbox.bytes)
  }

  #expireIn(inbox: Inbox, now: number, removed: RemovedRun[]): void {
    this.#group.touch(inbox)
    const parts = inbox.expire(now)
    for (const part of parts) this.#lose(inbox, part, 'expired', removed)
    this.#group.remove(parts.map((part) => part.segment))
    this.#forgetBlank(inbox)
  }

  /** Notes who has not seen what leaves, and whom to tell: nobody of what a device of the receiver has had. */
  #lose(inbox: Inbox, part: SegmentPart, why: RemovedRun['why'], removed: RemovedRun[]): void {
    const { segment, to } = part
    this.#group.changeDevices(inbox, inbox.devices.lose(segment.epoch, part.from, to))
    const { delivered } = inbox
    if (delivered.epoch > segment.epoch) return
    const from = delivered.epoch === segment.epoch ? Math.max(part.from, delivered.seq + 1) : part.from
    if (from > to) return
    const notes = this.#group.notesOf(inbox.user, segment)
    for (const run of notedRuns(inbox.user, { segment, from, to }, notes)) removed.push({ ...run, why })
  }

  #acknowledge(inbox: Inbox, name: string, place: Position): readonly NotedRun[] {
    const { devices, user } = inbox
    devices.acknowledge(name, place, this.#parts.now())
    const delivered: NotedRun[] = []
    for (const part of inbox.deliver(place)) {
      if (!part.segment.noted) continue
      const runs = notedRuns(user, part, this.#group.notesOf(user, part.segment))
      delivered.push(...runs.filter((run) => run.note.length > 0))
    }
    if (delivered.length > 0) this.#group.changeInbox(inbox)
    this.#settle(inbox)
    return delivered
  }

  #see(inbox: Inbox, name: string): void {
    inbox.devices.see(name, inbox.floor, this.#parts.now())
    this.#group.changeDevices(inbox, [name])
    const stalest = inbox.devices.stalest(devicesPerUserMax)
    if (stalest === undefined || stalest === name) return
    inbox.devices.byName.delete(stalest)
    this.#group.changeDevices(inbox, [stalest])
    this.#settle(inbox)
  }

  #settle(inbox: Inbox): void {
    const gone: readonly Segment[] = inbox.settle()
    if (gone.length > 0) this.#group.remove(gone)
  }

  #touched(user: string): Inbox {
    let inbox = this.#users.get(user)
    if (inbox === undefined) {
      inbox = new Inbox(user)
      this.#users.set(user, inbox)
    }
    this.#group.touch(inbox)
    return inbox
  }

  #forgetBlank(inbox: Inbox): void {
    if (inbox.isBlank) this.#users.delete(inbox.user)
  }
}
