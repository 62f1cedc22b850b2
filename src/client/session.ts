/**
 * The engine of a client: one life cycle over many connections. Owns the connection, the login that is
 * repeated on each, what waits to be sent and who waits for answers; tells its owner what happens.
 *
 *     connecting ─▶ open ─▶ loggingIn ─▶ online ─▶ draining ─▶ closed
 *         ▲                     ▲           │
 *         └────── waiting ◀─────┴───────────┘      (lost; only after a login has succeeded once)
 */
import type { LoginResult } from './answer.ts'
import { comebackDelayMs, nextAttempt } from './comeback.ts'
import type { EnvelopeWriter } from './envelope-writer.ts'
import { ParleyError } from './errors.ts'
import { Link } from './link.ts'
import { logIn } from './login.ts'
import type { IncomingMessage } from './message.ts'
import type { ClientOptions } from './options.ts'
import { type Request, type RequestOptions, Requests } from './requests.ts'
import type { SealedChannel } from './sealed-channel.ts'
import type { Credentials, SessionEvents, SessionInbox, SessionState } from './session-state.ts'

/** What a session works with. */
export interface SessionParts {
  readonly writer: EnvelopeWriter
  readonly inbox: SessionInbox
  readonly events: SessionEvents
}

/** See the head of the file. */
export class Session {
  readonly #options: ClientOptions
  readonly #inbox: SessionInbox
  readonly #events: SessionEvents
  readonly #requests: Requests
  readonly #writer: EnvelopeWriter
  readonly #ended: { readonly promise: Promise<void>; resolve(): void }
  #state: SessionState
  /** Set by the first good login, and used again by each reconnect. */
  #credentials: Credentials | undefined
  #login: LoginResult | undefined

  private constructor(options: ClientOptions, { writer, inbox, events }: SessionParts) {
    this.#options = options
    this.#inbox = inbox
    this.#events = events
    this.#requests = new Requests(options)
    this.#writer = writer
    this.#ended = deferred()
    this.#state = this.#connectingState(0)
  }

  /** Connects once; rejects with `connect_failed` when that does not succeed in time. */
  static async connect(options: ClientOptions, parts: SessionParts, signal?: AbortSignal): Promise<Session> {
    const session = new Session(options, parts)
    const state = session.#state
    if (state.kind !== 'connecting') throw new ParleyError('bad_state')
    const { link, abort } = state
    const stop = (): void => abort.abort(signal?.reason)
    if (signal?.aborted) stop()
    signal?.addEventListener('abort', stop, { once: true })
    try {
      await link.open(abort.signal)
      session.#state = { kind: 'open', link }
    } finally {
      signal?.removeEventListener('abort', stop)
    }
    return session
  }

  get state(): SessionState['kind'] {
    return this.#state.kind
  }

  /** The sealed session of the connection, if there is one. */
  get channel(): SealedChannel | undefined {
    return this.#link()?.channel
  }

  /** What the last good login gave. */
  get login(): LoginResult | undefined {
    return this.#login
  }

