/** Inboxes as simple as they can be said: a list of messages for each user. What the real ones are compared with. */
import { beginning, comparePositions, laterPosition, type Position } from '../../src/mailbox/position.ts'

interface ModelMessage extends Position {
  readonly expires: number
  readonly noted: boolean
}

interface ModelDevice {
  cursor: Position
  lastSeen: number
  missing: number
  lost: Position
}

/** Frames of the tests all have this length, so that the mean of a segment's messages is exact. */
export const frameBytes = 24

export function frameOf(user: string, place: Position): Buffer {
  return Buffer.from(`\u0002${`${user}:${place.epoch}:${place.seq}`.padEnd(frameBytes - 2)}\u0003`)
}

export function framesOf(user: string, place: Position, count: number): Buffer {
  const frames = Array.from({ length: count }, (_, index) =>
    frameOf(user, { epoch: place.epoch, seq: place.seq + index }),
  )
  return Buffer.concat(frames)
}

/** One user. */
export class ModelInbox {
  messages: ModelMessage[] = []
  devices = new Map<string, ModelDevice>()
  dropped: Position = beginning
  delivered: Position = beginning
  floor: Position = beginning

  copy(): ModelInbox {
    const copy = new ModelInbox()
    Object.assign(copy, this)
    copy.messages = [...this.messages]
    copy.devices = new Map([...this.devices].map(([name, device]) => [name, { ...device }]))
    return copy
  }

  /** Gives the index from which the run was refused, and how many dropped messages somebody is told of. */
  append(
    run: Position & { count: number; expires: number; noted: boolean },
    messagesMax: number,
    dropsOldest: boolean,
  ): { refusedFrom: number | undefined; removed: number } {
    const fresh = Array.from({ length: run.count }, (_, index) => ({ ...run, seq: run.seq + index })).filter(
      (message) =>
        comparePositions(message, this.floor) > 0 &&
        !this.messages.some((there) => comparePositions(there, message) === 0),
    )
    let removed = 0
    if (dropsOldest) {
      while (this.messages.length > 0 && this.messages.length + fresh.length > messagesMax) {
        const message = this.messages[0] as ModelMessage
        removed += this.#lose(message)
        this.dropped = laterPosition(this.dropped, message)
        this.settle()
      }
    }
    for (const { epoch, seq, expires, noted } of fresh) {
      if (comparePositions({ epoch, seq }, this.floor) <= 0) continue
      if (this.messages.length >= messagesMax) return { refusedFrom: seq - run.seq, removed }
      this.messages.push({ epoch, seq, expires, noted })
      this.messages.sort(comparePositions)
    }
    return { refusedFrom: undefined, removed }
  }

  see(name: string, now: number): void {
    const device = this.devices.get(name)
    if (device === undefined) this.devices.set(name, { cursor: this.floor, lastSeen: now, missing: 0, lost: beginning })
    else device.lastSeen = now
  }

  /** Gives how many messages with notes reached their first device; none where that is not what is noted. */
  acknowledge(name: string, place: Position, now: number, isDelivered: boolean): number {
    this.see(name, now)
    const device = this.devices.get(name) as ModelDevice
    device.cursor = laterPosition(device.cursor, place)
    if (comparePositions(device.cursor, device.lost) >= 0) Object.assign(device, { missing: 0, lost: beginning })
    let delivered = 0
    if (isDelivered && comparePositions(place, this.delivered) > 0) {
      delivered = this.messages.filter(
        (message) =>
          message.noted && comparePositions(message, this.delivered) > 0 && comparePositions(message, place) <= 0,
      ).length
      this.delivered = place
    }
    this.settle()
    return delivered
  }

  /** Gives how many expired messages somebody is told of. */
  expire(now: number): number {
    const expired = this.messages.filter((message) => message.expires <= now)
    this.messages = this.messages.filter((message) => message.expires > now)
    return expired.reduce((sum, message) => sum + this.#lose(message), 0)
  }

  forget(before: number): number {
    const names = [...this.devices].filter(([name, device]) => name !== '' && device.lastSeen < before)
    for (const [name] of names) this.devices.delete(name)
    if (names.length > 0) this.settle()
    return names.length
  }

  settle(): void {
    const known = [...this.devices].filter(([name]) => name !== '').map(([, device]) => device.cursor)
    const all = known.sort(comparePositions)[0] ?? this.devices.get('')?.cursor ?? beginning
    this.floor = laterPosition(this.floor, laterPosition(all, this.dropped))
    this.messages = this.messages.filter((message) => comparePositions(message, this.floor) > 0)
  }

  after(place: Position): ModelMessage[] {
    return this.messages.filter((message) => comparePositions(message, place) > 0)
  }

  #lose(message: ModelMessage): number {
    for (const device of this.devices.values()) {
      if (comparePositions(device.cursor, message) >= 0) continue
      device.missing++
      device.lost = laterPosition(device.lost, { epoch: message.epoch, seq: message.seq })
    }
    return comparePositions(message, this.delivered) > 0 ? 1 : 0
  }
}
