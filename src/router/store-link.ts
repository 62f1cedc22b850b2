/**
 * The router's way to the inboxes in the storage thread. What is asked goes there in order; when the thread dies, what has no
 * answer is asked again of the one that stands in for it: nothing of that does harm when it is done twice. What need not
 * be waited for is gathered, and goes once a turn. Runs on: the main thread.
 */
import type {
  Acknowledgement,
  AppendedMessage,
  InboxCalls,
  InboxRun,
  NotedRun,
  Ticket,
} from '../mailbox/inbox-messages.ts'
import { comparePositions, type Position } from '../mailbox/position.ts'
import type { RouterEffect, RouterEvent } from './events.ts'
import type { StoredRun } from './inbox/storing.ts'

/** What the link needs of the storage thread. */
export interface InboxStore {
  /** -1 when there is too much to do just now. */
  append(run: InboxRun): Ticket | -1
  /** Rejects with an error that has a `code`. */
  call<Name extends keyof InboxCalls>(name: Name, take: InboxCalls[Name]['take']): Promise<InboxCalls[Name]['give']>
}

/** What the router asks of the store. */
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
      | 'noteReceiptAsker'
      | 'journal'
  }
>

/** A request that waits for its turn, or for its answer. */
type Asked =
  | { readonly kind: 'run'; readonly run: InboxRun }
  | { readonly kind: 'call'; readonly start: (store: InboxStore) => Promise<RouterEvent | undefined> }

/** How the store is at the moment. */
type Link = { readonly kind: 'up'; readonly store: InboxStore } | { readonly kind: 'down' }

/** After the store had no room for a run. */
const retryMs = 5
/** After it could not write a note, on a full disk mostly. */
const notesRetryMs = 500

/** See the head of the file. */
export class StoreLink {
  readonly #post: (event: RouterEvent) => void
  #link: Link = { kind: 'down' }
  /** In the order in which they were asked. */
  #unsent: Asked[] = []
  readonly #unanswered = new Set<Asked>()
  /** Of those the runs, the oldest first: they are answered in that order. */
  #runs: Extract<Asked, { kind: 'run' }>[] = []
  readonly #acknowledgements = new Map<string, Acknowledgement>()
  readonly #written = new Map<string, { readonly user: string } & Position>()
  readonly #missed = new Map<string, { readonly user: string } & Position>()
  /** By their users. */
  readonly #askers = new Map<string, number | undefined>()
  #journal: Uint8Array[] = []
  #isScheduled = false
  /** Notes that were sent and are not answered. */
  #notesUnderWay = 0

  constructor(post: (event: RouterEvent) => void) {
    this.#post = post
  }

  /** How many requests have no answer. */
  get waiting(): number {
    return this.#unsent.length + this.#unanswered.size + this.#notesUnderWay + this.#gathered()
  }

