/** The durable counter of epochs: each start of the server gets the next number, so no message's place is given twice. */
import type Database from 'libsql'

/** See the head of the file. Methods throw what SQLite throws. */
export class EpochCounter {
  readonly #raise: Database.Statement
  #current: number

  constructor(database: Database.Database) {
    const row = database.prepare(`SELECT value FROM counters WHERE name = 'epoch'`).get([])
    this.#current = (row as { readonly value: number }).value
    this.#raise = database.prepare(`UPDATE counters SET value = value + 1 WHERE name = 'epoch' RETURNING value`)
  }

  /** The epoch of this server, or of the one before while this one has not begun its own. */
  get current(): number {
    return this.#current
  }

  /** Begins the next epoch. It counts once the caller's transaction is committed; one that is rolled back leaves a number out at worst. */
  begin(): number {
    this.#current = (this.#raise.get([]) as { readonly value: number }).value
    return this.#current
  }
}
