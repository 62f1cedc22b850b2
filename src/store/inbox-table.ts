/** The rows of inboxes beside their segments: devices, and how far messages were dropped and delivered. */
import type Database from 'libsql'
import type { Position } from '../mailbox/position.ts'
import { crc32 } from './checksum.ts'
import type { Device } from './devices.ts'
import type { Inbox } from './inbox.ts'
import { integers } from './segment-table.ts'

interface DeviceRow {
  readonly user_id: ArrayBuffer
  readonly device_id: ArrayBuffer
  readonly epoch: number
  readonly seq: number
  readonly last_seen: number
  readonly missing: number
  readonly lost_epoch: number
  readonly lost_seq: number
  readonly crc: number
}

interface InboxRow {
  readonly user_id: ArrayBuffer
  readonly removed_epoch: number
  readonly removed_seq: number
  readonly delivered_epoch: number
  readonly delivered_seq: number
  readonly crc: number
}

/** See the head of the file. Methods throw what SQLite throws. */
export class InboxTable {
  readonly #putDevice: Database.Statement
  readonly #deleteDevice: Database.Statement
  readonly #putInbox: Database.Statement
  readonly #deleteInbox: Database.Statement
  readonly #devices: Database.Statement
  readonly #inboxes: Database.Statement

  constructor(database: Database.Database) {
    this.#putDevice = database.prepare(
      `INSERT OR REPLACE INTO devices (user_id, device_id, epoch, seq, last_seen, missing, lost_epoch, lost_seq, crc)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#deleteDevice = database.prepare('DELETE FROM devices WHERE user_id = ? AND device_id = ?')
    this.#putInbox = database.prepare(
      `INSERT OR REPLACE INTO inboxes (user_id, removed_epoch, removed_seq, delivered_epoch, delivered_seq, crc)
       VALUES (?, ?, ?, ?, ?, ?)`,
    )
    this.#deleteInbox = database.prepare('DELETE FROM inboxes WHERE user_id = ?')
    this.#devices = database.prepare(
      `SELECT CAST(user_id AS BLOB) AS user_id, CAST(device_id AS BLOB) AS device_id,
         ${integers('epoch', 'seq', 'last_seen', 'missing', 'lost_epoch', 'lost_seq', 'crc')}
       FROM devices`,
    )
    this.#inboxes = database.prepare(
      `SELECT CAST(user_id AS BLOB) AS user_id,
         ${integers('removed_epoch', 'removed_seq', 'delivered_epoch', 'delivered_seq', 'crc')}
       FROM inboxes`,
    )
  }

  /** Writes a device as it is now, or removes it when the user has it no more. */
  saveDevice(user: string, name: string, device: Device | undefined): void {
    if (device === undefined) {
      this.#deleteDevice.run([user, name])
      return
    }
    const { cursor, lastSeen, missing, lost } = device
    this.#putDevice.run([
      user,
      name,
      cursor.epoch,
      cursor.seq,
      lastSeen,
      missing,
      lost.epoch,
      lost.seq,
      checksum(user, name, cursor),
    ])
  }

  /** Writes how far an inbox was dropped and delivered. */
  saveInbox({ user, dropped, delivered }: Inbox): void {
    if (dropped.epoch === 0 && delivered.epoch === 0) this.#deleteInbox.run([user])
    else
      this.#putInbox.run([
        user,
        dropped.epoch,
        dropped.seq,
        delivered.epoch,
        delivered.seq,
        checksum(user, '', dropped),
      ])
  }

  /**
   * Reads everything back into the inboxes that `inboxOf` gives, and raises their floors. Gives how many rows were not
   * what was written: those are left out, for a place that went wrong would make messages pass for acknowledged.
   */
  load(inboxOf: (user: string) => Inbox): number {
    let damaged = 0
    const seen = new Set<Inbox>()
    for (const row of this.#devices.all([]) as DeviceRow[]) {
      const user = Buffer.from(row.user_id).toString()
      const name = Buffer.from(row.device_id).toString()
      const cursor = { epoch: row.epoch, seq: row.seq }
      if (checksum(user, name, cursor) !== row.crc) {
        damaged++
        continue
      }
      const inbox = inboxOf(user)
      seen.add(inbox)
      inbox.devices.byName.set(name, {
        cursor,
        lastSeen: row.last_seen,
        missing: row.missing,
        lost: { epoch: row.lost_epoch, seq: row.lost_seq },
      })
    }
    for (const row of this.#inboxes.all([]) as InboxRow[]) {
      const user = Buffer.from(row.user_id).toString()
      const dropped = { epoch: row.removed_epoch, seq: row.removed_seq }
      if (checksum(user, '', dropped) !== row.crc) {
        damaged++
        continue
      }
      const inbox = inboxOf(user)
      seen.add(inbox)
      inbox.load({
        dropped,
        delivered: { epoch: row.delivered_epoch, seq: row.delivered_seq },
      })
    }
    for (const inbox of seen) inbox.settle()
    return damaged
  }
}

/** Over what decides whether messages are kept. */
function checksum(user: string, device: string, place: Position): number {
  return crc32(JSON.stringify([user, device, place.epoch, place.seq]))
}