  #gathered(): number {
    return (
      this.#acknowledgements.size + this.#written.size + this.#missed.size + this.#askers.size + this.#journal.length
    )
  }

  /** There is a store: what has no answer is asked of it. */
  attach(store: InboxStore): void {
    this.#link = { kind: 'up', store }
    this.#post({ kind: 'storeChanged', isDown: false })
    this.#schedule()
  }

  /** The store is gone. */
  detach(): void {
    if (this.#link.kind === 'down') return
    this.#link = { kind: 'down' }
    this.#unsent = [...this.#unanswered, ...this.#unsent]
    this.#unanswered.clear()
    this.#runs = []
    this.#post({ kind: 'storeChanged', isDown: true })
  }

  /** Asks; the answer comes as an event. */
  ask(effect: StoreEffect): void {
    switch (effect.kind) {
      case 'append':
        this.#unsent.push({ kind: 'run', run: effect.run })
        break
      case 'openInbox': {
        const { connection, take } = effect
        const { user } = take
        this.#call(
          'openInbox',
          () => take,
          (opened) => ({ kind: 'inboxOpened', connection, user, opened }),
        )
        break
      }
      case 'readInbox': {
        const { connection, user, after, bytesMax } = effect
        this.#call(
          'readInbox',
          () => ({ user, after, bytesMax }),
          (page) => ({ kind: 'inboxRead', connection, user, page }),
        )
        break
      }
      case 'noteAcknowledged':
        this.#noteAcknowledged(effect.acknowledgement)
        break
      case 'noteWritten': {
        const { user, epoch, seq } = effect
        noteLatest(this.#written, { user, epoch, seq })
        break
      }
      case 'noteMissed': {
        const { user, epoch, seq } = effect
        noteLatest(this.#missed, { user, epoch, seq })
        break
      }
      case 'noteReceiptAsker':
        this.#askers.set(effect.user, effect.askedAt)
        break
      case 'journal':
        this.#journal.push(effect.entries)
        break
      default:
        effect satisfies never
    }
    this.#schedule()
  }

  #noteAcknowledged(acknowledgement: Acknowledgement): void {
    const key = JSON.stringify([acknowledgement.user, acknowledgement.device])
    const noted = this.#acknowledgements.get(key)
    if (noted === undefined || comparePositions(acknowledgement, noted) > 0) {
      this.#acknowledgements.set(key, acknowledgement)
    }
  }

  #call<Name extends 'openInbox' | 'readInbox'>(
    name: Name,
    take: () => InboxCalls[Name]['take'],
    eventOf: (give: InboxCalls[Name]['give'] | undefined) => RouterEvent,
  ): void {
    // An acknowledgement that was gathered before must be known when a device is asked for.
    if (name === 'openInbox') this.#sendNotes()
    const start = (store: InboxStore): Promise<RouterEvent> =>
      store.call(name, take()).then(eventOf, () => eventOf(undefined))
    this.#unsent.push({ kind: 'call', start })
  }

  /** Once a turn, so that what comes together goes together. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#link.kind === 'down') return
    const { store } = this.#link
    this.#sendAskers(store)
    let sent = 0
    for (const asked of this.#unsent) {
      if (asked.kind === 'run') {
        if (store.append(asked.run) === -1) break
        this.#runs.push(asked)
      } else {
        this.#start(store, asked)
      }
      this.#unanswered.add(asked)
      sent++
    }
    this.#unsent.splice(0, sent)
    if (this.#unsent.length > 0) setTimeout(() => this.#schedule(), retryMs).unref()
    else this.#sendNotes()
  }

  #start(store: InboxStore, asked: Extract<Asked, { kind: 'call' }>): void {
    void asked.start(store).then((event) => {
      // A thread that died has answered nothing: it is asked of the next one.
      if (this.#link.kind === 'down' || this.#link.store !== store) return
      this.#unanswered.delete(asked)
      if (event !== undefined) this.#post(event)
    })
  }

  /** Ahead of everything else: of a message that is answered `stored` it is on the disk as well who wants to hear of it. */
  #sendAskers(store: InboxStore): void {
    if (this.#askers.size === 0) return
    const askers = [...this.#askers].map(([user, askedAt]) => ({ user, askedAt }))
    this.#askers.clear()
    this.#note(store.call('noteReceiptAskers', { askers }), () => {
      for (const { user, askedAt } of askers) if (!this.#askers.has(user)) this.#askers.set(user, askedAt)
    })
  }

  #sendNotes(): void {
    if (this.#link.kind === 'down') return
    const { store } = this.#link
    const acknowledgements = [...this.#acknowledgements.values()]
    const written = [...this.#written.values()]
    const missed = [...this.#missed.values()]
    const entries = this.#journal
    this.#acknowledgements.clear()
    this.#written.clear()
    this.#missed.clear()
    this.#journal = []
    if (acknowledgements.length > 0) {
      const done = store.call('acknowledge', { acknowledgements }).then(({ delivered }) => this.#onDelivered(delivered))
      this.#note(done, () => {
        for (const acknowledgement of acknowledgements) this.#noteAcknowledged(acknowledgement)
      })
    }
    if (written.length > 0) {
      this.#note(store.call('noteWritten', { written }), () => {
        for (const place of written) noteLatest(this.#written, place)
      })
    }
    // After the acknowledgements of those who miss nothing.
    if (missed.length > 0) {
      this.#note(store.call('noteMissed', { missed }), () => {
        for (const place of missed) noteLatest(this.#missed, place)
      })
    }
    // Whoever sends again what is not written down is told apart by its receiver.
    if (entries.length > 0) this.#note(store.call('journalIds', { entries: Buffer.concat(entries) }), () => {})
  }

  #onDelivered(delivered: readonly NotedRun[]): void {
    if (delivered.length > 0) this.#post({ kind: 'runsDelivered', delivered })
  }

  /** What could not be noted is noted later: places only go forward. */
  #note(done: Promise<unknown>, again: () => void): void {
    this.#notesUnderWay++
    void done
      .catch(() => {
        again()
        setTimeout(() => this.#schedule(), notesRetryMs).unref()
      })
      .finally(() => {
        this.#notesUnderWay--
      })
  }

  /** What became of runs. */
  onAppended(message: AppendedMessage): void {
    const { first, count, refused, removed } = message
    const done = this.#runs.splice(0, count)
    for (const asked of done) this.#unanswered.delete(asked)
    const faults = new Map(refused.map(({ ticket, from, code }) => [ticket, { from, code }]))
    const runs = done.map(
      ({ run }, index): StoredRun => ({
        user: run.user,
        seq: run.seq,
        count: run.count,
        refused: faults.get((first + index) >>> 0),
      }),
    )
    if (runs.length > 0) this.#post({ kind: 'runsStored', runs })
    if (removed.length > 0) this.#post({ kind: 'runsRemoved', removed })
    if (this.#unsent.length > 0) this.#schedule()
  }
}

/** Keeps the furthest place of each user. */
function noteLatest(
  notes: Map<string, { readonly user: string } & Position>,
  place: { readonly user: string } & Position,
): void {
  const noted = notes.get(place.user)
  if (noted === undefined || comparePositions(place, noted) > 0) notes.set(place.user, place)
}
