/**
 * Notices that the files of a database were removed or replaced while they are open. The system goes on writing into files that have no name
 * any more, and SQLite does not look (in WAL mode): what is committed then is gone at the next start.
 */
import { statSync } from 'node:fs'
import { StoreError } from '../mailbox/store-error.ts'

/** See the head of the file. */
export class FileIdentity {
  readonly #path: string
  /** By path, as they were when the database was opened. */
  readonly #files = new Map<string, string>()

  /** @param path of a database that is open in WAL mode, and was read from */
  constructor(path: string) {
    this.#path = path
    for (const file of [path, `${path}-wal`]) {
      const found = identityOf(file)
      if (found !== undefined) this.#files.set(file, found)
    }
  }

  /** To be called before a commit. @throws StoreError `storage_failed` while another file, or none, is in the place of one */
  check(): void {
    for (const [file, identity] of this.#files) {
      if (identityOf(file) === identity) continue
      throw new StoreError(
        'storage_failed',
        `${file} was removed or replaced while it is in use: put it back, or stop the server and restore ${this.#path} from a backup.`,
      )
    }
  }
}

function identityOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false })
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`
}
