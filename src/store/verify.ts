/** Looks at every byte of a database that SQLite or a checksum answers for, and says what is wrong. Changes nothing. */
import { existsSync } from 'node:fs'
import Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import { CommitWitness } from './commit-witness.ts'
import { IdJournal } from './id-journal.ts'
import { Inbox } from './inbox.ts'
import { loadInboxes } from './inbox-loader.ts'
import { InboxTable } from './inbox-table.ts'
import { countedSegments, damageOf } from './open-inboxes.ts'
import { ReceiptAskers } from './receipt-askers.ts'
import { readVersion, schemaVersion } from './schema.ts'
import { SegmentTable } from './segment-table.ts'
import { toStoreError } from './sqlite-errors.ts'
import { verifyHistory } from './verify-history.ts'

/** What a database holds, and what is wrong with it. */
export interface Verification {
  readonly accounts: number
  readonly segments: number
  readonly messages: number
  readonly journalEntries: number
  readonly conversations: number
  /** Messages in the history. */
  readonly pastMessages: number
  /** A sentence each; none: everything is as it was written. */
  readonly faults: readonly string[]
}

/** SQLite names so many faults of a file at most. */
const integrityFaultsMax = 20
const anyDelimiters = { start: 2, end: 3 }

/**
 * Verifies a database, also one that a server is using: that goes on, with its journal growing meanwhile.
 *
 * @throws StoreError when it can't be opened or is of another version
 */
export function verifyDatabase(path: string): Verification {
  if (!existsSync(path)) throw new StoreError('storage_failed', `There is no database ${path}.`)
  let database: Database.Database | undefined
  try {
    // Before the snapshot is taken: a running server may commit in between, and must then be ahead of this.
    const commitsSeen = CommitWitness.read(path)
    database = new Database(path, { timeout: 5000 })
    database.pragma('query_only = ON')
    database.exec('BEGIN')
    const version = readVersion(database)
    if (version !== schemaVersion) {
      throw new StoreError(
        'storage_failed',
        `${path} has format version ${version}, and this program verifies ${schemaVersion}.`,
      )
    }
    return verifyOpen(database, commitsSeen)
  } catch (error) {
    throw toStoreError(error, path)
  } finally {
    // libsql closes only once its statements are collected; the snapshot must not be held until then.
    if (database?.inTransaction === true) database.exec('ROLLBACK')
    database?.close()
  }
}

function verifyOpen(database: Database.Database, commitsSeen: number | undefined): Verification {
  const rows = database.prepare(`PRAGMA integrity_check(${integrityFaultsMax})`).all([])
  const faults = (rows as { readonly integrity_check: string }[])
    .map((row) => row.integrity_check)
    .filter((sentence) => sentence !== 'ok')
  const segments = new SegmentTable(database, anyDelimiters)
  const users = new Map<string, Inbox>()
  const loaded = loadInboxes({ segments, inboxes: new InboxTable(database) }, (user) => {
    const inbox = users.get(user) ?? new Inbox(user)
    users.set(user, inbox)
    return inbox
  })
  let messages = 0
  let unreadable = 0
  for (const inbox of users.values()) {
    messages += inbox.count
    for (const segment of inbox.segments) if (segments.readFrames(inbox.user, segment) === undefined) unreadable++
  }
  const counters = database.prepare(`SELECT value FROM counters WHERE name = 'commits'`).get([])
  faults.push(
    ...damageOf({
      damaged: loaded.damaged + unreadable,
      damagedPlaces: loaded.damagedPlaces,
      rows: loaded.rows,
      counted: countedSegments(database),
      commits: (counters as { readonly value: number }).value,
      commitsSeen,
    }),
  )
  const history = verifyHistory(database)
  faults.push(...history.faults)
  const journal = verifyJournal(database)
  if (journal.damaged > 0) faults.push(`${journal.damaged} rows of the id journal are damaged and will not be used.`)
  const askers = new ReceiptAskers(database).countDamaged()
  if (askers > 0) {
    const rows = askers === 1 ? '1 row is' : `${askers} rows are`
    faults.push(`Of those who asked for receipts ${rows} damaged: they get none until they log in again.`)
  }
  const accounts = database.prepare('SELECT count(*) AS count FROM accounts').get([]) as { readonly count: number }
  return {
    accounts: accounts.count,
    segments: loaded.rows,
    messages,
    journalEntries: journal.entries,
    conversations: history.conversations,
    pastMessages: history.messages,
    faults,
  }
}

function verifyJournal(database: Database.Database): { readonly entries: number; readonly damaged: number } {
  const journal = new IdJournal(database, { ageMsMax: Infinity, entriesMax: Infinity, rowsMax: Infinity })
  return { entries: journal.entries, damaged: journal.countDamaged() }
}
