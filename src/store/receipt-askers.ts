/**
 * The rows of users who asked for receipts, so that they get them after a restart as well. A row that is damaged is nobody's:
 * its user asks again at the next login.
 */
import type Database from 'libsql'
import type { InboxCalls, ReceiptAsker } from '../mailbox/inbox-messages.ts'
import { crc32 } from './checksum.ts'
import { integers } from './segment-table.ts'

interface Row {
  readonly user_id: ArrayBuffer
  readonly asked_at: number
  readonly crc: number
}

/** See the head of the file. Methods throw what SQLite throws. */
export class ReceiptAskers {
  readonly #put: Database.Statement
  readonly #delete: Database.Statement
  readonly #list: Database.Statement

  constructor(database: Database.Database) {
    // An account that was removed meanwhile has nothing to be told.
    this.#put = database.prepare(
      `INSERT OR REPLACE INTO receipt_askers (user_id, asked_at, crc)
       SELECT user_id, ?2, ?3 FROM accounts WHERE user_id = ?1`,
    )
    this.#delete = database.prepare('DELETE FROM receipt_askers WHERE user_id = ?')
    this.#list = database.prepare(
      `SELECT CAST(user_id AS BLOB) AS user_id, ${integers('asked_at', 'crc')}
       FROM receipt_askers ORDER BY receipt_askers.asked_at, receipt_askers.user_id LIMIT ? OFFSET ?`,
    )
  }

  /** See {@link InboxCalls}. */
  noteReceiptAskers({ askers }: InboxCalls['noteReceiptAskers']['take']): true {
    for (const asker of askers) {
      if (asker.askedAt === undefined) this.forgetUser(asker.user)
      else this.#put.run([asker.user, asker.askedAt, checksum(asker.user, asker.askedAt)])
    }
    return true
  }

  /** See {@link InboxCalls}. */
  listReceiptAskers(take: InboxCalls['listReceiptAskers']['take']): InboxCalls['listReceiptAskers']['give'] {
    const { askers, rows } = this.#page(take)
    return { askers, more: rows === take.limit }
  }

  /** An account is gone, or asks no more. */
  forgetUser(user: string): void {
    this.#delete.run([user])
  }

  /** How many rows are not what was written. Reads them all. */
  countDamaged(): number {
    const { askers, rows } = this.#page({ from: 0, limit: -1 })
    return rows - askers.length
  }

  #page(take: { readonly from: number; readonly limit: number }): { askers: ReceiptAsker[]; rows: number } {
    const rows = this.#list.all([take.limit, take.from]) as Row[]
    const askers = rows.flatMap((row) => {
      const user = Buffer.from(row.user_id).toString()
      return checksum(user, row.asked_at) === row.crc ? [{ user, askedAt: row.asked_at }] : []
    })
    return { askers, rows: rows.length }
  }
}

function checksum(user: string, askedAt: number): number {
  return crc32(JSON.stringify([user, askedAt]))
}
