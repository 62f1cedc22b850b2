/**
 * The shell around the router's pure core: takes events from acceptors, the pool, the store and the control
 * socket, one at a time, and runs the effects. While an acceptor's mailbox is nearly full it takes in nothing new,
 * so its own inboxes fill and the acceptors stop reading. Runs on: the main thread.
 */
import type { KeyOffer } from '../mailbox/acceptor-messages.ts'
import type { HistoryRun } from '../mailbox/history-messages.ts'
import type { AppendedMessage, RemovedRun } from '../mailbox/inbox-messages.ts'
import { Mailbox, type MailboxEnd } from '../mailbox/mailbox.ts'
import { readRouterMessage } from '../mailbox/router-codec.ts'
import type { AcceptorEvent, ConnectionId } from '../mailbox/router-messages.ts'
import type { DeviceKey, Policies } from '../mailbox/store-messages.ts'
import type { Fault } from '../protocol/errors.ts'
import { receiverTag } from '../security/message-id.ts'
import { AcceptorLink } from './acceptor-link.ts'
import type {
  Command,
  CommandReply,
  KeyExchangeAttempt,
  KeyExchangeVerdict,
  KeyRequest,
  KeyVerdict,
  LoginAttempt,
  LoginVerdict,
  PasswordChange,
  Refused,
  RouterEffect,
  RouterEvent,
  UserFound,
} from './events.ts'
import type { PastRequest, PastVerdict } from './past.ts'
import { acceptorOf, createRouterState, type RouterOptions, type RouterState } from './state.ts'
import { step } from './step.ts'
import { type InboxStore, StoreLink } from './store-link.ts'
import type { Traced } from './trace.ts'

/** What the router has others do. None of them rejects. */
export interface RouterServices {
  /** The verdict on an attempt that need not wait; undefined for all that are for `login`. */
  loginAtOnce(attempt: LoginAttempt): LoginVerdict | undefined
  login(attempt: LoginAttempt, signal: AbortSignal): Promise<LoginVerdict>
  exchangeKeys(attempt: KeyExchangeAttempt, signal: AbortSignal): Promise<KeyExchangeVerdict>
  changePassword(change: PasswordChange): Promise<{ readonly ok: true } | Refused>
  findUser(userId: string): Promise<UserFound>
  /** @param until Unix time in milliseconds */
  ban(userId: string, until: number): Promise<Fault | undefined>
  /** Checks a bundle of signatures: a byte for each; undefined when there is too much to do. The bytes are given away. */
  verify(bundle: Uint8Array): Promise<Uint8Array | undefined>
  keyRequest(request: KeyRequest): Promise<KeyVerdict>
  pastRequest(request: PastRequest): Promise<PastVerdict>
  /** Keeps a run for the history, some time; its bytes are valid during the call. */
  remember(run: HistoryRun): void
}

/** What the router tells those who log and count. */
export type RouterObservation = Extract<RouterEffect, { kind: 'observed' }>

/** What a shell is made of. */
export interface RouterShellOptions {
  readonly router: RouterOptions
  readonly services: RouterServices
  readonly onAcceptorEvent: (acceptor: number, event: AcceptorEvent) => void
  readonly onObserved: (observation: RouterObservation) => void
  /** Unix time in milliseconds. */
  readonly now: () => number
}

const tickMs = 100
/** Commands that may wait for their reply. */
const commandsMax = 1024

interface Acceptor {
  readonly mailbox: Mailbox
  readonly link: AcceptorLink
}

/** See the head of the file. */
export class RouterShell {
  readonly #options: RouterShellOptions
  readonly #state: RouterState
  /** By index. */
  readonly #acceptors: Acceptor[] = []
  /** Events that came while there was no credit; as many as there are services at work at most. */
  #waiting: RouterEvent[] = []
  readonly #logins = new Map<ConnectionId, AbortController>()
  readonly #exchanges = new Map<ConnectionId, AbortController>()
  readonly #commands = new Map<number, (reply: CommandReply) => void>()
  #nextCommand = 1
  /** What connections are offered; acceptors that start are told of it. */
  #offer: KeyOffer | undefined
  #isPublishScheduled = false
  /** Changes of accounts that sessions asked for and that are not stored yet. */
  #changesUnderWay = 0
  readonly #ticker: NodeJS.Timeout
  readonly #store: StoreLink = new StoreLink((event) => this.#post(event))