  /** Resolves at the end. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  /** Sends a request as soon as the connection takes it. What becomes of it, its own callbacks tell. */
  send(options: RequestOptions): void {
    if (this.#state.kind === 'closed' || this.#state.kind === 'draining') {
      options.failed(this.#closedError())
      return
    }
    if (options.body.length > this.#options.frameBytesMax) {
      options.failed(new ParleyError('frame_too_large', { message: 'The message is too long to be sent.' }))
      return
    }
    const request = this.#requests.add(options)
    if (request instanceof ParleyError) {
      options.failed(request)
      return
    }
    const link = this.#writableLink()
    if (link !== undefined && this.#requests.queuedCount === 0) {
      this.#give(link, request)
    } else {
      this.#requests.enqueue(request)
    }
  }

  /** Logs in; when the server refuses, the connection stays open for another try. */
  logIn(credentials: Credentials, register: boolean): Promise<LoginResult> {
    const state = this.#state
    switch (state.kind) {
      case 'open':
        this.#state = { kind: 'loggingIn', link: state.link, attempt: 0 }
        return new Promise((resolve, reject) => {
          const begin = (): void => this.#authenticate(state.link, credentials, register, { resolve, reject })
          const opening = this.#inbox.open(credentials.userId)
          if (opening === undefined) begin()
          else void opening.then(() => (this.#attemptOn(state.link) === 0 ? begin() : reject(this.#closedError())))
        })
      case 'closed':
      case 'draining':
        return Promise.reject(this.#closedError())
      case 'connecting':
      case 'loggingIn':
      case 'online':
      case 'waiting':
        return Promise.reject(new ParleyError('bad_state', { message: 'This client is logged in, or about to be.' }))
    }
  }

  /** Remembers the new password, since a change voids the token. */
  passwordChanged(newPassword: string): void {
    if (this.#credentials !== undefined) {
      this.#credentials = { userId: this.#credentials.userId, password: newPassword }
    }
  }

  /** Sends an `AckRequest`. Where there is no connection, the next login says the same. */
  acknowledge(content: object): void {
    const state = this.#state
    if (state.kind === 'online' || state.kind === 'draining') {
      state.link.send(this.#writer.write('AckRequest', content))
    }
  }

  /** Makes the connection anew, where the client comes back by itself: what is sent again is what was not acknowledged. */
  renew(): void {
    if (this.#state.kind === 'online' && this.#options.reconnect !== undefined) this.#state.link.destroy()
  }

  /** Gives a message of a user to the request that it answers; false when there is none. */
  answer(message: IncomingMessage): boolean {
    return this.#requests.answer(message)
  }

  /** Sends what waits, lets the server answer it, and ends. Idempotent; resolves at the end. */
  close(): Promise<void> {
    const state = this.#state
    switch (state.kind) {
      case 'open':
      case 'online': {
        if (!state.link.takesMessages) {
          this.#end(undefined)
          break
        }
        const timer = setTimeout(() => this.#end(undefined), this.#options.closeTimeoutMs)
        const { link } = state
        this.#state = { kind: 'draining', link, timer, isAcknowledged: false }
        this.#flush()
        void this.#inbox.flush().then(() => {
          if (this.#state.kind !== 'draining') return
          this.#state = { kind: 'draining', link, timer, isAcknowledged: true }
          this.#endWhenDrained()
        })
        break
      }
      case 'connecting':
      case 'loggingIn':
      case 'waiting':
        this.#end(undefined)
        break
      case 'draining':
      case 'closed':
        break
    }
    return this.#ended.promise
  }

  // The connection.

  #connectingState(attempt: number): Extract<SessionState, { kind: 'connecting' }> {
    const link: Link = new Link(this.#options, {
      message: (message) => this.#receive(link, message),
      fault: (error) => this.#events.error(error),
      drained: () => this.#flush(),
      lost: (error) => this.#lost(link, error),
      heartbeat: () => link.send(this.#writer.write('HeartbeatRequest', {}, { callbackId: this.#writer.nextId() })),
    })
    return { kind: 'connecting', link, attempt, abort: new AbortController() }
  }

  #receive(link: Link, message: IncomingMessage): void {
    if (link !== this.#link()) return
    if (message.from === '' && message.type === 'HeartbeatRequest') {
      const callbackId = message.envelope.CallbackID || undefined
      link.send(this.#writer.write('HeartbeatResponse', {}, { callbackId }))
    } else if (message.from === '' && this.#requests.answer(message)) {
      this.#endWhenDrained()
    } else {
      this.#events.message(message)
    }
  }

  /** The connection is over, for the reason that the server gave or for `connection_lost`. */
  #lost(link: Link, error: ParleyError): void {
    if (link !== this.#link()) return
    const state = this.#state
    const attempt = nextAttempt(state)
    const delayMs = attempt === undefined ? undefined : comebackDelayMs(this.#options, attempt, error)
    this.#requests.connectionLost(new ParleyError('connection_lost', { cause: error }), delayMs !== undefined)
    switch (state.kind) {
      case 'online':
      case 'loggingIn':
        if (attempt === undefined) this.#end(error)
        else this.#comeBack(attempt, error)
        return
      case 'open':
        this.#end(error)
        return
      case 'draining':
        this.#end(undefined)
        return
      case 'connecting':
      case 'waiting':
      case 'closed':
        return
    }
  }

  // Coming back.

  /** Waits for the turn of the given try, or gives up. The state changes before anybody is told: a handler may close. */
  #comeBack(attempt: number, error: ParleyError): void {
    const wasOnline = this.#state.kind === 'online'
    const delayMs = comebackDelayMs(this.#options, attempt, error)
    if (delayMs === undefined) {
      this.#end(error)
      return
    }
    const timer = setTimeout(() => void this.#reconnect(attempt), delayMs)
    const waiting: SessionState = { kind: 'waiting', attempt, timer }
    this.#state = waiting
    if (wasOnline) this.#events.disconnected(error)
    if (this.#state === waiting) this.#events.reconnecting(attempt, delayMs, error)
  }

  async #reconnect(attempt: number): Promise<void> {
    const state = this.#connectingState(attempt)
    this.#state = state
    const { link, abort } = state
    try {
      await link.open(abort.signal)
    } catch (error) {
      if (abort.signal.aborted) return
      this.#comeBack(attempt + 1, error instanceof ParleyError ? error : new ParleyError('connect_failed'))
      return
    }
    const credentials = this.#credentials
    if (abort.signal.aborted || credentials === undefined) {
      link.destroy()
      return
    }
    this.#state = { kind: 'loggingIn', link, attempt }
    this.#authenticate(link, credentials, false)
  }

  // The login.

  /** Logs in on a connection; with `asked`, for the application. */
  #authenticate(link: Link, credentials: Credentials, register: boolean, asked?: Asked): void {
    const { deviceId, clientName, receipts, loginTimeoutMs: timeoutMs } = this.#options
    const more = { ...this.#inbox.loginFields(), ...(receipts ? { Receipts: true } : {}) }
    const byTicket = link.channel?.resumedUser === credentials.userId
    logIn(
      { credentials, byTicket, register, deviceId, clientName, more },
      {
        ask: (content, answered, failed) => this.#ask(link, 'AuthRequest', content, { timeoutMs, answered, failed }),
        isWanted: () => this.#attemptOn(link) !== undefined,
        welcomed: (login, ticket, content) => {
          if (ticket !== undefined) link.channel?.keepTicket(ticket, login.userId)
          this.#welcomed({ link, login, content }, credentials, asked)
        },
        refused: (error) => this.#refused(link, error, asked),
      },
    )
  }

  /** Which try the login on a connection is, if there is one. */
  #attemptOn(link: Link): number | undefined {
    const state = this.#state
    return state.kind === 'loggingIn' && state.link === link ? state.attempt : undefined
  }

  #welcomed({ link, login, content }: Welcome, credentials: Credentials, asked: Asked | undefined): void {
    const attempt = this.#attemptOn(link)
    if (attempt === undefined) return
    const { password } = credentials
    const token = login.token ?? credentials.token
    if (token !== undefined) this.#credentials = { userId: login.userId, token, password }
    else if (password !== undefined) this.#credentials = { userId: login.userId, password }
    this.#login = login
    this.#writer.userId = login.userId
    this.#state = { kind: 'online', link, attempt, since: Date.now() }
    link.watch()
    this.#inbox.begin(content)
    asked?.resolve(login)
    this.#events.connected(login, asked === undefined)
    this.#flush()
  }

  #refused(link: Link, error: ParleyError, asked: Asked | undefined): void {
    const attempt = this.#attemptOn(link)
    if (attempt === undefined) {
      asked?.reject(error)
      return
    }
    // Why the connection ended says more than that it did; `#lost` goes on from here.
    if (error.code === 'connection_lost') {
      asked?.reject(error.cause instanceof ParleyError ? error.cause : error)
      return
    }
    if (asked !== undefined) {
      asked.reject(error)
      // Whether a late answer will log us in is not known, so such a connection is of no more use.
      if (error.code === 'timeout') {
        this.#end(error)
        return
      }
      this.#state = { kind: 'open', link }
      this.#flush()
      return
    }
    link.destroy()
    this.#comeBack(attempt + 1, error)
  }

  // Sending.

  /** Sends a request of the session's own to the server, past the queue: what waits there waits for this. */
  #ask(link: Link, msgType: string, content: unknown, question: Question): void {
    const callbackId = this.#writer.nextId()
    const request = this.#requests.add({
      body: this.#writer.write(msgType, content, { callbackId }),
      callbackId,
      answerer: '',
      timeoutMs: question.timeoutMs,
      answered: (message) => {
        if (message === undefined) question.failed(new ParleyError('bad_answer'))
        else question.answered(message)
      },
      failed: question.failed,
    })
    if (request instanceof ParleyError) {
      question.failed(request)
      return
    }
    this.#give(link, request)
  }

  #give(link: Link, request: Request): void {
    const { body, bodyFor } = request.options
    link.send(bodyFor === undefined || link.channel === undefined ? body : bodyFor(link.channel))
    this.#requests.sent(request)
  }

  #flush(): void {
    for (let link = this.#writableLink(); link !== undefined; link = this.#writableLink()) {
      const request = this.#requests.dequeue()
      if (request === undefined) break
      this.#give(link, request)
    }
    this.#endWhenDrained()
  }

