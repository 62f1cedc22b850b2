/** Puts the inboxes of a database together at the start: tables, what lies in them, and what is wrong with that. */
import type Database from 'libsql'
import type { InboxSettings } from '../mailbox/inbox-messages.ts'
import { EpochCounter } from './epoch-counter.ts'
import { IdJournal, type JournalLimits } from './id-journal.ts'
import { Inbox } from './inbox.ts'
import { InboxGroup } from './inbox-group.ts'
import { loadInboxes } from './inbox-loader.ts'
import { InboxTable } from './inbox-table.ts'
import { Inboxes } from './inboxes.ts'
import { SegmentTable } from './segment-table.ts'

/** What the inboxes of a database need of the world. */
export interface OpenInboxesOptions {
  readonly database: Database.Database
  readonly settings: InboxSettings
  readonly journal: JournalLimits
  /** False while the disk is full: what need not be kept gives way. */
  readonly mayGrow?: () => boolean
  /** Unix milliseconds. */
  readonly now: () => number
  readonly steadyNow: () => number
  /** How many commits there should be at least; undefined where nobody knows. */
  readonly commitsSeen: number | undefined
}

/**
 * Loads the inboxes. What is damaged is told, never served, and does not keep the rest from being used.
 *
 * @throws what SQLite throws, for a file whose tables can't be read
 */
export function openInboxes(options: OpenInboxesOptions): Inboxes {
  const { database } = options
  const users = new Map<string, Inbox>()
  const segments = new SegmentTable(database, options.settings)
  const inboxes = new InboxTable(database)
  const journal = new IdJournal(database, options.journal, options.mayGrow)
  const loaded = loadInboxes({ segments, inboxes }, (user) => {
    const inbox = users.get(user) ?? new Inbox(user)
    users.set(user, inbox)
    return inbox
  })
  const { rows, lastId, damaged, damagedPlaces, stale } = loaded
  const group = new InboxGroup({ database, segments, inboxes, journal, rows, lastId })
  group.remove(stale)
  return new Inboxes({
    settings: options.settings,
    users,
    group,
    segments,
    journal,
    epochs: new EpochCounter(database),
    now: options.now,
    steadyNow: options.steadyNow,
    damage: damageOf({
      damaged,
      damagedPlaces,
      rows,
      counted: countedSegments(database),
      commits: group.commits,
      commitsSeen: options.commitsSeen,
    }),
    damaged,
  })
}

/** How many rows of segments the last commit left. */
export function countedSegments(database: Database.Database): number {
  const row = database.prepare(`SELECT value FROM counters WHERE name = 'segments'`).get([])
  return (row as { readonly value: number }).value
}

/** A sentence for each thing that does not fit together. */
export function damageOf(found: {
  readonly damaged: number
  readonly damagedPlaces: number
  readonly rows: number
  readonly counted: number
  readonly commits: number
  readonly commitsSeen: number | undefined
}): readonly string[] {
  const { damaged, damagedPlaces, rows, counted, commits, commitsSeen } = found
  const sentences: string[] = []
  if (damaged > 0) sentences.push(`${damaged} segments of stored messages are damaged and will not be delivered.`)
  if (damagedPlaces > 0) {
    sentences.push(
      `${damagedPlaces} rows of devices are damaged: those devices will be told that they may have missed something.`,
    )
  }
  if (rows !== counted) sentences.push(`There are ${rows} segments of stored messages where ${counted} were committed.`)
  if (commitsSeen !== undefined && commitsSeen > commits) {
    sentences.push(
      `The last ${commitsSeen - commits} commits are gone: the database or its journal has lost its end, and messages with it.`,
    )
  }
  return sentences
}
