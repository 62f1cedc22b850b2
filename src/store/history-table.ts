/**
 * The rows of the history, one for each conversation and commit: written, found by a position, read with their checksums
 * compared, removed. `head_crc` is over all but the frames and over the names of the two, so that a row is never taken for
 * another conversation's; `crc` goes on from it over the frames.
 */
import type Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import { crc32 } from './checksum.ts'
import type { Conversation, Pair, Piece, Tally } from './conversation.ts'
import { withDelimiters } from './frame-bytes.ts'
import { packPieces, unpackPieces } from './past-pieces.ts'
import { type Delimiters, integers } from './segment-table.ts'

/** A row without its frames. Its tally is that at its last message. */
export interface PastRow {
  readonly id: number
  readonly first: number
  readonly tally: Tally
  /** Of its last message, in Unix milliseconds. */
  readonly time: number
  readonly pieces: readonly Piece[]
}

/** Of a row that is removed because of its age. */
export interface AgedRow {
  readonly id: number
  readonly conversation: number
  readonly first: number
  readonly time: number
}

/** A row as `inspect` finds it. */
export interface InspectedRow extends AgedRow {
  /** Undefined when it is not what was written. */
  readonly row: PastRow | undefined
}

type Key = Pair & { readonly id: number }

interface HeadRow {
  readonly id: number
  readonly first: number
  readonly last: number
  readonly low_total: number
  readonly high_total: number
  readonly low_epoch: number
  readonly low_seq: number
  readonly high_epoch: number
  readonly high_seq: number
  readonly time: number
  readonly delimiters: number
  readonly head_crc: number
  readonly pieces: Uint8Array
}

interface BodyRow extends HeadRow {
  readonly crc: number
  readonly frames: Uint8Array
}

const numbers = [
  'last',
  'low_total',
  'high_total',
  'low_epoch',
  'low_seq',
  'high_epoch',
  'high_seq',
  'time',
  'delimiters',
] as const
const head = `id, CAST(first AS INTEGER) AS first, ${integers(...numbers, 'head_crc')}, CAST(pieces AS BLOB) AS pieces`

const inspectPageRows = 1024
/** A damaged row that says to hold more has a wrong number. */
const rowMessagesPlausible = 16_384

/** See the head of the file. Methods throw what SQLite throws. */
export class HistoryTable {
  readonly #delimiters: Delimiters
  readonly #insert: Database.Statement
  readonly #at: Database.Statement
  readonly #after: Database.Statement
  readonly #body: Database.Statement
  readonly #delete: Database.Statement
  readonly #deleteFirst: Database.Statement
  readonly #oldest: Database.Statement
  #damaged = 0

