/**
 * The acceptor: owns the connections, from accept to close. It turns what they send into messages to the router,
 * and the router's messages into writes, one write for each connection and batch.
 * Runs on: the acceptor thread.
 */
import type {
  AcceptorMessage,
  BeginSessionMessage,
  ChangeSessionMessage,
  DeliverNumberedMessage,
  KeyOffer,
  VerifiedMessage,
} from '../mailbox/acceptor-messages.ts'
import type { AcceptorEvent, ConnectionId, ExchangeKeysMessage } from '../mailbox/router-messages.ts'
import { type ErrorCode, errors, type Fault, fault, isErrorCode } from '../protocol/errors.ts'
import { type Answered, type FaultExtras, frameOf, refusal, serverMessage } from '../protocol/replies.ts'
import type { Channel } from './channel.ts'
import { Connection } from './connection.ts'
import { Counters } from './counters.ts'
import { dueOf } from './deadlines.ts'
import { Doorkeeper } from './doorkeeper.ts'
import { type FrameEffects, FrameReader } from './frame-reader.ts'
import { type HandshakeEffects, Handshakes } from './handshakes.ts'
import { LearnedShape } from './learned-shape.ts'
import { type Listener, type ListenerEvents, listen } from './listeners.ts'
import { MessageKeys } from './message-keys.ts'
import { numbered } from './numbering.ts'
import type { AcceptorOptions } from './options.ts'
import type { RouterLink } from './router-link.ts'
import { Users } from './users.ts'
import { Writer } from './writer.ts'

const indexShift = 28
const countMask = 2 ** indexShift - 1
const sweepMs = 250
const countersMs = 1000
/** Events that somebody waits for. */
const neverDropped: ReadonlySet<AcceptorEvent['name']> = new Set(['listening', 'listenFailed', 'quiesced', 'drained'])
const nobody: Answered = { type: undefined, toUser: false, callbackId: undefined }

/** The life of an acceptor: it reads, it only writes, it ends its connections, it has none. */
export type AcceptorPhase = 'serving' | 'quiesced' | 'draining' | 'drained'

/** See the head of the file. */
export class Acceptor implements FrameEffects, HandshakeEffects {
  readonly #options: AcceptorOptions
  readonly #link: RouterLink
  readonly #reader: FrameReader
  readonly #handshakes: Handshakes
  readonly #doorkeeper: Doorkeeper
  readonly #counters = new Counters()
  readonly #listeners: Listener[] = []
  readonly #connections = new Map<ConnectionId, Connection>()
  readonly #users: Users
  readonly #writer: Writer
  /** Connections that wait for space in the router's ring. */
  readonly #stalled = new Set<Connection>()
  #nextCount: number
  #phase: AcceptorPhase = 'serving'
  #countersSentAt = 0

