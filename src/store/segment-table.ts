/**
 * The rows of segments: written, read with their checksums compared, removed, and listed at the start. `head_crc` is over what the
 * index in memory is made of; `crc` goes on from it over the notes and the frames, so a row whose parts were swapped is found as well.
 */
import type Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import { crc32 } from './checksum.ts'
import { withDelimiters } from './frame-bytes.ts'
import { packNotes, type RunNote, unpackNotes } from './run-notes.ts'
import type { Segment } from './segment.ts'

/** START and END as the rows have them. */
export interface Delimiters {
  readonly start: number
  readonly end: number
}

/** One row without its bytes, as it is listed. */
export interface ListedSegment {
  readonly user: string
  readonly segment: Segment
  /** Whether the checksum over this is right. */
  readonly sound: boolean
}

type HeadRow = readonly [number, ArrayBuffer, number, number, number, number, number, number, number, number]

interface BodyRow {
  readonly user_id: Uint8Array
  readonly epoch: number
  readonly first_seq: number
  readonly count: number
  readonly expires: number
  readonly delimiters: number
  readonly crc: number
  readonly notes: Uint8Array | null
  readonly frames: Uint8Array
}

const listPageRows = 5000

/** See the head of the file. Methods throw what SQLite throws. */
export class SegmentTable {
  readonly #delimiters: Delimiters
  readonly #insert: Database.Statement
  readonly #delete: Database.Statement
  readonly #read: Database.Statement
  readonly #list: Database.Statement

  constructor(database: Database.Database, delimiters: Delimiters) {
    this.#delimiters = delimiters
    this.#insert = database.prepare(
      `INSERT INTO segments (id, user_id, epoch, first_seq, count, expires, delimiters, head_crc, crc, notes, frames)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#delete = database.prepare('DELETE FROM segments WHERE id = ?')
    this.#read = database.prepare(
      `SELECT CAST(user_id AS BLOB) AS user_id, ${integers('epoch', 'first_seq', 'count', 'expires', 'delimiters', 'crc')},
         CAST(notes AS BLOB) AS notes, CAST(frames AS BLOB) AS frames
       FROM segments WHERE id = ?`,
    )
    // SQLite takes the length of a blob from the row's head: frames are not read for it.
    this.#list = database
      .prepare(
        `SELECT id, CAST(user_id AS BLOB), ${integers('epoch', 'first_seq', 'count', 'expires', 'delimiters', 'head_crc')},
           length(frames), notes IS NOT NULL
         FROM segments WHERE id > ? ORDER BY id LIMIT ${listPageRows}`,
      )
      .raw(true)
  }

  /** Writes a segment's row. */
  insert(user: string, segment: Segment, runs: readonly RunNote[], frames: Buffer): void {
    const { id, epoch, firstSeq, count, expires } = segment
    const delimiters = (this.#delimiters.start << 8) | this.#delimiters.end
    const notes = packNotes(runs)
    const head = headChecksum(user, segment, delimiters)
    const crc = bodyChecksum(head, notes, frames)
    this.#insert.run([id, user, epoch, firstSeq, count, expires, delimiters, head, crc, notes, frames])
  }

  /** Removes a segment's row. */
  remove(segment: Segment): void {
    this.#delete.run([segment.id])
  }

  /** The frames with the delimiters of today; undefined when they are not those that were written. */
  readFrames(user: string, segment: Segment): Uint8Array | undefined {
    const row = this.#readSound(user, segment)
    if (row === undefined) return undefined
    const stored = { start: row.delimiters >>> 8, end: row.delimiters & 0xff }
    return withDelimiters(row.frames, stored, this.#delimiters)
  }

  /** The notes; none when the row is not what was written. */
  readNotes(user: string, segment: Segment): readonly RunNote[] {
    const notes = segment.noted ? this.#readSound(user, segment)?.notes : undefined
    return notes === undefined || notes === null ? [] : unpackNotes(notes)
  }

  /** All rows in the order of their ids, without frames, some thousands at once. */
  *list(): Generator<readonly ListedSegment[]> {
    for (let after = Number.MIN_SAFE_INTEGER; ; ) {
      const rows = this.#list.all([after]) as unknown as readonly HeadRow[]
      const last = rows.at(-1)
      if (last === undefined) return
      // In a damaged file ids may run in circles.
      if (last[0] <= after)
        throw new StoreError('storage_failed', 'The table of segments is damaged: its order is wrong.')
      yield rows.map(listed)
      after = last[0]
    }
  }

  #readSound(user: string, segment: Segment): BodyRow | undefined {
    const row = this.#read.get([segment.id]) as BodyRow | undefined
    if (row === undefined || Buffer.from(row.user_id).toString() !== user) return undefined
    const stored: Segment = {
      id: segment.id,
      epoch: row.epoch,
      firstSeq: row.first_seq,
      count: row.count,
      expires: row.expires,
      bytes: row.frames.length,
      noted: segment.noted,
    }
    const head = headChecksum(user, stored, row.delimiters)
    if (row.epoch !== segment.epoch || row.first_seq !== segment.firstSeq || row.count !== segment.count)
      return undefined
    return bodyChecksum(head, row.notes, row.frames) === row.crc ? row : undefined
  }
}

/**
 * Columns, whatever a damaged row has in their place. Without the casts a text that is no UTF-8 would come to libsql 0.5,
 * which ends the whole process on it.
 */
export function integers(...columns: readonly string[]): string {
  return columns.map((column) => `CAST(${column} AS INTEGER) AS ${column}`).join(', ')
}

function listed(row: HeadRow): ListedSegment {
  const [id, name, epoch, firstSeq, count, expires, delimiters, head, bytes, noted] = row
  const user = Buffer.from(name).toString()
  const segment = { id, epoch, firstSeq, count, expires, bytes, noted: noted === 1 }
  return { user, segment, sound: headChecksum(user, segment, delimiters) === head }
}

function headChecksum(user: string, segment: Segment, delimiters: number): number {
  const { id, epoch, firstSeq, count, expires, bytes } = segment
  return crc32(`${id} ${epoch} ${firstSeq} ${count} ${expires} ${delimiters} ${bytes} ${user}`)
}

function bodyChecksum(head: number, notes: Uint8Array | null, frames: Uint8Array): number {
  return crc32(frames, notes === null ? head : crc32(notes, head))
}