  constructor(database: Database.Database, delimiters: Delimiters) {
    this.#delimiters = delimiters
    this.#insert = database.prepare(
      `INSERT INTO history (conversation, first, ${numbers.join(', ')}, head_crc, crc, pieces, frames)
       VALUES (?, ?, ${numbers.map(() => '?').join(', ')}, ?, ?, ?, ?)`,
    )
    this.#at = database.prepare(
      `SELECT ${head} FROM history WHERE conversation = ? AND history.first <= ? ORDER BY history.first DESC LIMIT 1`,
    )
    this.#after = database.prepare(
      `SELECT ${head} FROM history WHERE conversation = ? AND history.first > ? ORDER BY history.first LIMIT 1`,
    )
    this.#body = database.prepare(
      `SELECT ${head}, ${integers('crc')}, CAST(frames AS BLOB) AS frames FROM history WHERE id = ?`,
    )
    this.#delete = database.prepare('DELETE FROM history WHERE id = ?')
    this.#deleteFirst = database.prepare(
      `DELETE FROM history WHERE id IN
         (SELECT id FROM history WHERE conversation = ? AND first <= ? AND last <= ? ORDER BY first LIMIT ?)`,
    )
    this.#oldest = database.prepare(
      `SELECT id, ${integers('conversation', 'first', 'time')} FROM history WHERE id > ? ORDER BY id LIMIT ?`,
    )
  }

  /** Rows found damaged so far; one that is looked at twice counts twice. */
  get damaged(): number {
    return this.#damaged
  }

  /** Writes a row; `tally` is that after its last piece. */
  insert(conversation: Key, first: number, tally: Tally, pieces: readonly Piece[], frames: Buffer): void {
    const delimiters = (this.#delimiters.start << 8) | this.#delimiters.end
    const time = Math.max(...pieces.map((piece) => Math.trunc(piece.time)))
    const packed = packPieces(pieces)
    const { lowPlace, highPlace } = tally
    const values = [
      tally.last,
      tally.lowTotal,
      tally.highTotal,
      lowPlace.epoch,
      lowPlace.seq,
      highPlace.epoch,
      highPlace.seq,
      time,
      delimiters,
    ]
    const headCrc = checksum(conversation, first, values, packed)
    this.#insert.run([conversation.id, first, ...values, headCrc, crc32(frames, headCrc), packed, frames])
  }

  /** The row that a position lies in, or else the last one before it. Damaged rows are passed over. */
  rowAt(conversation: Key, position: number): PastRow | undefined {
    for (let at = position; ; ) {
      const row = this.#at.get([conversation.id, at]) as HeadRow | undefined
      if (row === undefined) return undefined
      if (isSound(conversation, row)) return rowOf(row)
      this.#damaged++
      // In a damaged index the order may be wrong.
      at = Math.min(row.first, at) - 1
    }
  }

  /** The first row that begins after a position. Damaged rows are passed over. */
  rowAfter(conversation: Key, position: number): PastRow | undefined {
    for (let after = position; ; ) {
      const row = this.#after.get([conversation.id, after]) as HeadRow | undefined
      if (row === undefined) return undefined
      if (isSound(conversation, row)) return rowOf(row)
      this.#damaged++
      after = Math.max(row.first, after + 1)
    }
  }

  /** Whether a conversation has rows, sound or not, after a position. */
  hasRowAfter(conversation: number, position: number): boolean {
    return this.#after.get([conversation, position]) !== undefined
  }

  /** The frames of a row with the delimiters of today; undefined when they are not those that were written. */
  frames(conversation: Key, id: number): Uint8Array | undefined {
    const row = this.#body.get([id]) as BodyRow | undefined
    if (row === undefined || !isSound(conversation, row) || crc32(row.frames, row.head_crc) !== row.crc) {
      this.#damaged++
      return undefined
    }
    const stored = { start: row.delimiters >>> 8, end: row.delimiters & 0xff }
    return withDelimiters(row.frames, stored, this.#delimiters)
  }

  /** Removes a row. */
  remove(id: number): void {
    this.#delete.run([id])
  }

  /** Removes the first rows of a conversation that end at a position or before, at most `limit`. Gives how many. */
  removeUpTo(conversation: number, position: number, limit: number): number {
    return this.#deleteFirst.run([conversation, position, position, limit]).changes
  }

  /**
   * Removes the damaged rows at the end of a conversation. Positions that they seem to have held are passed over where that can
   * be, so that none is given twice.
   */
  dropDamagedEnd(conversation: Conversation): void {
    const { last } = conversation.tally
    let passed = last
    for (;;) {
      const row = this.#after.get([conversation.id, last]) as HeadRow | undefined
      if (row === undefined) break
      if (row.last - last <= rowMessagesPlausible) passed = Math.max(passed, row.last)
      this.#delete.run([row.id])
    }
    conversation.tally = { ...conversation.tally, last: passed }
    conversation.hasDamagedEnd = false
  }

  /** All rows in the order in which they were written, compared with their checksums. `keyOf` knows the conversations. Reads every byte. */
  *inspect(keyOf: (conversation: number) => Key | undefined): Generator<InspectedRow> {
    for (let after = 0; ; ) {
      const page = this.oldest(after, inspectPageRows)
      for (const aged of page) {
        // In a damaged file ids may run in circles.
        if (aged.id <= after) throw new StoreError('storage_failed', 'The history is damaged: its order is wrong.')
        after = aged.id
        const key = keyOf(aged.conversation)
        const found = this.#body.get([aged.id]) as BodyRow | undefined
        const isWhole =
          found !== undefined &&
          key !== undefined &&
          isSound(key, found) &&
          crc32(found.frames, found.head_crc) === found.crc
        yield { ...aged, row: isWhole ? rowOf(found) : undefined }
      }
      if (page.length < inspectPageRows) return
    }
  }

  /** Rows in the order in which they were written. */
  oldest(afterId: number, limit: number): readonly AgedRow[] {
    return this.#oldest.all([afterId, limit]) as AgedRow[]
  }
}

function rowOf(row: HeadRow): PastRow {
  return {
    id: row.id,
    first: row.first,
    tally: {
      last: row.last,
      lowTotal: row.low_total,
      highTotal: row.high_total,
      lowPlace: { epoch: row.low_epoch, seq: row.low_seq },
      highPlace: { epoch: row.high_epoch, seq: row.high_seq },
    },
    time: row.time,
    pieces: unpackPieces(row.pieces),
  }
}

function isSound(conversation: Key, row: HeadRow): boolean {
  const values = numbers.map((name) => row[name])
  return checksum(conversation, row.first, values, row.pieces) === row.head_crc
}

function checksum({ id, low, high }: Key, first: number, values: readonly number[], pieces: Uint8Array): number {
  return crc32(pieces, crc32(JSON.stringify([id, low, high, first, ...values])))
}
