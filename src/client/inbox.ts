/**
 * A client's end of its user's inbox: takes in what comes, so that each message is shown once and nothing is missing without
 * a word, and acknowledges what the application has handled. Outlives connections.
 */
import { Acknowledger } from './acknowledger.ts'
import { type Arrival, Arrivals, type Arrived, arrivalsMax, type Loss } from './arrivals.ts'
import { type CursorStore, compareCursors, cursorIn, wireCursor } from './cursor.ts'
import { ParleyError } from './errors.ts'
import { Handling } from './handling.ts'
import { type IncomingMessage, isRecord } from './message.ts'
import { SeenMessages } from './seen-messages.ts'

/** What an inbox needs of its client, and tells it. */
export interface InboxOptions {
  /** False: nothing is acknowledged, and messages come at most once. */
  readonly acknowledges: boolean
  /** Undefined: the cursor lives as long as the client. */
  readonly store: CursorStore | undefined
  /** Sends an `AckRequest`, where there is a connection. */
  acknowledge(content: object): void
  missing(loss: Loss): void
  /** There is room again for what was not taken in: log in once more. */
  roomAgain(): void
  error(error: ParleyError): void
}

/** The size of messages that wait to be handled, in UTF-16 units; more are not taken in. */
const waitingUnitsMax = 8 * 1024 * 1024
/** Messages that may still wait when the others are asked for again. */
const waitingLow = arrivalsMax / 4

/** A message that is to be shown. */
export interface Shown {
  /** Undefined: nobody waits for the end of its handling. */
  readonly handling: Handling | undefined
}

/** See the head of the file. */
export class Inbox {
  readonly #options: InboxOptions
  readonly #seen = new SeenMessages()
  readonly #acknowledger: Acknowledger
  #arrivals = new Arrivals()
  /** Whose messages these are; undefined before the first login. */
  #userId: string | undefined
  #waitingUnits = 0
  /** What was not taken in is told of, and asked for, once a login. */
  #overflow: 'none' | 'told' | 'asked' = 'none'

  constructor(options: InboxOptions) {
    this.#options = options
    const { store } = options
    this.#acknowledger = new Acknowledger({
      send: (cursor) => options.acknowledge(wireCursor(cursor)),
      save: store && (async (cursor) => store.save(this.#userId ?? '', cursor)),
      saveFailed: (cause) => options.error(storeFailed('saved', cause)),
    })
  }

  /** Gets ready for the messages of a user; needed before a login. Gives a promise where the cursor has to be loaded. */
  open(userId: string): Promise<void> | undefined {
    if (this.#userId === userId) return undefined
    this.#userId = userId
    this.#arrivals = new Arrivals()
    const { store, acknowledges } = this.#options
    return store === undefined || !acknowledges ? undefined : this.#load(store, userId)
  }

  /** What an `AuthRequest` says of it. */
  loginFields(): object {
    if (!this.#options.acknowledges) return {}
    const { cursor } = this.#arrivals
    return { Ack: true, ...(cursor === undefined ? {} : { Resume: wireCursor(cursor) }) }
  }

  /** The login has succeeded; takes the content of the `AuthResponse`. */
  begin(content: unknown): void {
    const at = cursorIn(content)
    if (!this.#options.acknowledges || at === undefined || !isRecord(content)) return
    this.#overflow = 'none'
    const { Recovered: recovered, Missing: missing } = content
    const loss = this.#arrivals.begin({
      at,
      recovered: recovered !== false,
      missing: typeof missing === 'number' ? missing : undefined,
    })
    const { cursor } = this.#arrivals
    // What was handled while the login was under way.
    if (cursor !== undefined && compareCursors(cursor, at) > 0) this.#acknowledger.advance(cursor, 1)
    if (loss !== undefined) this.#options.missing(loss)
  }

  /** Takes a message in; undefined when it is not to be shown. */
  take(message: IncomingMessage): Shown | undefined {
    const at = this.#options.acknowledges && message.envelope.Volatile !== true ? cursorIn(message.envelope) : undefined
    if (at === undefined) return this.#seen.add(message) ? { handling: undefined } : undefined
    const arrived = this.#arrivals.arrive(at, this.#waitingUnits < waitingUnitsMax)
    this.#tellOf(arrived)
    if (arrived.kind === 'repeat') {
      const { cursor } = this.#arrivals
      // The server does not know that it was handled.
      if (cursor !== undefined && compareCursors(at, cursor) <= 0) this.#acknowledger.advance(cursor, 1)
    }
    if (arrived.kind === 'repeat' || arrived.kind === 'full') return undefined
    const { arrival } = arrived
    const units = message.envelope.Content?.length ?? 0
    this.#waitingUnits += units
    const handling = new Handling((isHandled) => {
      this.#waitingUnits -= units
      this.#settled(arrival, isHandled)
      this.#askAgain()
    })
    // What nobody has handled the last time was seen, too.
    if (arrived.kind === 'again' || this.#seen.add(message)) return { handling }
    handling.release(true)
    return undefined
  }

  /** Acknowledges now. Resolves when that has been given to the connection. */
  flush(): Promise<void> {
    return this.#acknowledger.flush()
  }

  async #load(store: CursorStore, userId: string): Promise<void> {
    try {
      const cursor = await store.load(userId)
      if (cursor !== undefined && this.#userId === userId) this.#arrivals.restore(cursor)
    } catch (cause) {
      this.#options.error(storeFailed('read', cause))
    }
  }

  #settled(arrival: Arrival, isHandled: boolean): void {
    if (!isHandled) {
      this.#arrivals.abandon(arrival)
      return
    }
    const count = this.#arrivals.handled(arrival)
    const { cursor } = this.#arrivals
    if (count > 0 && cursor !== undefined) this.#acknowledger.advance(cursor, count)
  }

  #askAgain(): void {
    const isCrowded = this.#arrivals.count > waitingLow || this.#waitingUnits > waitingUnitsMax / 4
    if (this.#overflow !== 'told' || isCrowded) return
    this.#overflow = 'asked'
    this.#options.roomAgain()
  }

  #tellOf(arrived: Arrived): void {
    switch (arrived.kind) {
      case 'new':
        if (arrived.loss !== undefined) this.#options.missing(arrived.loss)
        return
      case 'late':
        this.#options.error(new ParleyError('out_of_order'))
        return
      case 'full':
        if (this.#overflow !== 'none') return
        this.#overflow = 'told'
        this.#options.error(new ParleyError('inbox_overflow'))
        return
      case 'again':
      case 'repeat':
        return
    }
  }
}

function storeFailed(what: 'read' | 'saved', cause: unknown): ParleyError {
  return new ParleyError('cursor_store_failed', { message: `The cursor could not be ${what}.`, cause })
}