  /** The connection, when it takes messages just now. */
  #writableLink(): Link | undefined {
    const state = this.#state
    switch (state.kind) {
      case 'open':
      case 'online':
      case 'draining':
        if (!state.link.takesMessages) return undefined
        return state.link.unsentBytes < this.#options.unsentBytesMax ? state.link : undefined
      case 'connecting':
      case 'loggingIn':
      case 'waiting':
      case 'closed':
        return undefined
    }
  }

  /** The connection of this state, if it has one. */
  #link(): Link | undefined {
    return 'link' in this.#state ? this.#state.link : undefined
  }

  // The end.

  #endWhenDrained(): void {
    const state = this.#state
    if (state.kind === 'draining' && state.isAcknowledged && !this.#requests.isBusy) this.#end(undefined)
  }

  #end(error: ParleyError | undefined): void {
    const state = this.#state
    if (state.kind === 'closed') return
    this.#state = { kind: 'closed', error }
    switch (state.kind) {
      case 'connecting':
        state.abort.abort(this.#closedError())
        break
      case 'waiting':
        clearTimeout(state.timer)
        break
      case 'draining':
        clearTimeout(state.timer)
        state.link.end()
        break
      case 'open':
      case 'loggingIn':
      case 'online':
        state.link.destroy()
        break
    }
    this.#requests.failAll(this.#closedError())
    if (state.kind === 'online' && error !== undefined) this.#events.disconnected(error)
    this.#events.closed(error)
    // A link that is still connecting was given up, and has no end of its own.
    const over = 'link' in state && state.kind !== 'connecting' ? state.link.over : Promise.resolve()
    void over.then(() => this.#ended.resolve())
  }

  #closedError(): ParleyError {
    const error = this.#state.kind === 'closed' ? this.#state.error : undefined
    return new ParleyError(
      'closed',
      error === undefined ? {} : { cause: error, message: `The client is closed: ${error.message}` },
    )
  }
}

/** The application's call of `login` that waits. */
interface Asked {
  resolve(login: LoginResult): void
  reject(error: ParleyError): void
}

/** A login that has succeeded. */
interface Welcome {
  readonly link: Link
  readonly login: LoginResult
  /** Of the `AuthResponse`. */
  readonly content: unknown
}

/** What becomes of a request of the session's own. */
interface Question {
  readonly timeoutMs: number
  answered(message: IncomingMessage): void
  failed(error: ParleyError): void
}

function deferred(): { readonly promise: Promise<void>; resolve(): void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