  constructor(options: AcceptorOptions, link: RouterLink) {
    this.#options = options
    this.#link = link
    this.#nextCount = options.firstCount
    this.#reader = new FrameReader(options.delimiters, options.signatures, this)
    const { requiresSealing, limits } = options
    this.#handshakes = new Handshakes({ requiresSealing, ...limits }, this)
    this.#doorkeeper = new Doorkeeper(options, this.#counters, link)
    this.#users = new Users(options.limits.userMessagesPerSecond)
    this.#writer = new Writer({
      link,
      counters: this.#counters,
      outputBytesMax: limits.outputBytesMax,
      tooSlow: (connection) => this.#close(connection, 'slow_consumer', errors.slow_consumer.message),
    })
  }

  /** Opens the listeners and begins to keep deadlines. Where sessions must be sealed the listeners wait for keys to offer. */
  start(): void {
    if (!this.#options.requiresSealing) this.#listen()
    // Sockets and the mailbox keep the thread alive, not its clock.
    setInterval(() => this.#sweep(), sweepMs).unref()
  }

  #listen(): void {
    const { delimiters, limits, listeners } = this.#options
    const events: ListenerEvents = {
      opened: (address) => this.#doorkeeper.opened(address),
      connected: (peer) => this.#onConnected(peer),
      listening: (listener, host, port) => this.#event({ name: 'listening', listener, host, port }),
      failed: (listener, host, port, code) => this.#event({ name: 'listenFailed', listener, host, port, code }),
      acceptFailed: (code) => this.#event({ name: 'acceptPaused', reason: code }),
    }
    for (const listener of listeners) this.#listeners.push(listen(listener, { delimiters, limits, events }))
  }

  /** Takes keys to offer. The first ones open the listeners that wait for them. */
  #useKeys(offer: KeyOffer): void {
    const isFirst = !this.#handshakes.isReady()
    this.#handshakes.use(offer)
    if (isFirst && this.#options.requiresSealing && this.#phase === 'serving') this.#listen()
  }

  #event(event: AcceptorEvent): void {
    // What the start waits for must arrive; all others may be dropped under load.
    if (neverDropped.has(event.name)) {
      this.#link.send({ kind: 'event', event })
    } else {
      this.#link.event(event)
    }
    this.#writer.flushSoon()
  }

  // Coming in

  #onConnected(peer: Parameters<ListenerEvents['connected']>[0]): void {
    const key = this.#doorkeeper.admit(peer, this.#phase === 'serving')
    if (key === undefined) return
    const now = performance.now()
    const late: { connection?: Connection } = {}
    const channel: Channel = peer.make({
      received: (chunk) => late.connection && this.#onReceived(late.connection, chunk),
      overrun: () => late.connection && this.#onOverrun(late.connection),
      written: () => late.connection && this.#writer.written(late.connection),
      closed: (how) => late.connection && this.#onClosed(late.connection, how),
    })
    const connection = new Connection({
      id: this.#newId(),
      channel,
      addressKey: key,
      state: { kind: 'greeting', deadline: now + this.#options.limits.authTimeoutMs },
      now,
    })
    late.connection = connection
    this.#connections.set(connection.id, connection)
    this.#handshakes.opened(connection, now)
  }

  #newId(): ConnectionId {
    let id: ConnectionId
    do {
      id = this.#options.index * 2 ** indexShift + this.#nextCount
      this.#nextCount = this.#nextCount === countMask ? 1 : this.#nextCount + 1
    } while (this.#connections.has(id))
    return id
  }

  // Reading

  #onReceived(connection: Connection, chunk: Buffer): void {
    connection.receivedBytes += chunk.length
    this.#counters.receivedBytes += chunk.length
    if (!connection.isOpen()) return
    const now = performance.now()
    connection.lastHeardAt = now
    connection.probedAt = 0
    if (connection.unreadBytes() > 0 || this.mustStop(connection)) this.#keepUnread(connection, chunk)
    else this.#read(connection, chunk, now)
    this.#writer.flushSoon()
  }

  #read(connection: Connection, chunk: Buffer, now: number): void {
    this.#reader.begin(connection, chunk, now)
    const consumed = connection.channel.read(chunk, this.#reader)
    this.#reader.finish()
    if (consumed < chunk.length && connection.isOpen()) this.#keepUnread(connection, chunk.subarray(consumed))
  }

  #onOverrun(connection: Connection): void {
    if (this.#cutIfSilent(connection, 'too_large')) return
    this.#close(connection, 'frame_too_large', 'The message is far longer than this server takes now.')
    this.#writer.flushSoon()
  }

  /** Keeps what can't be taken now. At most one chunk of the socket and the limit are kept: then it is not read any more. */
  #keepUnread(connection: Connection, chunk: Buffer): void {
    connection.keepUnread(chunk)
    const isChecking = connection.isBeingDecided()
    if (!isChecking) this.#stalled.add(connection)
    if (!isChecking || connection.unreadBytes() > this.#options.limits.unreadBytesMax) connection.pause()
  }

  #readOn(connection: Connection): void {
    // Nothing that comes from clients may follow `quiesced`.
    if (this.#phase !== 'serving' || !connection.isOpen()) return
    if (this.#waitsForSignatures(connection)) {
      this.#stalled.add(connection)
      return
    }
    const chunk = connection.takeUnread()
    if (chunk !== undefined) this.#read(connection, chunk, performance.now())
    if (connection.unreadBytes() === 0) connection.resume()
  }

  /** The router's ring has space again: sends what is owed, then reads on where reading had stopped. */
  spaceInRouter(): void {
    if (!this.#link.settle()) return
    const stalled = [...this.#stalled]
    this.#stalled.clear()
    for (const connection of stalled) {
      if (this.#link.isBlocked()) this.#stalled.add(connection)
      else this.#readOn(connection)
    }
    this.#writer.flush()
  }

  // What frames cause: see FrameEffects

  relay(run: Parameters<RouterLink['relay']>[0]): void {
    this.#link.relay(run)
  }

  relaySigned(message: Parameters<FrameEffects['relaySigned']>[0]): void {
    this.#link.send(message)
  }

  authenticate(message: Parameters<FrameEffects['authenticate']>[0]): void {
    const connection = this.#connections.get(message.connection)
    if (connection === undefined) return
    connection.state = { kind: 'authenticating' }
    connection.isKnownToRouter = true
    this.#link.send(message)
  }

  acknowledge(message: Parameters<FrameEffects['acknowledge']>[0]): void {
    this.#link.acknowledge(message)
  }

  request(message: Parameters<FrameEffects['request']>[0]): void {
    this.#link.send(message)
  }

  requestKeys(connection: Connection, answered: Answered): void {
    this.#handshakes.requested(connection, answered, performance.now())
  }

  handshakeFrame(connection: Connection, frame: Parameters<FrameEffects['handshakeFrame']>[1]): void {
    this.#handshakes.received(connection, frame, performance.now())
  }

  heartbeat(connection: Connection, callbackId: string | undefined): void {
    this.#say(connection, serverMessage({ type: 'HeartbeatResponse', content: {}, callbackId, time: unixSeconds() }))
  }

  heartbeatAnswered(connection: Connection): void {
    connection.answersHeartbeats = true
  }

  refuse(connection: Connection, answered: Answered, problem: Fault, extras?: FaultExtras): void {
    // The rest of the chunk that it was closed on.
    if (!connection.isOpen()) return
    this.#counters.refused(problem.code)
    // Not even what could be an answer: nobody else but a client that follows the handshake is to learn anything.
    if (connection.state.kind === 'offered' && problem.code !== 'sealing_required') {
      this.cut(connection, 'handshake_failed', problem.code)
      return
    }
    if (problem.code === 'server_draining') {
      this.#close(connection, 'server_draining', problem.message)
      return
    }
    this.#say(connection, refusal(answered, problem, unixSeconds(), extras))
    if (connection.state.kind === 'session') return
    if (++connection.faultsBeforeLogin > this.#options.limits.faultsBeforeLoginMax) {
      this.#close(connection, 'protocol_abuse', 'Too many messages before login that are no login.')
    }
  }

  noise(connection: Connection, byteCount: number, isNew: boolean): void {
    this.#counters.noiseBytes += byteCount
    if (this.#cutIfSilent(connection, 'noise')) return
    if (connection.noiseBytes > this.#options.limits.noiseBytesMax) {
      this.#close(connection, 'protocol_abuse', 'Too many bytes outside frames: is START missing?')
      return
    }
    // Told once for each stretch, and only to who has messages left to send: an answer is longer than a byte.
    const session = connection.session()
    if (!isNew) return
    if (session?.bucket.take(performance.now()) === false) {
      this.tooFast(connection, session.bucket.retryAfterSeconds())
      return
    }
    this.refuse(connection, nobody, fault('bad_frame', 'Bytes outside a frame are skipped: a frame begins with START.'))
  }

  tooFast(connection: Connection, retryAfter: number): void {
    this.#counters.refused('rate_limited')
    connection.untoldRefusals++
    this.#tellRefusals(connection, retryAfter, performance.now())
  }

  /** One message for many that were refused: an answer to each would cost more than the messages do. */
  #tellRefusals(connection: Connection, retryAfter: number, now: number): void {
    if (connection.untoldRefusals === 0 || now - connection.toldOfRefusalsAt < sweepMs) return
    const detail = { Count: connection.untoldRefusals }
    connection.untoldRefusals = 0
    connection.toldOfRefusalsAt = now
    this.#say(connection, refusal(nobody, fault('rate_limited'), unixSeconds(), { retryAfter, detail }))
  }

  mustStop(connection: Connection): boolean {
    return (
      connection.isBeingDecided() ||
      !connection.isOpen() ||
      this.#link.isBlocked() ||
      this.#phase !== 'serving' ||
      this.#waitsForSignatures(connection)
    )
  }

  /** Whether too much of its session waits for the check of signatures. */
  #waitsForSignatures(connection: Connection): boolean {
    const session = connection.session()
    return session !== undefined && session.unverified.bytes() > this.#options.limits.unverifiedBytesMax
  }

  isDraining(): boolean {
    return this.#phase !== 'serving'
  }

  // Messages from the router

  /** Takes one message. Its frames need not outlive the call. */
  receive(message: AcceptorMessage): void {
    switch (message.kind) {
      case 'deliver':
        this.#deliver(message.connection, message.frames, message.receipt)
        break
      case 'deliverNumbered':
        this.#deliverNumbered(message)
        break
      case 'deliverAll':
        this.#deliverAll(message)
        break
      case 'beginSession':
        this.#beginSession(message)
        break
      case 'refuseLogin':
        this.#refuseLogin(message.connection, message.frames)
        break
      case 'changeSession':
        this.#changeSession(message)
        break
      case 'verified':
        this.#verified(message)
        break
      case 'watch': {
        const session = this.#connections.get(message.connection)?.session()
        if (session !== undefined) session.watches = message.on
        break
      }
      case 'keyOffer':
        this.#useKeys(message.offer)
        break
      case 'seal': {
        const connection = this.#connections.get(message.connection)
        if (connection === undefined) break
        this.#handshakes.seal(connection, message, performance.now())
        this.#readOn(connection)
        break
      }
      case 'cut': {
        const connection = this.#connections.get(message.connection)
        if (connection !== undefined) this.cut(connection, 'handshake_failed', message.detail)
        break
      }
      case 'close': {
        const connection = this.#connections.get(message.connection)
        const code: ErrorCode = isErrorCode(message.reason) ? message.reason : 'internal_error'
        if (connection !== undefined) this.#close(connection, code, message.message)
        break
      }
      case 'quiesce':
        this.#quiesce()
        break
      case 'drain':
        this.#drain(message.deadlineMs)
        break
      default:
        message satisfies never
    }
  }

  /** Ends a batch of messages: writes what it caused. */
  batchEnd(): void {
    this.#writer.flush()
  }

  #deliver(id: ConnectionId, frames: Uint8Array, receipt: number): void {
    const connection = this.#connections.get(id)
    if (connection !== undefined) this.#writer.append(connection, frames, receipt)
    else if (receipt !== 0) this.#writer.failed([receipt])
  }

  #deliverNumbered(message: DeliverNumberedMessage): void {
    const { connection, frames, receipt } = message
    const session = this.#connections.get(connection)?.session()
    if (session === undefined) {
      this.#deliver(connection, frames, receipt)
      return
    }
    const { buffer, byteOffset, length } = frames
    const { epoch, seq, serverTime } = message
    const numbering = { epoch, seq, serverTime, tag: session.tag }
    this.#deliver(
      connection,
      numbered(Buffer.from(buffer, byteOffset, length), this.#options.delimiters, numbering),
      receipt,
    )
  }

  #deliverAll(message: Extract<AcceptorMessage, { kind: 'deliverAll' }>): void {
    for (const connection of this.#connections.values()) {
      const session = connection.session()
      if (session === undefined || session.user === message.exceptUser) continue
      if (message.audience === 'watchers' && !session.watches) continue
      this.#writer.append(connection, message.frames, 0)
    }
  }

  #beginSession({ connection: id, user, device = '', frames, policies, keys }: BeginSessionMessage): void {
    const connection = this.#connections.get(id)
    // The client may have gone while its login was checked; the router hears of that by itself.
    if (connection?.state.kind !== 'authenticating') return
    // Without a device of its own a client's ids mean something on this connection only.
    const scope = device === '' ? `${user}\n\n${id} ${Date.now()}` : `${user}\n${device}`
    const messageKeys = new MessageKeys(this.#options.repeatsSecret, scope)
    const session = this.#users.enter(user, performance.now(), { sealed: connection.sealed, messageKeys })
    session.policies = policies
    session.keys = new Map(keys)
    connection.state = { kind: 'session', session }
    connection.user = user
    connection.channel.bodyBytesMax = this.#options.limits.frameBytesMax
    this.#writer.append(connection, frames, 0)
    this.#readOn(connection)
  }

  #changeSession({ connection: id, policies, keys }: ChangeSessionMessage): void {
    const session = this.#connections.get(id)?.session()
    if (session === undefined) return
    session.policies = policies
    session.keys = new Map(keys)
    // Messages of the learned shape are not looked at for what the policies ask.
    session.shape = new LearnedShape()
  }

  /** Signatures were checked: reads on when that was what the connection waited for. */
  #verified({ connection: id, count, refused }: VerifiedMessage): void {
    for (const [code, messages] of Object.entries(refused)) this.#counters.refused(code, messages)
    const connection = this.#connections.get(id)
    const session = connection?.session()
    if (connection === undefined || session === undefined) return
    session.unverified.decided(count)
    if (!this.#stalled.has(connection) || this.mustStop(connection)) return
    this.#stalled.delete(connection)
    this.#readOn(connection)
  }

  #refuseLogin(id: ConnectionId, frames: Uint8Array): void {
    const connection = this.#connections.get(id)
    if (connection?.state.kind !== 'authenticating') return
    const { loginAttemptsMax, authTimeoutMs } = this.#options.limits
    connection.state = { kind: 'greeting', deadline: performance.now() + authTimeoutMs }
    this.#writer.append(connection, frames, 0)
    if (++connection.failedLogins >= loginAttemptsMax) {
      this.#close(connection, 'auth_failed', 'Too many logins failed on this connection.')
      return
    }
    this.#readOn(connection)
  }

  // What handshakes cause: see HandshakeEffects

  exchangeKeys(message: ExchangeKeysMessage): void {
    const connection = this.#connections.get(message.connection)
    if (connection !== undefined) connection.isKnownToRouter = true
    this.#link.send(message)
  }

  close(connection: Connection, reason: ErrorCode, message: string): void {
    this.#close(connection, reason, message)
  }

  cut(connection: Connection, reason: 'handshake_failed' | 'record_failed', detail: string): void {
    if (!connection.isOpen()) return
    if (reason === 'handshake_failed') this.#counters.handshakeFailed(detail)
    else this.#counters.recordFailed(detail)
    this.#leaveSession(connection)
    connection.state = { kind: 'closing', deadline: performance.now() }
    connection.closeReason = reason
    connection.closeDetail = detail
    connection.takeUnread()
    connection.channel.destroy()
  }

  sealed(_connection: Connection, resumed: boolean): void {
    if (resumed) this.#counters.handshakesResumed++
    else this.#counters.handshakesFull++
  }

  farewell(connection: Connection): void {
    if (!connection.isOpen()) return
    this.#leaveSession(connection)
    connection.state = { kind: 'closing', deadline: performance.now() + this.#options.limits.lingerMs }
    connection.takeUnread()
    this.#writer.endSoon(connection)
  }

  /** Where nothing may be said, something that is out of place ends the connection. */
  #cutIfSilent(connection: Connection, detail: string): boolean {
    if (!connection.endsSilently()) return false
    this.cut(connection, connection.sealed === undefined ? 'handshake_failed' : 'record_failed', detail)
    return true
  }

  // Writing

  /** Sends a message of the acceptor's own. */
  #say(connection: Connection, body: string): void {
    this.#writer.append(connection, frameOf(this.#options.delimiters, body), 0)
  }

  // Ends

  /** Tells the peer why, writes what waits, and closes. The one way in which this server ends a connection. */
  #close(connection: Connection, reason: ErrorCode, message: string): void {
    if (!connection.isOpen()) return
    const body = refusal(nobody, fault(reason, message), unixSeconds())
    this.#writer.appendLast(connection, frameOf(this.#options.delimiters, body))
    this.#leaveSession(connection)
    connection.state = { kind: 'closing', deadline: performance.now() + this.#options.limits.lingerMs }
    connection.closeReason = reason
    connection.closeDetail = message
    connection.takeUnread()
    // Goes on reading, and forgets what comes: unread bytes would make the kernel cut the farewell off.
    connection.resume()
  }

  #leaveSession(connection: Connection): void {
    const session = connection.session()
    if (session !== undefined) this.#users.leave(session, performance.now())
  }

  #onClosed(connection: Connection, how: 'peer' | 'lost'): void {
    if (connection.state.kind === 'closed') return
    this.#leaveSession(connection)
    connection.state = { kind: 'closed' }
    connection.takeUnread()
    this.#stalled.delete(connection)
    this.#connections.delete(connection.id)
    this.#doorkeeper.leave(connection.addressKey)
    this.#writer.failed(connection.output.abandon())
    if (connection.isKnownToRouter) this.#link.send({ kind: 'closed', connection: connection.id })
    const reason = connection.closeReason ?? how
    this.#counters.closed(reason)
    this.#link.event({
      name: 'connectionClosed',
      connection: connection.id,
      address: connection.addressKey,
      user: connection.user,
      reason,
      detail: connection.closeDetail,
      receivedBytes: connection.receivedBytes,
      sentBytes: connection.sentBytes,
    })
    this.#writer.flushSoon()
    this.#endDrainWhenEmpty()
  }

  #quiesce(): void {
    if (this.#phase !== 'serving') return
    this.#phase = 'quiesced'
    for (const listener of this.#listeners) listener.stop()
    for (const connection of this.#connections.values()) connection.pause()
    this.#event({ name: 'quiesced' })
  }

  #drain(deadlineMs: number): void {
    this.#quiesce()
    this.#phase = 'draining'
    const deadline = performance.now() + deadlineMs
    for (const connection of this.#connections.values()) {
      this.#close(connection, 'server_draining', errors.server_draining.message)
      if (connection.state.kind === 'closing') connection.state = { kind: 'closing', deadline }
    }
    this.#writer.flush()
    this.#endDrainWhenEmpty()
  }

  #endDrainWhenEmpty(): void {
    if (this.#phase !== 'draining' || this.#connections.size > 0) return
    this.#phase = 'drained'
    this.#event({ name: 'drained' })
  }

  // Time

  /** Keeps the deadlines of all connections; cheaper than a timer for each. */
  #sweep(): void {
    const now = performance.now()
    for (const connection of this.#connections.values()) this.#keepDeadlines(connection, now)
    this.#users.forget(now)
    this.#handshakes.forget(now)
    this.#writer.flush()
    if (now - this.#countersSentAt >= countersMs) {
      this.#countersSentAt = now
      this.#event({ name: 'counters', counters: this.#snapshot() })
    }
  }

  #snapshot(): ReturnType<Counters['snapshot']> {
    return this.#counters.snapshot({
      connections: this.#doorkeeper.connections(),
      sessions: this.#users.sessions(),
      receivedFrames: this.#reader.frames,
    })
  }

  #keepDeadlines(connection: Connection, now: number): void {
    const session = connection.session()
    if (session !== undefined) this.#tellRefusals(connection, session.bucket.retryAfterSeconds(), now)
    const due = dueOf(connection, now, this.#options.limits)
    switch (due) {
      case undefined:
        break
      case 'auth_timeout':
      case 'idle':
        this.#close(connection, due, errors[due].message)
        break
      case 'cut':
        connection.channel.destroy()
        break
      case 'ask':
        this.#askForHeartbeat(connection, now)
        break
      case 'listen':
        connection.lastHeardAt = now
        connection.probedAt = 0
        break
      default:
        due satisfies never
    }
  }

  #askForHeartbeat(connection: Connection, now: number): void {
    connection.probedAt = now
    connection.output.trim()
    connection.channel.ping()
    const time = unixSeconds()
    this.#say(connection, serverMessage({ type: 'HeartbeatRequest', content: {}, callbackId: undefined, time }))
  }
}

function unixSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
