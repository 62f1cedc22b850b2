/** A store in memory for tests of the router: the store's own pure parts, with a queue that is worked off when the test says so. */
import type { InboxRun } from '../../../src/mailbox/inbox-messages.ts'
import { beginning, comparePositions } from '../../../src/mailbox/position.ts'
import type { RouterEffect, RouterEvent } from '../../../src/router/events.ts'
import { sharedDevice } from '../../../src/store/devices.ts'
import { bytesOfFrames } from '../../../src/store/frame-bytes.ts'
import { Inbox } from '../../../src/store/inbox.ts'
import { readInbox } from '../../../src/store/inbox-reader.ts'
import { judgeResume } from '../../../src/store/resume.ts'
import type { Segment } from '../../../src/store/segment.ts'

const END = 0x03

/** What the store is asked. */
export type StoreEffect = Extract<
  RouterEffect,
  {
    kind:
      | 'append'
      | 'openInbox'
      | 'readInbox'
      | 'noteAcknowledged'
      | 'noteWritten'
      | 'noteMissed'
      | 'journal'
      | 'findUser'
  }
>

export function isStoreEffect(effect: RouterEffect): effect is StoreEffect {
  return [
    'append',
    'openInbox',
    'readInbox',
    'noteAcknowledged',
    'noteWritten',
    'noteMissed',
    'journal',
    'findUser',
  ].includes(effect.kind)
}

/** How the store is just now. */
export type StoreMood = 'well' | 'full' | 'dead'

/** See the head of the file. */
export class FakeStore {
  epoch = 0
  mood: StoreMood = 'well'
  readonly inboxes = new Map<string, Inbox>()
  readonly frames = new Map<number, Uint8Array>()
  readonly journal: Uint8Array[] = []
  /** Every frame that was ever committed, as text. */
  readonly committed = new Set<string>()
  readonly #users: ReadonlySet<string>
  readonly #messagesMax: number
  #queue: StoreEffect[] = []
  #notes: (() => void)[] = []
  #lastId = 0

  constructor(users: readonly string[], messagesMax: number) {
    this.#users = new Set(users)
    this.#messagesMax = messagesMax
  }

  openEpoch(): number {
    return ++this.epoch
  }

  /** Whether it was ended with notes that it could not write down. */
  isForgetful = false

  get waiting(): number {
    return this.#queue.length
  }