  constructor(options: RouterShellOptions) {
    this.#options = options
    this.#state = createRouterState(options.router)
    this.#ticker = setInterval(() => this.#post({ kind: 'tick' }), tickMs)
  }

  #openAcceptor(end: MailboxEnd, index: number): Acceptor {
    const mailbox: Mailbox = new Mailbox(end, {
      record: (kind, offset, payloadBytes) => {
        if (!this.#hasCredit()) return false
        const message = readRouterMessage(mailbox.inbox, kind, offset, payloadBytes)
        if (message.kind === 'event') this.#options.onAcceptorEvent(index, message.event)
        else this.#run(message)
        return true
      },
      batchEnd: () => this.#publish(),
      space: () => this.#onSpace(index),
      // Who supervises the thread hears of its end by itself.
      closed: () => {},
    })
    return { mailbox, link: new AcceptorLink(mailbox) }
  }

  /** Users online, sessions, and messages and requests whose sender has no answer yet. */
  counts(): { users: number; sessions: number; undecided: number } {
    return {
      users: this.#state.users.size,
      sessions: this.#state.sessions,
      undecided:
        this.#state.receipts.size +
        this.#state.pendingLookups +
        this.#state.bundles.size +
        this.#state.inbox.unanswered +
        this.#changesUnderWay +
        this.#waiting.length,
    }
  }

