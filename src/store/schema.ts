/**
 * The tables and their versions. The version of the format stands in the file itself (`PRAGMA user_version`);
 * opening an older file brings it up to date, one step a version; a newer one is refused, untouched.
 */
import type Database from 'libsql'
import { StoreError } from '../mailbox/store-error.ts'

/**
 * Step n brings a file of version n to version n + 1. A step that was ever released is never edited:
 * a change of the tables is a new step at the end.
 *
 * `user_id` has SQLite's default collation BINARY: names are compared and ordered by their UTF-8 bytes.
 */
const migrations: readonly string[] = [
  `CREATE TABLE accounts (
     user_id       TEXT PRIMARY KEY NOT NULL,
     password_hash TEXT,
     role          TEXT NOT NULL CHECK (role IN ('user', 'operator')),
     disabled      INTEGER NOT NULL CHECK (disabled IN (0, 1)),
     generation    INTEGER NOT NULL,
     banned_until  INTEGER NOT NULL,
     created_at    INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE counters (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   INSERT INTO counters (name, value) VALUES ('first_generation', 1);
   CREATE TABLE secrets (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;`,
  // The log of a user's keys, and what was revoked, outlive the account: a new one of the same name goes on with them.
  `ALTER TABLE accounts ADD COLUMN signed_only INTEGER NOT NULL DEFAULT 0 CHECK (signed_only IN (0, 1));
   ALTER TABLE accounts ADD COLUMN end_to_end TEXT NOT NULL DEFAULT 'allow' CHECK (end_to_end IN ('allow', 'require', 'refuse'));
   CREATE TABLE device_keys (
     user_id     TEXT NOT NULL,
     thumbprint  TEXT NOT NULL,
     modulus     TEXT NOT NULL,
     exponent    TEXT NOT NULL,
     device_id   TEXT NOT NULL,
     enrolled_at INTEGER NOT NULL,
     approved_by TEXT NOT NULL,
     revoked_at  INTEGER,
     PRIMARY KEY (user_id, thumbprint)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE key_log (
     user_id     TEXT NOT NULL,
     number      INTEGER NOT NULL,
     kind        TEXT NOT NULL CHECK (kind IN ('enrol', 'revoke')),
     time        INTEGER NOT NULL,
     thumbprint  TEXT NOT NULL,
     approved_by TEXT NOT NULL,
     server      TEXT NOT NULL,
     signature   TEXT NOT NULL,
     previous    TEXT NOT NULL,
     hash        TEXT NOT NULL,
     PRIMARY KEY (user_id, number)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE key_resets (user_id TEXT PRIMARY KEY NOT NULL) STRICT, WITHOUT ROWID;`,
  // Inboxes. Segments have no index beside their id: who has which stands in memory, and is read again at the start.
  `CREATE TABLE segments (
     id         INTEGER PRIMARY KEY NOT NULL,
     user_id    TEXT NOT NULL,
     epoch      INTEGER NOT NULL,
     first_seq  INTEGER NOT NULL,
     count      INTEGER NOT NULL,
     expires    INTEGER NOT NULL,
     delimiters INTEGER NOT NULL,
     head_crc   INTEGER NOT NULL,
     crc        INTEGER NOT NULL,
     notes      BLOB,
     frames     BLOB NOT NULL
   ) STRICT;
   CREATE TABLE devices (
     user_id   TEXT NOT NULL,
     device_id TEXT NOT NULL,
     epoch     INTEGER NOT NULL,
     seq       INTEGER NOT NULL,
     last_seen INTEGER NOT NULL,
     missing   INTEGER NOT NULL,
     lost_epoch INTEGER NOT NULL,
     lost_seq  INTEGER NOT NULL,
     crc       INTEGER NOT NULL,
     PRIMARY KEY (user_id, device_id)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE inboxes (
     user_id         TEXT PRIMARY KEY NOT NULL,
     removed_epoch   INTEGER NOT NULL,
     removed_seq     INTEGER NOT NULL,
     delivered_epoch INTEGER NOT NULL,
     delivered_seq   INTEGER NOT NULL,
     crc             INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE id_journal (
     id         INTEGER PRIMARY KEY NOT NULL,
     written_at INTEGER NOT NULL,
     crc        INTEGER NOT NULL,
     entries    BLOB NOT NULL
   ) STRICT;
   INSERT INTO counters (name, value) VALUES ('epoch', 0), ('commits', 0), ('segments', 0);`,
  // The history. `low` and `high` are the two users of a conversation, in that order. What is said of its end (the last
  // position, how many messages of each, and the last numbers that each sent) stands in its last row, and here once that has gone.
  `CREATE TABLE conversations (
     id         INTEGER PRIMARY KEY NOT NULL,
     low        TEXT NOT NULL,
     high       TEXT NOT NULL,
     low_read   INTEGER NOT NULL,
     high_read  INTEGER NOT NULL,
     last       INTEGER NOT NULL,
     low_total  INTEGER NOT NULL,
     high_total INTEGER NOT NULL,
     low_epoch  INTEGER NOT NULL,
     low_seq    INTEGER NOT NULL,
     high_epoch INTEGER NOT NULL,
     high_seq   INTEGER NOT NULL,
     removed    INTEGER NOT NULL,
     crc        INTEGER NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX conversations_low ON conversations (low, high) WHERE removed = 0;
   CREATE INDEX conversations_high ON conversations (high, low) WHERE removed = 0;
   CREATE INDEX conversations_removed ON conversations (id) WHERE removed <> 0;
   CREATE TABLE history (
     id           INTEGER PRIMARY KEY NOT NULL,
     conversation INTEGER NOT NULL,
     first        INTEGER NOT NULL,
     last         INTEGER NOT NULL,
     low_total    INTEGER NOT NULL,
     high_total   INTEGER NOT NULL,
     low_epoch    INTEGER NOT NULL,
     low_seq      INTEGER NOT NULL,
     high_epoch   INTEGER NOT NULL,
     high_seq     INTEGER NOT NULL,
     time         INTEGER NOT NULL,
     delimiters   INTEGER NOT NULL,
     head_crc     INTEGER NOT NULL,
     crc          INTEGER NOT NULL,
     pieces       BLOB NOT NULL,
     frames       BLOB NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX history_place ON history (conversation, first);
   INSERT INTO counters (name, value) VALUES ('probes', 0);`,
  `CREATE TABLE receipt_askers (
     user_id  TEXT PRIMARY KEY NOT NULL,
     asked_at INTEGER NOT NULL,
     crc      INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
]

/** The version of the format that this program writes. */
export const schemaVersion: number = migrations.length

/**
 * Brings the tables to this program's version, each step in a transaction of its own.
 *
 * @throws StoreError when the file is of a newer version
 */
export function migrate(database: Database.Database, file: string): void {
  let version = readVersion(database)
  if (version > schemaVersion) {
    throw new StoreError(
      'storage_failed',
      `${file} has format version ${version}, and this program knows versions up to ${schemaVersion}: start the newer program that wrote it.`,
    )
  }
  while (version < schemaVersion) {
    // Takes the write lock first, then looks again: another process may be at the same step.
    database.exec('BEGIN IMMEDIATE')
    try {
      version = readVersion(database)
      const step = migrations[version]
      if (step !== undefined) {
        database.exec(step)
        version++
        database.exec(`PRAGMA user_version = ${version}`)
      }
      database.exec('COMMIT')
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK')
      throw error
    }
  }
}

/** The version of the format that a file has; 0 for a new one. */
export function readVersion(database: Database.Database): number {
  const row = database.prepare('PRAGMA user_version').get([]) as { readonly user_version: number }
  return row.user_version
}