  ask(effect: StoreEffect): void {
    this.#queue.push(
      effect.kind === 'append' ? { ...effect, run: { ...effect.run, frames: Buffer.from(effect.run.frames) } } : effect,
    )
  }

  /** Works off so many; gives the answers. */
  work(count: number): RouterEvent[] {
    if (this.mood === 'dead') return []
    return this.#queue.splice(0, count).flatMap((effect) => this.#do(effect))
  }

  /** Does so many without an answer: the thread died after its commit. They are asked again when there is a store. */
  die(count: number): void {
    if (this.mood === 'well') for (const effect of this.#queue.slice(0, count)) this.#do(effect)
    this.mood = 'dead'
  }

  /** The process ends, some commits later. */
  crash(count: number): void {
    if (this.mood === 'well') for (const effect of this.#queue.slice(0, count)) this.#do(effect)
    const left = this.mood === 'well' ? this.#queue.slice(count) : this.#queue
    this.isForgetful ||= this.#notes.length > 0 || left.some(({ kind }) => kind === 'noteMissed')
    this.#queue = []
    this.#notes = []
    this.mood = 'well'
  }

  #do(effect: StoreEffect): RouterEvent[] {
    if (this.mood === 'well') for (const note of this.#notes.splice(0)) note()
    switch (effect.kind) {
      case 'findUser':
        return [
          { kind: 'userFound', userId: effect.userId, found: this.#users.has(effect.userId) ? 'exists' : 'unknown' },
        ]
      case 'append':
        return [this.#append(effect.run)]
      case 'openInbox':
        return [this.#open(effect)]
      case 'readInbox': {
        const { user, connection, after, bytesMax } = effect
        const table = { readFrames: (_: string, { id }: Segment) => this.frames.get(id) }
        const page = readInbox(this.#inbox(user), table, { after, bytesMax }, END)
        return [{ kind: 'inboxRead', user, connection, page }]
      }
      case 'noteAcknowledged': {
        const { user, device, epoch, seq } = effect.acknowledgement
        this.#note(() => this.#acknowledge(user, device, { epoch, seq }))
        return []
      }
      case 'noteWritten':
        this.#note(() => this.#acknowledge(effect.user, sharedDevice, effect))
        return []
      case 'noteMissed': {
        const { user, epoch, seq } = effect
        this.#note(() => void this.#inbox(user).devices.miss({ epoch, seq }))
        return []
      }
      case 'journal':
        if (this.mood !== 'full') this.journal.push(effect.entries)
        return []
      default:
        effect satisfies never
        return []
    }
  }

  /** What can't be noted now is noted as soon as that can be, before anything else. */
  #note(note: () => void): void {
    if (this.mood === 'full') this.#notes.push(note)
    else note()
  }

  #append(run: InboxRun): RouterEvent {
    const { user, seq, count } = run
    const stored = { user, seq, count, refused: undefined }
    const inbox = this.#inbox(user)
    const part = inbox.newPart(run)
    if (this.mood === 'full' && part.count > 0) {
      return { kind: 'runsStored', runs: [{ ...stored, refused: { from: part.skip, code: 'storage_full' } }] }
    }
    const room = Math.min(part.count, Math.max(0, this.#messagesMax - inbox.count))
    if (room > 0) {
      const from = bytesOfFrames(run.frames, part.skip, END)
      const frames = run.frames.subarray(from, from + bytesOfFrames(run.frames.subarray(from), room, END))
      const id = ++this.#lastId
      this.frames.set(id, frames)
      inbox.add({
        id,
        epoch: run.epoch,
        firstSeq: seq + part.skip,
        count: room,
        bytes: frames.length,
        expires: run.expires,
        noted: false,
      })
      for (const frame of Buffer.from(frames).toString().split('\u0003')) this.committed.add(frame)
      this.journal.push(run.ids.subarray(part.skip * 32, (part.skip + room) * 32))
    }
    if (room === part.count) return { kind: 'runsStored', runs: [stored] }
    return { kind: 'runsStored', runs: [{ ...stored, refused: { from: part.skip + room, code: 'inbox_full' } }] }
  }

  #open({ connection, take }: Extract<StoreEffect, { kind: 'openInbox' }>): RouterEvent {
    const { user, acknowledges } = take
    if (this.mood === 'full') return { kind: 'inboxOpened', user, connection, opened: undefined }
    const inbox = this.#inbox(user)
    const name = acknowledges ? take.device : sharedDevice
    const resume = acknowledges ? take.resume : undefined
    const verdict = judgeResume(inbox, inbox.devices.byName.get(name), resume, this.epoch)
    if (acknowledges) {
      inbox.devices.see(name, inbox.floor, 0)
      if (resume !== undefined && comparePositions(verdict.cursor, resume) >= 0) this.#acknowledge(user, name, resume)
    }
    const devices = [...inbox.devices.byName.keys()].filter((device) => device !== sharedDevice)
    const opened = { ...verdict, ...inbox.waitingAfter(verdict.cursor), devices, delivered: [] }
    return { kind: 'inboxOpened', user, connection, opened }
  }

  #acknowledge(user: string, device: string, place: { epoch: number; seq: number }): void {
    const inbox = this.#inbox(user)
    inbox.devices.see(device, inbox.floor, 0)
    inbox.devices.acknowledge(device, { epoch: place.epoch, seq: place.seq }, 0)
    inbox.deliver(place)
    inbox.settle()
  }

  /** Everything is past its time, also what is on its way here. */
  expireAll(): void {
    this.#queue = this.#queue.map((effect) =>
      effect.kind === 'append' ? { ...effect, run: { ...effect.run, expires: 0 } } : effect,
    )
    this.expire(Number.MAX_SAFE_INTEGER)
  }

  /** What is past its time leaves. */
  expire(now: number): void {
    for (const inbox of this.inboxes.values()) {
      for (const { segment, from, to } of inbox.expire(now)) inbox.devices.lose(segment.epoch, from, to)
    }
  }

  known(): string[] {
    return [...this.inboxes].filter(([, inbox]) => !inbox.isBlank).map(([user]) => user)
  }

  #inbox(user: string): Inbox {
    const inbox = this.inboxes.get(user) ?? new Inbox(user)
    this.inboxes.set(user, inbox)
    return inbox
  }

  cursorOf(user: string, device: string): { epoch: number; seq: number } {
    return this.inboxes.get(user)?.devices.byName.get(device)?.cursor ?? beginning
  }
}
