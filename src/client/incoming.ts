/**
 * What becomes of messages that answer nothing: handlers, and loops. What has to be worked on first (opened, verified) is
 * told when that is done, and everything that its sender sent after it waits behind it: the order of a sender stays.
 */
import { failureIn } from './answer.ts'
import { endsConnection, ParleyError } from './errors.ts'
import type { Listeners } from './listeners.ts'
import type { IncomingMessage } from './message.ts'
import type { MessageStream } from './message-stream.ts'

/** Works on a message: gives a promise when it has to, of undefined when the message is not to be told. */
export type MessageWork = (message: IncomingMessage) => Promise<IncomingMessage | undefined> | undefined

/** Types that answer requests: one that no request waits for is late, or forged, and of use to nobody. */
const answerTypes: ReadonlySet<string> = new Set([
  'AuthResponse',
  'CommonResponse',
  'UserListResponse',
  'KeyDirectoryResponse',
  'HeartbeatResponse',
  'PlatformKeyMessage',
  'PlatformFinish',
])

/** Types that only the server sends: from a user they are forged. */
const serverTypes: ReadonlySet<string> = new Set(['ErrorResponse', 'PresenceEvent', 'KeyEvent'])

/** Messages that may wait behind those that are worked on; more are not taken in. */
const waitingMax = 10_000

/** The name under which handlers of a `MsgType` are kept: a peer who sends the type `closed` must not cause that event. */
export function typeName(msgType: string): string {
  return `type ${msgType}`
}

/** See the head of the file. */
export class Incoming {
  readonly #listeners: Listeners
  readonly #stream: MessageStream
  readonly #work: MessageWork
  /** The last work under way for each sender. */
  readonly #tails = new Map<string, Promise<void>>()
  #waitingCount = 0

  constructor(listeners: Listeners, stream: MessageStream, work: MessageWork) {
    this.#listeners = listeners
    this.#stream = stream
    this.#work = work
  }

  /** Takes a message in. Told at once, unless it or one before it of the same sender is worked on. */
  take(message: IncomingMessage): void {
    const { type, from } = message
    if (answerTypes.has(type)) return
    if (serverTypes.has(type)) {
      if (from === '') this.#tellOfServer(message)
      return
    }
    const tail = this.#tails.get(from)
    const work = this.#work(message)
    if (tail === undefined && work === undefined) {
      this.#tell(message)
      return
    }
    if (this.#waitingCount >= waitingMax) {
      this.#listeners.emit(
        'error',
        new ParleyError('queue_full', { message: 'A message was dropped: too many wait to be opened.' }),
      )
      return
    }
    this.#waitingCount++
    this.#enqueue(from, tail, work ?? Promise.resolve(message))
  }

  #enqueue(from: string, tail: Promise<void> | undefined, work: Promise<IncomingMessage | undefined>): void {
    // What the work throws waits for its turn, too.
    work.catch(() => {})
    const next = (tail ?? Promise.resolve()).then(async () => {
      try {
        const message = await work
        // What was inside a message is the sender's: it can't be what only the server says, or an answer.
        if (message !== undefined && !serverTypes.has(message.type) && !answerTypes.has(message.type))
          this.#tell(message)
      } catch (error) {
        this.#listeners.emit(
          'error',
          error instanceof ParleyError ? error : new ParleyError('handler_failed', { cause: error }),
        )
      } finally {
        this.#waitingCount--
        if (this.#tails.get(from) === next) this.#tails.delete(from)
      }
    })
    this.#tails.set(from, next)
  }

  #tellOfServer(message: IncomingMessage): void {
    this.#listeners.emit(typeName(message.type), message.content, message)
    const failure = failureIn(message)
    // What ends the connection is told by `disconnected` and `closed`.
    if (failure !== undefined && !endsConnection(failure.code)) this.#listeners.emit('error', failure)
  }

  #tell(message: IncomingMessage): void {
    const listeners = this.#listeners
    const name = typeName(message.type)
    const claimed = listeners.has(name) || listeners.has('message')
    listeners.emit(name, message.content, message)
    listeners.emit('message', message)
    this.#stream.push(message, claimed)
  }
}
