/**
 * What an application holds: one user's client of a Parley server. It says what can be asked and waits
 * for; how the connection lives is the session's.
 */

import type { KeyEvent } from '../protocol/entities/index.ts'
import {
  type BroadcastResult,
  broadcastIn,
  type LoginResult,
  type OnlineUser,
  type SendResult,
  type UserPage,
  usersIn,
} from './answer.ts'
import type { RequestOptions, SendOptions, UserListOptions } from './call-options.ts'
import type { ClientKeys, EnrolmentResult } from './client-keys.ts'
import type { UserKeys } from './directory.ts'
import { EnvelopeWriter, presenceCommand } from './envelope-writer.ts'
import { ParleyError } from './errors.ts'
import type { ClientEvents, ContentByType, EventHandler, MessageHandler } from './events.ts'
import {
  type ConversationPage,
  conversationsIn,
  type HistoryOptions,
  type HistoryPage,
  historyIn,
  historyRequest,
} from './history.ts'
import { Inbox } from './inbox.ts'
import { Incoming, typeName } from './incoming.ts'
import { type Listener, Listeners } from './listeners.ts'
import { makeSealing } from './make-sealing.ts'
import type { IncomingMessage, MessageSignature } from './message.ts'
import { MessageStream } from './message-stream.ts'
import { type ClientOptions, type ConnectOptions, readOptions } from './options.ts'
import type { SealingLayer } from './sealed-channel.ts'
import type { SealedSession, SealOptions } from './sealing-options.ts'
import { Sender } from './sender.ts'
import { Session } from './session.ts'
import type { Credentials, SessionEvents, SessionState } from './session-state.ts'

/**
 * Connects to a server; the next thing is `client.login`.
 *
 * @throws ParleyError `connect_failed` when the server can't be reached, `bad_argument` for a wrong option,
 *   or the server's own code when it refuses connections
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  const { seal } = options
  return Client.connect(readOptions(options), seal === true ? {} : seal || undefined, options.signal)
}

/** See the head of the file. Made by `connect`. */
export class Client implements AsyncIterable<IncomingMessage> {
  readonly #options: ClientOptions
  readonly #writer = new EnvelopeWriter()
  readonly #listeners = new Listeners((cause, name) => this.#handlerFailed(cause, name))
  readonly #stream: MessageStream
  readonly #inbox: Inbox
  readonly #incoming: Incoming
  readonly #sender: Sender
  #session: Session | undefined
  /** Asked for again after each reconnect. */
  #watchesPresence = false

