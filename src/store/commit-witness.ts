/**
 * A small file beside the database that says how many commits there were. It is written after each commit and not synced, so it is
 * never ahead of what was committed; when the database has fewer commits than it says, the end of its journal is gone.
 * SQLite can't tell: it takes a journal that was cut, or has a flipped bit, for one that ends there.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** The name of the file is that of the database and this. */
export const witnessSuffix = '-commits'

const digits = 16

/** See the head of the file. Never throws: a witness that can't be kept harms nothing else. */
export class CommitWitness {
  readonly #descriptor: number | undefined
  readonly #found: number | undefined

  constructor(databasePath: string) {
    try {
      this.#descriptor = openSync(`${databasePath}${witnessSuffix}`, 'a', 0o600)
      closeSync(this.#descriptor)
      this.#descriptor = openSync(`${databasePath}${witnessSuffix}`, 'r+')
      this.#found = readCount(this.#descriptor)
    } catch {
      // As above.
    }
  }

  /** How many commits the witness of a database tells of; undefined where that is not known. Leaves the file alone. */
  static read(databasePath: string): number | undefined {
    try {
      const descriptor = openSync(`${databasePath}${witnessSuffix}`, 'r')
      try {
        return readCount(descriptor)
      } finally {
        closeSync(descriptor)
      }
    } catch {
      return undefined
    }
  }

  /** How many commits there were when it was opened; undefined where that is not known. */
  get found(): number | undefined {
    return this.#found
  }

  /** Notes the number of the last commit. */
  note(commits: number): void {
    if (this.#descriptor === undefined) return
    try {
      writeSync(this.#descriptor, `${String(commits).padStart(digits, '0')}\n`, 0)
    } catch {
      // A full disk, say. The old number stands, which is less than the true one.
    }
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
  }
}

function readCount(descriptor: number): number | undefined {
  const bytes = Buffer.alloc(digits)
  readSync(descriptor, bytes, 0, digits, 0)
  const text = bytes.toString('latin1')
  return /^\d+$/.test(text) && text.length === digits ? Number(text) : undefined
}
