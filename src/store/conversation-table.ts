/** The rows of conversations: who takes part, how far each has read, and where one ends that has no messages any more. */
import type Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'
import { crc32 } from './checksum.ts'
import { type Conversation, emptyTally, type Pair, type Tally } from './conversation.ts'
import { integers } from './segment-table.ts'
import type { StoredText } from './stored-text.ts'

interface Row {
  readonly id: number
  readonly low_read: number
  readonly high_read: number
  readonly last: number
  readonly low_total: number
  readonly high_total: number
  readonly low_epoch: number
  readonly low_seq: number
  readonly high_epoch: number
  readonly high_seq: number
  readonly crc: number
}

/** A conversation as `inspect` finds it. */
export interface InspectedConversation extends Pair {
  readonly id: number
  /** Its users are gone, and its messages are about to be. */
  readonly isRemoved: boolean
  /** Whether it is what was written. */
  readonly isSound: boolean
}

const inspectPageRows = 1024
const numbers = [
  'low_read',
  'high_read',
  'last',
  'low_total',
  'high_total',
  'low_epoch',
  'low_seq',
  'high_epoch',
  'high_seq',
] as const
/** In the place of the checksum of a row whose conversation was removed; no checksum is negative. */
const removedMark = -1

/** See the head of the file. Methods throw what SQLite throws. */
export class ConversationTable {
  readonly #find: Database.Statement
  readonly #put: Database.Statement
  readonly #withHigher: Database.Statement
  readonly #withLower: Database.Statement
  readonly #markRemoved: Database.Statement
  readonly #findRemoved: Database.Statement
  readonly #delete: Database.Statement
  readonly #names: Database.Statement
  readonly #all: Database.Statement
  #lastId: number
  #damaged = 0