  /** Takes a command; rejects only when too many wait. */
  command(command: Command): Promise<CommandReply> {
    if (this.#commands.size >= commandsMax) return Promise.reject(new Error('too many commands wait for their reply'))
    const id = this.#nextCommand++
    return new Promise((resolve) => {
      this.#commands.set(id, resolve)
      this.#post({ kind: 'command', id, command })
    })
  }

  /** What became of a message lately; undefined when that is not known any more. */
  traced(place: { readonly epoch: number; readonly seq: number; readonly tag: string }): Traced | undefined {
    if (place.epoch !== this.#state.inbox.epoch) return undefined
    return this.#state.trace.find((user) => receiverTag(user) === place.tag, place.seq)
  }

  /** Connections are offered these keys from now on. */
  offerKeys(offer: KeyOffer): void {
    this.#offer = offer
    for (const { link } of this.#acceptors) link.send({ kind: 'keyOffer', offer })
    this.#publish()
  }

  /** There is a store for inboxes; `onAppended` of the link is to be told what became of runs. */
  attachStore(store: InboxStore): void {
    this.#store.attach(store)
  }

  /** The storage thread is gone; what was asked of it waits for the next one. */
  detachStore(): void {
    this.#store.detach()
  }

  /** What became of runs in the store. */
  runsAppended(message: AppendedMessage): void {
    this.#store.onAppended(message)
  }

  /** Messages have left inboxes unread. */
  runsRemoved(removed: readonly RemovedRun[]): void {
    this.#post({ kind: 'runsRemoved', removed })
  }

  /** What the store knows from before, told before anybody logs in. */
  remember(event: Extract<RouterEvent, { kind: 'inboxesKnown' | 'receiptAskersKnown' | 'journalLoaded' }>): void {
    this.#run(event)
  }

  /** Nothing more comes from clients: what waits for acknowledgements is stored. */
  storeAll(): void {
    this.#post({ kind: 'quiesced' })
  }

  /** The server stops, and the store has not answered in time: those who wait for it are told so. */
  giveUpStore(): void {
    this.#post({ kind: 'storeGivenUp' })
  }

  /** An account was changed from outside its sessions, or removed: they end. */
  accountChanged(userId: string, isRemoved = false): void {
    this.#post({ kind: 'accountChanged', userId, isRemoved })
  }

  /** Keys of a user were revoked from outside the sessions. */
  keysRevoked(userId: string, keys: readonly DeviceKey[]): void {
    this.#post({ kind: 'keysRevoked', userId, keys })
  }

  /** What a user may send was changed. */
  policiesChanged(userId: string, policies: Policies): void {
    this.#post({ kind: 'policiesChanged', userId, policies })
  }

  /** Joins the next acceptor, in the order of their indices. */
  addAcceptor(end: MailboxEnd): void {
    this.#acceptors.push(this.#openAcceptor(end, this.#acceptors.length))
    this.#tellOffer(this.#acceptors.length - 1)
  }

  /** An acceptor thread has died and another stands in for it. */
  replaceAcceptor(index: number, end: MailboxEnd): void {
    // What the dead thread had published names connections that are gone: nobody would ever report their end.
    this.#acceptors[index]?.mailbox.close()
    this.#acceptors[index] = this.#openAcceptor(end, index)
    this.#tellOffer(index)
    this.#post({ kind: 'acceptorLost', acceptor: index })
    // What had stopped for want of credit towards the dead thread goes on: nobody else would say so.
    this.#onSpace(index)
  }

  #tellOffer(index: number): void {
    const link = this.#acceptors[index]?.link
    if (this.#offer === undefined || link === undefined) return
    link.send({ kind: 'keyOffer', offer: this.#offer })
    link.publish()
  }

  /** Has all acceptors close their listeners and stop reading; each reports `quiesced` after all that it had read. */
  quiesce(): void {
    for (const { link } of this.#acceptors) link.send({ kind: 'quiesce' })
    this.#publish()
  }

  /** Tells every connection to come back later; each acceptor reports `drained`. */
  drain(deadlineMs: number): void {
    this.#run({ kind: 'draining' })
    for (const { link } of this.#acceptors) link.send({ kind: 'drain', deadlineMs })
    this.#publish()
  }

  /** Ends the shell; the threads at the other ends are not its business. */
  close(): void {
    clearInterval(this.#ticker)
    for (const controller of this.#logins.values()) controller.abort()
    for (const controller of this.#exchanges.values()) controller.abort()
    for (const { mailbox } of this.#acceptors) mailbox.close()
  }

  // Events

  #hasCredit(): boolean {
    for (const { link } of this.#acceptors) {
      if (!link.hasCredit()) {
        link.waitForCredit()
        return false
      }
    }
    return true
  }

  #onSpace(index: number): void {
    this.#acceptors[index]?.link.settle()
    while (this.#waiting.length > 0 && this.#hasCredit()) this.#run(this.#waiting.shift() as RouterEvent)
    if (this.#waiting.length === 0) for (const { mailbox } of this.#acceptors) mailbox.resume()
    this.#publish()
  }

  /** Takes an event from elsewhere than an acceptor. */
  #post(event: RouterEvent): void {
    if (this.#waiting.length > 0 || !this.#hasCredit()) {
      // The next tick does the work of one that can't be taken.
      if (event.kind !== 'tick') this.#waiting.push(event)
      return
    }
    this.#run(event)
    this.#publishSoon()
  }

  /** Publishes after all events of this turn: verdicts come in batches, and each wake-up of an acceptor costs. */
  #publishSoon(): void {
    if (this.#isPublishScheduled) return
    this.#isPublishScheduled = true
    setImmediate(() => {
      this.#isPublishScheduled = false
      this.#publish()
    })
  }

  #run(event: RouterEvent): void {
    for (const effect of step(this.#state, event, this.#options.now())) this.#do(effect)
  }

  #publish(): void {
    for (const { link } of this.#acceptors) link.publish()
  }

  // Effects

  #do(effect: RouterEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#acceptors[acceptorOf(effect.connection)]?.link.send(effect.message)
        break
      case 'sendAll':
        for (const { link } of this.#acceptors) link.send(effect.message)
        break
      case 'login':
        this.#login(effect.connection, effect.attempt)
        break
      case 'cancelLogin':
        this.#logins.get(effect.connection)?.abort()
        break
      case 'exchangeKeys':
        this.#exchangeKeys(effect.connection, effect.attempt)
        break
      case 'cancelExchange':
        this.#exchanges.get(effect.connection)?.abort()
        break
      case 'changePassword':
        this.#changePassword(effect)
        break
      case 'findUser':
        void this.#options.services
          .findUser(effect.userId)
          .then((found) => this.#post({ kind: 'userFound', userId: effect.userId, found }))
        break
      case 'ban':
        this.#ban(effect)
        break
      case 'remember':
        this.#options.services.remember(effect.run)
        break
      case 'pastRequest': {
        const { asker, request } = effect
        void this.#options.services
          .pastRequest(request)
          .then((verdict) => this.#post({ kind: 'pastVerdict', asker, request, verdict }))
        break
      }
      case 'noteReceiptAsker':
      case 'append':
      case 'openInbox':
      case 'readInbox':
      case 'noteAcknowledged':
      case 'noteWritten':
      case 'noteMissed':
      case 'journal':
        this.#store.ask(effect)
        break
      case 'verify':
        this.#verify(effect)
        break
      case 'keyRequest':
        this.#keyRequest(effect)
        break
      case 'commandReply':
        this.#commands.get(effect.id)?.(effect.reply)
        this.#commands.delete(effect.id)
        break
      case 'observed':
        this.#options.onObserved(effect)
        break
      default:
        effect satisfies never
    }
  }

  #exchangeKeys(connection: ConnectionId, attempt: KeyExchangeAttempt): void {
    const controller = new AbortController()
    this.#exchanges.set(connection, controller)
    void this.#options.services.exchangeKeys(attempt, controller.signal).then((verdict) => {
      this.#exchanges.delete(connection)
      this.#post({ kind: 'keysExchanged', connection, verdict })
    })
  }

  #login(connection: ConnectionId, attempt: LoginAttempt): void {
    const { services } = this.#options
    const atOnce = services.loginAtOnce(attempt)
    if (atOnce !== undefined) {
      // In the same turn, as another effect of the same message: its answer wakes the acceptor with all others.
      this.#run({ kind: 'loginVerdict', connection, verdict: atOnce })
      return
    }
    const controller = new AbortController()
    this.#logins.set(connection, controller)
    void services.login(attempt, controller.signal).then((verdict) => {
      this.#logins.delete(connection)
      this.#post({ kind: 'loginVerdict', connection, verdict })
    })
  }

  #changePassword(effect: Extract<RouterEffect, { kind: 'changePassword' }>): void {
    const { connection, callbackId } = effect
    const { userId } = effect.change
    this.#changesUnderWay++
    void this.#options.services.changePassword(effect.change).then((verdict) => {
      this.#changesUnderWay--
      this.#post({ kind: 'passwordVerdict', connection, userId, callbackId, verdict })
    })
  }

  #ban(effect: Extract<RouterEffect, { kind: 'ban' }>): void {
    const { asker, userId, sessions } = effect
    this.#changesUnderWay++
    void this.#options.services.ban(userId, effect.until).then((problem) => {
      this.#changesUnderWay--
      this.#post({ kind: 'banned', asker, userId, sessions, problem })
    })
  }

  #verify({ bundle, bytes }: Extract<RouterEffect, { kind: 'verify' }>): void {
    // In memory of its own: cloning a piece of a larger one for the thread would clone all of it.
    void this.#options.services
      .verify(new Uint8Array(bytes))
      .then((verdicts) => this.#post({ kind: 'verified', bundle, verdicts }))
  }

  #keyRequest({ asker, request }: Extract<RouterEffect, { kind: 'keyRequest' }>): void {
    this.#changesUnderWay++
    void this.#options.services.keyRequest(request).then((verdict) => {
      this.#changesUnderWay--
      this.#post({ kind: 'keyVerdict', asker, request, verdict })
    })
  }
}