  private constructor(options: ClientOptions) {
    this.#options = options
    this.#stream = new MessageStream(options)
    this.#sender = new Sender(options, this.#writer, (request) => this.#live.send(request))
    this.#inbox = new Inbox({
      acknowledges: options.acknowledge,
      store: options.cursorStore,
      acknowledge: (content) => this.#session?.acknowledge(content),
      roomAgain: () => this.#session?.renew(),
      missing: (loss) => this.#listeners.emit('missing', loss),
      error: (error) => this.#listeners.emit('error', error),
    })
    this.#incoming = new Incoming({
      listeners: this.#listeners,
      stream: this.#stream,
      inbox: this.#inbox,
      work: (message) => this.#sender.optionalKeys?.work(message),
      answer: (message) => this.#live.answer(message),
    })
  }

  /** Use `connect`, which reads the options. */
  static async connect(options: ClientOptions, seal?: SealOptions, signal?: AbortSignal): Promise<Client> {
    const client = new Client(options)
    const sealing = seal && (await client.#seal(seal, signal))
    const parts = { writer: client.#writer, inbox: client.#inbox, events: client.#sessionEvents() }
    client.#session = await Session.connect({ ...options, sealing }, parts, signal)
    return client
  }

  /** Where the client stands in its life. */
  get state(): SessionState['kind'] {
    return this.#live.state
  }

  /** The sealed session of the connection, where there is one just now. */
  get sealed(): SealedSession | undefined {
    return this.#live.channel?.session
  }

  /** What the last good login gave; its token is the newest. */
  get session(): LoginResult | undefined {
    return this.#live.login
  }

  /**
   * Logs in, and again by itself after each reconnect.
   *
   * @param options `register` asks the server to make the account when there is none, which it may refuse
   * @throws ParleyError `auth_failed`, `banned`, `server_busy` and others; the client may try again unless it is closed
   */
  login(credentials: Credentials, options: { readonly register?: boolean } = {}): Promise<LoginResult> {
    return this.#live.logIn(credentials, options.register ?? false)
  }

  /**
   * Sends a text to a user.
   *
   * What was not answered when the connection was lost is sent again after a reconnect, in order, and shown once.
   *
   * @returns what became of it
   * @throws ParleyError with the server's code when it was rejected (`user_unknown`, `inbox_full`, …), and whether that is
   *   `retryable`; `timeout`, `connection_lost` and `closed` mean that it may or may not have arrived, where the sentence says so
   */
  send(to: string, message: string, options: SendOptions = {}): Promise<SendResult> {
    return this.sendMessage(to, 'TextMsgRequest', { Message: message }, options)
  }

  /** Sends an entity of any type to a user; see `send`. */
  async sendMessage(to: string, msgType: string, content: unknown, options: SendOptions = {}): Promise<SendResult> {
    checkReceiver(to)
    const callbackId = options.callbackless ? undefined : this.#writer.nextId()
    return this.#sender.deliver(msgType, content, { ...options, to, callbackId })
  }

  /**
   * Answers a message that asked for it: goes to its sender, with its `CallbackID`, so that the sender's
   * `request` resolves with the content. What came end to end is answered so.
   */
  async reply(
    message: IncomingMessage,
    msgType: string,
    content: unknown,
    options: SendOptions = {},
  ): Promise<SendResult> {
    checkReceiver(message.from)
    const theirs = message.envelope.CallbackID
    const callbackId = theirs || (options.callbackless ? undefined : this.#writer.nextId())
    const delivery = { ...options, to: message.from, callbackId }
    // What came end to end is not answered where others can read it.
    if (message.endToEnd !== undefined) return this.#sender.deliverEndToEnd(msgType, content, delivery)
    return this.#sender.deliver(msgType, content, delivery)
  }

  /**
   * Asks the server, or with `to` a user, and waits for the one answer.
   *
   * @returns the answer's content
   * @throws ParleyError with the answer's code when it tells of a failure
   */
  async request(
    type: string,
    content: unknown,
    options: RequestOptions & { readonly to?: string | undefined } = {},
  ): Promise<unknown> {
    if (options.to !== undefined) checkReceiver(options.to)
    if (options.to !== undefined && options.to === this.#writer.userId) {
      // It would come back with the same CallbackID, from the one who is to answer.
      throw new ParleyError('bad_argument', { message: 'A request to oneself cannot be told from its answer.' })
    }
    return (await this.#sender.ask(type, content, options)).content
  }

  /**
   * Sends a text, or an entity of any type, that only the user's own devices can read. In a client that seals, with an enrolled key.
   *
   * @throws ParleyError as `send` does; `key_required`, `no_keys`, or `keys_changed` when the user's keys can't be believed
   */
  async sendEndToEnd(
    to: string,
    message: string | { readonly type: string; readonly content: unknown },
    options: Omit<SendOptions, 'sign' | 'callbackless'> = {},
  ): Promise<SendResult> {
    checkReceiver(to)
    const { type, content } =
      typeof message === 'string' ? { type: 'TextMsgRequest', content: { Message: message } } : message
    return this.#sender.deliverEndToEnd(type, content, { ...options, to, callbackId: this.#writer.nextId() })
  }

  /**
   * Tells the sender that this user has read a message, and all before it, and counts them as read.
   *
   * @throws ParleyError `bad_argument` for a message that the server gave no `MsgId`
   */
  async read(message: IncomingMessage, options: RequestOptions = {}): Promise<void> {
    const { MsgId } = message.envelope
    if (MsgId === undefined || message.from === '') {
      throw new ParleyError('bad_argument', { message: 'Only numbered messages of users can be marked as read.' })
    }
    await this.#sender.ask('ReadRequest', { UserId: message.from, MsgId }, options)
  }

  /** A page of the conversation with a user, where the server keeps one; without a place the newest messages. */
  async history(userId: string, options: HistoryOptions & RequestOptions = {}): Promise<HistoryPage> {
    return historyIn(await this.#sender.ask('HistoryRequest', historyRequest(userId, options), options))
  }

  /** A page of the users with whom there are conversations, by name, with what is unread. */
  async conversations(
    options: RequestOptions & Pick<UserListOptions, 'after' | 'limit'> = {},
  ): Promise<ConversationPage> {
    const { after, limit } = options
    const content = {
      ...(after === undefined ? {} : { After: after }),
      ...(limit === undefined ? {} : { Limit: limit }),
    }
    return conversationsIn(await this.#sender.ask('ConversationsRequest', content, options))
  }

  /** Sends a text to everyone online; for operators. */
  async broadcast(message: string, options: RequestOptions & Pick<SendOptions, 'sign'> = {}): Promise<BroadcastResult> {
    return broadcastIn(await this.#sender.ask('BroadcastRequest', { Message: message }, options))
  }

  /** One page of those who are online. */
  async users(options: UserListOptions = {}): Promise<UserPage> {
    const { prefix, after, limit } = options
    const data = {
      ...(prefix === undefined ? {} : { Prefix: prefix }),
      ...(after === undefined ? {} : { After: after }),
      ...(limit === undefined ? {} : { Limit: limit }),
    }
    return usersIn(await this.#sender.ask('UserListRequest', { Data: data }, options))
  }

  /** Everyone who is online, page by page: `for await (const user of client.allUsers())`. */
  async *allUsers(options: UserListOptions = {}): AsyncGenerator<OnlineUser, void, undefined> {
    let after = options.after
    for (;;) {
      const page = await this.users({ ...options, after })
      yield* page.users
      // A server that gives the same place again would keep us for ever.
      if (page.after === undefined || page.after === after) return
      after = page.after
    }
  }

  /** Ends a user's sessions, and keeps the user out for `banSeconds`; for operators. */
  async kick(
    userId: string,
    options: RequestOptions & { readonly reason?: string | undefined; readonly banSeconds?: number | undefined } = {},
  ): Promise<void> {
    const { reason, banSeconds } = options
    const content = {
      UserId: userId,
      ...(reason === undefined ? {} : { Reason: reason }),
      ...(banSeconds === undefined ? {} : { BanSeconds: banSeconds }),
    }
    await this.#sender.ask('KickRequest', content, options)
  }

  /** Changes the password of the user who is logged in. Tokens from before are void. */
  async changePassword(
    passwords: { readonly oldPassword: string; readonly newPassword: string },
    options: RequestOptions = {},
  ): Promise<void> {
    const { oldPassword, newPassword } = passwords
    // The server may take as long as for a login: it checks the old one and hashes the new one.
    const timeoutMs = options.timeoutMs ?? this.#options.loginTimeoutMs
    await this.#sender.ask('PasswordRequest', { OldPassword: oldPassword, NewPassword: newPassword }, { timeoutMs })
    this.#live.passwordChanged(newPassword)
  }

  /** Turns `PresenceEvent`s on or off; they are asked for again after a reconnect. */
  async watchPresence(on: boolean, options: RequestOptions = {}): Promise<void> {
    await this.#sender.ask('CommonRequest', presenceCommand(on), options)
    this.#watchesPresence = on
  }

  /** The thumbprint of the key of this device, in a client that seals. */
  get thumbprint(): string | undefined {
    return this.#sender.optionalKeys?.thumbprint
  }

  /** Enrols the key of this device for the user who is logged in; a further one waits for approval. */
  enrolKey(device: { readonly deviceId: string }): Promise<EnrolmentResult> {
    return this.#withKeys((keys) => keys.enrol(device.deviceId))
  }

  /** Approves another key of the same user, as the `KeyEvent` of its enrolment names it. */
  approveKey(other: { readonly thumbprint: string; readonly deviceId: string }): Promise<void> {
    return this.#withKeys((keys) => keys.approve(other))
  }

  /** Revokes a key of one's own for good, with its sessions, tokens and tickets. */
  revokeKey(thumbprint: string): Promise<void> {
    return this.#withKeys((keys) => keys.revoke(thumbprint))
  }

  /**
   * The enrolled keys of a user, checked against what was known of them.
   *
   * @throws ParleyError `keys_changed` when the server shows another history than before
   */
  directory(userId: string): Promise<UserKeys> {
    return this.#withKeys((keys) => keys.directory.keysOf(userId))
  }

  /** Notes that the safety number was compared with the user, and is right. */
  verifyUser(userId: string, safetyNumber: string): Promise<void> {
    return this.#withKeys((keys) => keys.directory.verify(userId, safetyNumber))
  }

  /** Forgets what is known of a user's keys, after `keys_changed`, once it is clear why. */
  forgetUser(userId: string): Promise<void> {
    return this.#withKeys((keys) => keys.directory.forget(userId))
  }

  /** Checks the signature of a message with the sender's enrolled keys. */
  checkSignature(message: IncomingMessage): Promise<MessageSignature> {
    return this.#withKeys((keys) => keys.check(message))
  }

  /** Listens to an event of the life cycle. The function that it returns ends the listening. */
  on<Name extends keyof ClientEvents>(name: Name, handler: EventHandler<ClientEvents[Name]>): () => void
  /** Listens to messages of a type, with their checked content. */
  on<Type extends keyof ContentByType>(type: Type, handler: MessageHandler<ContentByType[Type]>): () => void
  /** Listens to messages of a type that the protocol leaves to applications. */
  on(type: string, handler: MessageHandler<unknown>): () => void
  on(name: string, handler: Listener): () => void {
    const key = lifeCycleNames.has(name) ? name : typeName(name)
    const takeOff = this.#listeners.add(key, handler)
    const forget = key === 'message' || key !== name ? this.#incoming.handlerAdded(key, handler) : () => {}
    return () => {
      takeOff()
      forget()
    }
  }

  /**
   * The messages of users, in order: `for await (const message of client)`. The loop ends with `close`, and
   * throws the reason when the client ends otherwise; a reconnect does not end it. A message counts as handled, and is
   * acknowledged, when the loop asks for the next one or ends. What came while there was no loop and had no handler is kept for the next one. A loop that is too slow (`iteratorMessagesMax`) gets what is
   * buffered, then the error `iterator_overflow`; the client itself lives on.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<IncomingMessage> {
    return this.#stream.iterate()
  }

  /** Sends what waits, lets the server answer it (for at most `closeTimeoutMs`), and ends. Always the same promise. */
  close(): Promise<void> {
    return this.#live.close()
  }

  /** The same as `close`. */
  drain(): Promise<void> {
    return this.close()
  }

  get #live(): Session {
    if (this.#session === undefined) throw new ParleyError('bad_state', { message: 'The client is not connected yet.' })
    return this.#session
  }

  // Sealing.

  /** Loads what seals, and what works with keys. */
  async #seal(seal: SealOptions, signal: AbortSignal | undefined): Promise<SealingLayer> {
    const onRotation: SealOptions['onRotation'] = (key) => {
      seal.onRotation?.(key)
      this.#listeners.emit('serverKeyRotated', key)
    }
    const { sealing, makeKeys } = await makeSealing(this.#options, { ...seal, onRotation }, signal)
    const keys = makeKeys({
      key: await sealing.key,
      self: () => this.#self(),
      channel: () => this.#session?.channel,
      ask: (type, content) => this.#sender.ask(type, content, {}),
      changed: (change) => this.#listeners.emit('keysChanged', change),
      verifySignatures: this.#options.verifySignatures,
    })
    this.#sender.optionalKeys = keys
    this.#listeners.add(typeName('KeyEvent'), ({ UserId }: KeyEvent) => keys.directory.expire(UserId))
    return sealing
  }

  async #withKeys<Result>(act: (keys: ClientKeys) => Promise<Result>): Promise<Result> {
    return act(this.#sender.keys)
  }

  #self(): string {
    if (this.#writer.userId === undefined) throw new ParleyError('bad_state', { message: 'Log in first.' })
    return this.#writer.userId
  }

  // Receiving.

  #sessionEvents(): SessionEvents {
    const listeners = this.#listeners
    return {
      message: (message) => this.#incoming.take(message),
      connected: (login, again) => {
        listeners.emit('connected', { ...login, again })
        if (again && this.#watchesPresence) {
          this.watchPresence(true).catch((error: unknown) => listeners.emit('error', error))
        }
      },
      disconnected: (error) => listeners.emit('disconnected', { error }),
      reconnecting: (attempt, delayMs, error) => listeners.emit('reconnecting', { attempt, delayMs, error }),
      error: (error) => listeners.emit('error', error),
      closed: (error) => {
        this.#sender.close()
        this.#stream.end({ error })
        listeners.emit('closed', { error })
      },
    }
  }

  /** A handler threw: the `error` handlers are told, or else it is thrown where the platform reports such things. */
  #handlerFailed(cause: unknown, name: string): void {
    const error = new ParleyError('handler_failed', { cause })
    // A handler of errors that throws must not be told of its own.
    if (name !== 'error' && this.#listeners.has('error')) {
      this.#listeners.emit('error', error)
      return
    }
    queueMicrotask(() => {
      throw error
    })
  }
}

/** The names of `ClientEvents`; the compiler keeps them complete. */
const lifeCycle: Record<keyof ClientEvents, true> = {
  connected: true,
  disconnected: true,
  reconnecting: true,
  error: true,
  closed: true,
  missing: true,
  receipt: true,
  message: true,
  serverKeyRotated: true,
  keysChanged: true,
}
const lifeCycleNames: ReadonlySet<string> = new Set(Object.keys(lifeCycle))

function checkReceiver(to: string): void {
  if (typeof to !== 'string' || to === '' || /\p{Surrogate}/u.test(to)) {
    throw new ParleyError('bad_argument', { message: 'A message to a user needs the UserId of the receiver.' })
  }
}
