/**
 * The devices of one user: how far each has acknowledged, and what each lost. A client without a device of its own
 * counts as the device with the empty name, which nothing waits for while there are others.
 */
import { beginning, comparePositions, laterPosition, type Position } from '../mailbox/position.ts'

/** One device. A change makes a new object, so that the old one can be put back. */
export interface Device {
  readonly cursor: Position
  /** Unix milliseconds. */
  readonly lastSeen: number
  /** How many messages left unread since it last acknowledged; 0 where that is not known. */
  readonly missing: number
  /** The last of those. */
  readonly lost: Position
}

/** The name that all clients without a device of their own share. */
export const sharedDevice = ''

/** See the head of the file. */
export class Devices {
  readonly byName: Map<string, Device>

  constructor(byName: Map<string, Device> = new Map()) {
    this.byName = byName
  }

  /** Up to where nothing needs to be kept: all devices have it; where there is none, any client has. */
  floor(): Position {
    let floor: Position | undefined
    for (const [name, { cursor }] of this.byName) {
      if (name === sharedDevice) continue
      if (floor === undefined || comparePositions(cursor, floor) < 0) floor = cursor
    }
    return floor ?? this.byName.get(sharedDevice)?.cursor ?? beginning
  }

  /** How far the device that is ahead has come, the shared one aside: that one's clients may not have acknowledged. */
  furthest(): Position {
    let furthest = beginning
    for (const [name, { cursor }] of this.byName) {
      if (name !== sharedDevice) furthest = laterPosition(furthest, cursor)
    }
    return furthest
  }

  /** Notes that a device is there; a new one begins at `floor`. Gives the device. */
  see(name: string, floor: Position, now: number): Device {
    const known = this.byName.get(name)
    const device =
      known === undefined
        ? { cursor: floor, lastSeen: now, missing: 0, lost: beginning }
        : { ...known, lastSeen: Math.max(known.lastSeen, now) }
    this.byName.set(name, device)
    return device
  }

  /** Moves a device's cursor on, never back; what was lost before it is settled. False when the device is not known or was further. */
  acknowledge(name: string, place: Position, now: number): boolean {
    const device = this.byName.get(name)
    if (device === undefined) return false
    const moves = comparePositions(place, device.cursor) > 0
    const cursor = moves ? place : device.cursor
    const settled = comparePositions(cursor, device.lost) >= 0
    this.byName.set(name, {
      cursor,
      lastSeen: Math.max(device.lastSeen, now),
      missing: settled ? 0 : device.missing,
      lost: settled ? beginning : device.lost,
    })
    return moves
  }

  /** Messages `from` to `to` of an epoch are gone for whoever has not acknowledged them. Gives the names of those devices. */
  lose(epoch: number, from: number, to: number): readonly string[] {
    const losers: string[] = []
    const last = { epoch, seq: to }
    for (const [name, device] of this.byName) {
      if (comparePositions(device.cursor, last) >= 0) continue
      const first = device.cursor.epoch === epoch ? Math.max(from, device.cursor.seq + 1) : from
      this.byName.set(name, {
        ...device,
        missing: device.missing + to - first + 1,
        lost: laterPosition(device.lost, last),
      })
      losers.push(name)
    }
    return losers
  }

  /** Something up to a place is not to be had for whoever has not acknowledged it, nobody knows how much. Gives the names of those devices. */
  miss(place: Position): readonly string[] {
    const losers = [...this.byName].filter(
      ([, { cursor, lost }]) => comparePositions(cursor, place) < 0 && comparePositions(lost, place) < 0,
    )
    for (const [name, device] of losers) this.byName.set(name, { ...device, missing: 0, lost: place })
    return losers.map(([name]) => name)
  }

  /** Forgets those that were not seen since a moment, but for the shared one. Gives their names. */
  forget(before: number): readonly string[] {
    const names = [...this.byName].filter(([name, device]) => name !== sharedDevice && device.lastSeen < before)
    for (const [name] of names) this.byName.delete(name)
    return names.map(([name]) => name)
  }

  /** The name of the device that was away longest, when there are more than `max`, the shared one aside. */
  stalest(max: number): string | undefined {
    let count = 0
    let stalest: { readonly name: string; readonly lastSeen: number } | undefined
    for (const [name, { lastSeen }] of this.byName) {
      if (name === sharedDevice) continue
      count++
      if (stalest === undefined || lastSeen < stalest.lastSeen) stalest = { name, lastSeen }
    }
    return count > max ? stalest?.name : undefined
  }
}
