/**
 * How texts are read out of the database: as bytes, decoded here. libsql 0.5 ends the whole process on a TEXT that is no
 * UTF-8, and a flipped bit on the disk makes one.
 */
import { StoreError } from '../mailbox/store-error.ts'

/** Bytes as libsql gives them: Buffers from `get`, ArrayBuffers from `all`. */
export type StoredText = Uint8Array | ArrayBuffer

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Columns of texts for a `SELECT` or a `RETURNING`, to be read with {@link textOf}. */
export function texts(...columns: readonly string[]): string {
  return columns.map((column) => `CAST(${column} AS BLOB) AS ${column}`).join(', ')
}

/**
 * The text of a column.
 *
 * @param what it belongs to, for people: "the account of bob"
 * @throws StoreError `storage_failed` when the bytes are no text, and so not what was written
 */
export function textOf(stored: StoredText, what: string): string {
  try {
    return decoder.decode(stored)
  } catch (error) {
    throw new StoreError(
      'storage_failed',
      `A text of ${what} in the database is damaged: run parley verify, and restore a backup.`,
      { cause: error },
    )
  }
}
