/**
 * What one commit does to the inboxes: the segments that it adds, the rows that it removes and changes, and how to put
 * everything in memory back when it fails. Owns the tables of the inboxes; the transaction is its caller's.
 */
import type Database from 'libsql'
import type { InboxRun } from '../mailbox/inbox-messages.ts'
import type { IdJournal } from './id-journal.ts'
import type { Inbox, InboxSnapshot } from './inbox.ts'
import type { InboxTable } from './inbox-table.ts'
import type { RunNote } from './run-notes.ts'
import { lastSeqOf, type Segment } from './segment.ts'
import type { SegmentTable } from './segment-table.ts'

/** What a group writes to. */
export interface InboxGroupOptions {
  readonly database: Database.Database
  readonly segments: SegmentTable
  readonly inboxes: InboxTable
  readonly journal: IdJournal
  /** How many rows of segments there are, and the largest id. */
  readonly rows: number
  readonly lastId: number
}

/** A segment grows to so many bytes at most, so that reading a part of one stays cheap. A larger run stands alone. */
export const segmentBytesMax = 262_144
/** Runs that expire further apart than this do not become one segment. */
const expirySpreadMs = 60_000

/** A segment that has no row yet. */
interface NewSegment {
  readonly user: string
  readonly runs: RunNote[]
  readonly frames: Uint8Array[]
}

/** See the head of the file. */
export class InboxGroup {
  readonly #segments: SegmentTable
  readonly #inboxes: InboxTable
  readonly #journal: IdJournal
  readonly #count: Database.Statement
  readonly #new = new Map<Segment, NewSegment>()
  /** The segment of each inbox that may still grow. */
  readonly #growing = new Map<Inbox, Segment>()
  readonly #removed: Segment[] = []
  readonly #changedDevices = new Map<Inbox, Set<string>>()
  readonly #changedInboxes = new Set<Inbox>()
  readonly #before = new Map<Inbox, InboxSnapshot>()
  #journalBefore: readonly [number, number]
  #rows: number
  #rowsBefore: number
  #commits: number
  #isWritten = false
  #lastId: number

  constructor(options: InboxGroupOptions) {
    this.#segments = options.segments
    this.#inboxes = options.inboxes
    this.#journal = options.journal
    this.#rows = options.rows
    this.#rowsBefore = options.rows
    this.#lastId = options.lastId
    this.#journalBefore = options.journal.snapshot()
    const commits = options.database.prepare(`SELECT value FROM counters WHERE name = 'commits'`).get([])
    this.#commits = (commits as { readonly value: number }).value
    this.#count = options.database.prepare('UPDATE counters SET value = ? WHERE name = ?')
  }

  /** Rows of segments, with those that are about to be written. */
  get rows(): number {
    return this.#rows + this.#new.size
  }

  /** Counts commits, and is in the database: a file that has lost its end has a smaller one. */
  get commits(): number {
    return this.#commits
  }

  /** To be called before an inbox changes in this group. */
  touch(inbox: Inbox): void {
    if (!this.#before.has(inbox)) this.#before.set(inbox, inbox.snapshot())
  }

  /** Adds frames to an inbox, at the end of the segment before them where they follow it. */
  append(inbox: Inbox, run: Pick<InboxRun, 'epoch' | 'seq' | 'count' | 'expires' | 'note' | 'frames'>): void {
    const { epoch, count, frames } = run
    const expires = Math.trunc(run.expires)
    const growing = this.#growing.get(inbox)
    const grown = growing === undefined ? undefined : this.#new.get(growing)
    const follows =
      growing !== undefined &&
      growing.epoch === epoch &&
      lastSeqOf(growing) + 1 === run.seq &&
      growing.bytes + frames.length <= segmentBytesMax &&
      Math.abs(growing.expires - expires) <= expirySpreadMs
    const noted = run.note.length > 0
    if (follows && grown !== undefined) {
      inbox.extend(growing, { count, bytes: frames.length })
      growing.expires = Math.max(growing.expires, expires)
      growing.noted ||= noted
      grown.runs.push(run)
      grown.frames.push(frames)
      return
    }
    const segment = { id: ++this.#lastId, epoch, firstSeq: run.seq, count, bytes: frames.length, expires, noted }
    this.#new.set(segment, { user: inbox.user, runs: [run], frames: [frames] })
    this.#growing.set(inbox, segment)
    inbox.add(segment)
  }

  /** Removes segments that are in no inbox any more. Read their notes before. */
  remove(segments: readonly Segment[]): void {
    for (const segment of segments) if (!this.#new.delete(segment)) this.#removed.push(segment)
  }

  /** The notes of a segment, written or not. */
  notesOf(user: string, segment: Segment): readonly RunNote[] {
    return this.#new.get(segment)?.runs ?? this.#segments.readNotes(user, segment)
  }

  /** A device's row is to be written, or removed if the inbox has it no more. */
  changeDevices(inbox: Inbox, names: readonly string[]): void {
    const changed = this.#changedDevices.get(inbox) ?? new Set()
    this.#changedDevices.set(inbox, changed)
    for (const name of names) changed.add(name)
  }

  /** An inbox's own row is to be written. */
  changeInbox(inbox: Inbox): void {
    this.#changedInboxes.add(inbox)
  }

  /** Writes what has come together since the last time; reads see it then. Within a transaction. */
  flush(now: number): void {
    let isChanged = this.#journal.flush(now)
    for (const [segment, { user, runs, frames }] of this.#new) {
      this.#segments.insert(user, segment, runs, Buffer.concat(frames))
    }
    for (const segment of this.#removed) this.#segments.remove(segment)
    for (const [{ user, devices }, names] of this.#changedDevices) {
      for (const name of names) this.#inboxes.saveDevice(user, name, devices.byName.get(name))
    }
    for (const inbox of this.#changedInboxes) this.#inboxes.saveInbox(inbox)
    isChanged ||= this.#new.size + this.#removed.length + this.#changedDevices.size + this.#changedInboxes.size > 0
    if (!isChanged) return
    this.#rows += this.#new.size - this.#removed.length
    this.#count.run([this.#rows, 'segments'])
    this.countCommit()
    this.#clear()
  }

  /** The commit is one that counts, whatever it changes; to be called within its transaction. */
  countCommit(): void {
    if (this.#isWritten) return
    this.#count.run([this.#commits + 1, 'commits'])
    this.#isWritten = true
  }

  /** The transaction is committed. */
  committed(): void {
    if (this.#isWritten) this.#commits++
    this.#isWritten = false
    this.#rowsBefore = this.#rows
    this.#journalBefore = this.#journal.snapshot()
    this.#before.clear()
  }

  /** The transaction was rolled back: puts all inboxes back. Gives those that were touched. */
  rolledBack(): readonly Inbox[] {
    this.#clear()
    this.#isWritten = false
    this.#rows = this.#rowsBefore
    this.#journal.restore(this.#journalBefore)
    const touched = [...this.#before.keys()]
    for (const [inbox, snapshot] of this.#before) inbox.restore(snapshot)
    this.#before.clear()
    return touched
  }

  #clear(): void {
    this.#new.clear()
    this.#growing.clear()
    this.#removed.length = 0
    this.#changedDevices.clear()
    this.#changedInboxes.clear()
  }
}