  constructor(database: Database.Database) {
    this.#find = database.prepare(
      `SELECT id, ${integers(...numbers, 'crc')} FROM conversations WHERE low = ? AND high = ? AND removed = 0`,
    )
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO conversations (id, low, high, ${numbers.join(', ')}, removed, crc)
       VALUES (?, ?, ?, ${numbers.map(() => '?').join(', ')}, 0, ?)`,
    )
    this.#withHigher = database
      .prepare(
        'SELECT CAST(high AS BLOB) FROM conversations WHERE low = ? AND high > ? AND removed = 0 ORDER BY high LIMIT ?',
      )
      .raw(true)
    this.#withLower = database
      .prepare(
        'SELECT CAST(low AS BLOB) FROM conversations WHERE high = ? AND low > ? AND low <> high AND removed = 0 ORDER BY low LIMIT ?',
      )
      .raw(true)
    this.#markRemoved = database.prepare(
      `UPDATE conversations SET removed = 1, crc = ${removedMark} WHERE (low = ?1 OR high = ?1) AND removed = 0`,
    )
    this.#findRemoved = database.prepare('SELECT id FROM conversations WHERE removed <> 0 ORDER BY id LIMIT 1')
    this.#delete = database.prepare('DELETE FROM conversations WHERE id = ?')
    this.#names = database.prepare(
      `SELECT id, CAST(low AS BLOB) AS low, CAST(high AS BLOB) AS high FROM conversations
       WHERE id > ? AND removed = 0 ORDER BY id LIMIT ?`,
    )
    this.#all = database.prepare(
      `SELECT id, CAST(low AS BLOB) AS low, CAST(high AS BLOB) AS high, ${integers(...numbers, 'removed', 'crc')}
       FROM conversations WHERE id > ? ORDER BY id LIMIT ${inspectPageRows}`,
    )
    const row = database.prepare('SELECT coalesce(max(id), 0) AS id FROM conversations').get([])
    this.#lastId = (row as { readonly id: number }).id
  }

  /** Rows found damaged so far. */
  get damaged(): number {
    return this.#damaged
  }

  /** The conversation of a pair; its tally is right only where it has no messages any more. From a damaged row only who takes part is taken: nothing counts as read then. */
  find(pair: Pair): Conversation | undefined {
    const row = this.#find.get([pair.low, pair.high]) as Row | undefined
    if (row === undefined) return undefined
    const { id } = row
    if (
      checksum(
        pair,
        id,
        numbers.map((name) => row[name]),
      ) !== row.crc
    ) {
      this.#damaged++
      if (row.crc === removedMark) return undefined
      return { ...pair, id, tally: emptyTally, lowRead: 0, highRead: 0, hasDamagedEnd: false }
    }
    const tally: Tally = {
      last: row.last,
      lowTotal: row.low_total,
      highTotal: row.high_total,
      lowPlace: { epoch: row.low_epoch, seq: row.low_seq },
      highPlace: { epoch: row.high_epoch, seq: row.high_seq },
    }
    return { ...pair, id, tally, lowRead: row.low_read, highRead: row.high_read, hasDamagedEnd: false }
  }

  /** A new conversation; it has a row once it is saved. */
  create(pair: Pair): Conversation {
    this.#lastId++
    return { ...pair, id: this.#lastId, tally: emptyTally, lowRead: 0, highRead: 0, hasDamagedEnd: false }
  }

  /** Writes a conversation as it is now. */
  save(conversation: Conversation): void {
    const { id, low, high, lowRead, highRead, tally } = conversation
    const values = [
      lowRead,
      highRead,
      tally.last,
      tally.lowTotal,
      tally.highTotal,
      tally.lowPlace.epoch,
      tally.lowPlace.seq,
      tally.highPlace.epoch,
      tally.highPlace.seq,
    ]
    this.#put.run([id, low, high, ...values, checksum(conversation, id, values)])
  }

  /** With whom a user has talked, after a name, in the order of the names' UTF-8 bytes. */
  partners(user: string, after: string, limit: number): readonly string[] {
    const rows = [
      ...(this.#withHigher.all([user, after, limit]) as unknown as readonly (readonly [StoredText])[]),
      ...(this.#withLower.all([user, after, limit]) as unknown as readonly (readonly [StoredText])[]),
    ]
    return rows
      .map(([name]) => Buffer.from(name as ArrayBuffer))
      .sort(Buffer.compare)
      .slice(0, limit)
      .map(String)
  }

  /** The pairs of conversations by their ids, for what looks at all of them. */
  page(afterId: number, limit: number): readonly (Pair & { readonly id: number })[] {
    const rows = this.#names.all([afterId, limit]) as { id: number; low: ArrayBuffer; high: ArrayBuffer }[]
    return rows.map(({ id, low, high }) => ({ id, low: String(Buffer.from(low)), high: String(Buffer.from(high)) }))
  }

  /** All conversations, compared with their checksums. */
  *inspect(): Generator<InspectedConversation> {
    for (let after = 0; ; ) {
      const page = this.#all.all([after]) as (Row & { low: ArrayBuffer; high: ArrayBuffer; removed: number })[]
      for (const row of page) {
        // In a damaged file ids may run in circles.
        if (row.id <= after)
          throw new StoreError('storage_failed', 'The conversations are damaged: their order is wrong.')
        after = row.id
        const { id, crc } = row
        const pair = { low: String(Buffer.from(row.low)), high: String(Buffer.from(row.high)) }
        const isRemoved = row.removed !== 0
        const values = numbers.map((name) => row[name])
        yield { ...pair, id, isRemoved, isSound: crc === (isRemoved ? removedMark : checksum(pair, id, values)) }
      }
      if (page.length < inspectPageRows) return
    }
  }

  /** The pair of a conversation. */
  pairOf(id: number): Pair | undefined {
    const [found] = this.page(id - 1, 1)
    return found?.id === id ? found : undefined
  }

  /** All conversations of a user are over; their rows wait to be removed. */
  markRemoved(user: string): void {
    this.#markRemoved.run([user])
  }

  /** One whose messages are to be removed. */
  findRemoved(): number | undefined {
    return (this.#findRemoved.get([]) as { readonly id: number } | undefined)?.id
  }

  /** Removes the row. */
  delete(id: number): void {
    this.#delete.run([id])
  }
}

function checksum({ low, high }: Pair, id: number, values: readonly number[]): number {
  return crc32(JSON.stringify([id, low, high, ...values]))
}
