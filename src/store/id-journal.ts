/**
 * The id journal: entries by which repeats are recognised after a restart, one row a commit. Bounded in time, rows and
 * entries; what is too much goes, oldest first. What an entry means is not known here.
 */
import type Database from 'libsql'
import { journalEntryBytes } from '../mailbox/inbox-messages.ts'
import { StoreError } from '../mailbox/store-error.ts'
import { crc32 } from './checksum.ts'

/** How much the journal holds. */
export interface JournalLimits {
  readonly ageMsMax: number
  readonly entriesMax: number
  readonly rowsMax: number
}

interface JournalRow {
  readonly id: number
  readonly crc: number
  readonly entries: Uint8Array
}

/** Rows removed in one go, so that a commit never takes long for it. */
const pruneRowsMax = 2000
/** Rows read in one go. */
const pageRows = 256

/** See the head of the file. Methods throw what SQLite throws. */
export class IdJournal {
  readonly #limits: JournalLimits
  readonly #mayGrow: () => boolean
  readonly #insert: Database.Statement
  readonly #oldest: Database.Statement
  readonly #deleteUpTo: Database.Statement
  readonly #page: Database.Statement
  #rows: number
  #bytes: number
  #lastId: number
  #waiting: Uint8Array[] = []

  /** @param mayGrow false while the disk is full: a new row then takes the place of the oldest ones */
  constructor(database: Database.Database, limits: JournalLimits, mayGrow: () => boolean = () => true) {
    this.#limits = limits
    this.#mayGrow = mayGrow
    this.#insert = database.prepare('INSERT INTO id_journal (id, written_at, crc, entries) VALUES (?, ?, ?, ?)')
    this.#oldest = database
      .prepare('SELECT id, CAST(written_at AS INTEGER), length(entries) FROM id_journal ORDER BY id LIMIT ?')
      .raw(true)
    this.#deleteUpTo = database.prepare('DELETE FROM id_journal WHERE id <= ?')
    this.#page = database.prepare(
      'SELECT id, CAST(crc AS INTEGER) AS crc, CAST(entries AS BLOB) AS entries FROM id_journal WHERE id > ? AND written_at >= ? ORDER BY id LIMIT ?',
    )
    const sums = database
      .prepare('SELECT count(*), coalesce(sum(length(entries)), 0), coalesce(max(id), 0) FROM id_journal')
      .raw(true)
      .get([]) as unknown as readonly [number, number, number]
    ;[this.#rows, this.#bytes, this.#lastId] = sums
  }

  /** How many entries it holds, written or about to be. */
  get entries(): number {
    return this.#bytes / journalEntryBytes
  }

  /** Takes in whole entries for the next `flush`. Those of zeros are left out. */
  add(entries: Uint8Array): void {
    const kept = withoutBlanks(entries)
    if (kept.length > 0) this.#waiting.push(kept)
  }

  /** Writes what was taken in as one row. Gives whether there was anything. */
  flush(now: number): boolean {
    if (this.#waiting.length === 0) return false
    const entries = Buffer.concat(this.#waiting)
    this.#waiting = []
    if (!this.#mayGrow()) this.#giveUp(entries.length)
    this.#lastId++
    this.#rows++
    this.#bytes += entries.length
    this.#insert.run([this.#lastId, now, crc32(entries), entries])
    return true
  }

  /** What `restore` needs after a commit that failed. */
  snapshot(): readonly [number, number] {
    return [this.#rows, this.#bytes]
  }

  restore([rows, bytes]: readonly [number, number]): void {
    this.#rows = rows
    this.#bytes = bytes
    this.#waiting = []
  }

  /** Removes the oldest rows as far as the limits demand, some thousands at most. Gives whether there is more to remove. */
  prune(now: number): boolean {
    const removed = this.#removeOldest(
      (writtenAt) =>
        now - writtenAt > this.#limits.ageMsMax ||
        this.#rows > this.#limits.rowsMax ||
        this.entries > this.#limits.entriesMax,
    )
    return removed === pruneRowsMax
  }

  /** Removes the oldest rows with so many bytes together, one at least. */
  #giveUp(byteCount: number): void {
    const least = this.#bytes - byteCount
    let isFirst = true
    this.#removeOldest(() => {
      const goes = isFirst || this.#bytes > least
      isFirst = false
      return goes
    })
  }

  /** Removes the oldest rows for which a condition holds, some thousands at most. Gives how many. */
  #removeOldest(goes: (writtenAt: number) => boolean): number {
    const rows = this.#oldest.all([pruneRowsMax]) as unknown as readonly (readonly [number, number, number])[]
    let last: number | undefined
    let removed = 0
    for (const [id, writtenAt, bytes] of rows) {
      if (!goes(writtenAt)) break
      last = id
      removed++
      this.#rows--
      this.#bytes -= bytes
    }
    if (last !== undefined) this.#deleteUpTo.run([last])
    return removed
  }

  /** A page of entries written since a moment; rows that were damaged are left out. */
  page(take: { readonly after: number; readonly since: number; readonly bytesMax: number }): {
    entries: Uint8Array
    next: number | undefined
  } {
    const parts: Uint8Array[] = []
    let bytes = 0
    let after = take.after
    for (;;) {
      const rows = this.#read(after, take.since)
      for (const row of rows) {
        const isFull = bytes > 0 && bytes + row.entries.length > take.bytesMax
        if (isFull) return { entries: Buffer.concat(parts), next: after }
        after = row.id
        if (!isSound(row)) continue
        parts.push(row.entries)
        bytes += row.entries.length
      }
      if (rows.length < pageRows) return { entries: Buffer.concat(parts), next: undefined }
    }
  }

  /** How many rows are not what was written. Reads them all. */
  countDamaged(): number {
    let damaged = 0
    for (let after = 0; ; ) {
      const rows = this.#read(after, 0)
      damaged += rows.filter((row) => !isSound(row)).length
      const last = rows.at(-1)
      if (last === undefined) return damaged
      after = last.id
    }
  }

  /** libsql gives blobs as ArrayBuffers from `all`, and as Buffers from `get`. */
  #read(after: number, since: number): readonly JournalRow[] {
    const rows = this.#page.all([after, since, pageRows]) as { id: number; crc: number; entries: ArrayBuffer }[]
    // In a damaged file ids may run in circles.
    if ((rows.at(-1)?.id ?? Number.POSITIVE_INFINITY) <= after) {
      throw new StoreError('storage_failed', 'The id journal is damaged: its order is wrong.')
    }
    return rows.map(({ id, crc, entries }) => ({ id, crc, entries: new Uint8Array(entries) }))
  }
}

function isSound(row: JournalRow): boolean {
  return row.entries.length % journalEntryBytes === 0 && crc32(row.entries) === row.crc
}

function withoutBlanks(entries: Uint8Array): Uint8Array {
  if (entries.length % journalEntryBytes !== 0) throw new RangeError('entries of the id journal come whole')
  const kept: Uint8Array[] = []
  for (let at = 0; at < entries.length; at += journalEntryBytes) {
    const entry = entries.subarray(at, at + journalEntryBytes)
    if (entry.some((byte) => byte !== 0)) kept.push(entry)
  }
  return kept.length * journalEntryBytes === entries.length ? entries : Buffer.concat(kept)
}
