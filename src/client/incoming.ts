/**
 * What becomes of messages that answer nothing: handlers, and loops, once each (see `inbox.ts`). What has to be worked on first (opened, verified) is
 * told when that is done, and everything that its sender sent after it waits behind it: the order of a sender stays.
 */
import { failureIn } from './answer.ts'
import { endsConnection, ParleyError } from './errors.ts'
import type { Handling } from './handling.ts'
import type { Inbox } from './inbox.ts'
import type { Listener, Listeners } from './listeners.ts'
import type { IncomingMessage } from './message.ts'
import type { MessageStream } from './message-stream.ts'
import { receiptsIn } from './receipts.ts'

/** Works on a message: gives a promise when it has to, of undefined when the message is not to be told. */
export type MessageWork = (message: IncomingMessage) => Promise<IncomingMessage | undefined> | undefined

/** Types that answer requests: one that no request waits for is late, or forged, and of use to nobody. */
const answerTypes: ReadonlySet<string> = new Set([
  'AuthResponse',
  'CommonResponse',
  'UserListResponse',
  'KeyDirectoryResponse',
  'HistoryResponse',
  'ConversationsResponse',
  'HeartbeatResponse',
  'PlatformKeyMessage',
  'PlatformFinish',
])

/** Types that only the server sends: from a user they are forged. */
const serverTypes: ReadonlySet<string> = new Set(['ErrorResponse', 'PresenceEvent', 'KeyEvent', 'ReceiptEvent'])

/** Messages that may wait behind those that are worked on; more are not taken in. */
const waitingMax = 10_000

/** The name under which handlers of a `MsgType` are kept: a peer who sends the type `closed` must not cause that event. */
export function typeName(msgType: string): string {
  return `type ${msgType}`
}

/** What a client's incoming messages go through, and to. */
export interface IncomingOptions {
  readonly listeners: Listeners
  readonly stream: MessageStream
  readonly inbox: Pick<Inbox, 'take'>
  readonly work: MessageWork
  /** Gives a message of a user to the request that it answers; false when there is none. */
  answer(message: IncomingMessage): boolean
}

/** See the head of the file. */
export class Incoming {
  readonly #options: IncomingOptions
  /** The last work under way for each sender. */
  readonly #tails = new Map<string, Promise<void>>()
  #waitingCount = 0
  /** Handlers of messages of users that the application has. */
  #handlerCount = 0
  /** Those that were added in this turn. */
  readonly #added: { readonly name: string; readonly handler: Listener }[] = []

  constructor(options: IncomingOptions) {
    this.#options = options
  }

  /** Takes a message in. Told at once, unless it or one before it of the same sender is worked on. */
  take(message: IncomingMessage): void {
    const { type, from } = message
    if (answerTypes.has(type) || (serverTypes.has(type) && from !== '')) {
      // Nobody is shown it, and that is all that can be done with it.
      this.#options.inbox.take(message)?.handling?.release(true)
      return
    }
    const shown = this.#options.inbox.take(message)
    if (shown === undefined) return
    if (serverTypes.has(type)) this.#tellOfServer(message, shown.handling)
    else if (from !== '' && this.#options.answer(message)) shown.handling?.release(true)
    else this.#takeOfUser(message, shown.handling)
  }

  /**
   * A handler of the application was added. It also gets what came before and nobody took.
   *
   * @param name as in `Listeners`
   * @returns a function that says that it was taken off
   */
  handlerAdded(name: string, handler: Listener): () => void {
    const isOfMessages = name === 'message' || !serverTypeNames.has(name)
    if (!isOfMessages) return () => {}
    this.#handlerCount++
    if (this.#added.push({ name, handler }) === 1) queueMicrotask(() => this.#tellEarly())
    let isOn = true
    return () => {
      if (isOn) this.#handlerCount--
      isOn = false
    }
  }

  #takeOfUser(message: IncomingMessage, handling: Handling | undefined): void {
    const { from } = message
    const tail = this.#tails.get(from)
    const work = this.#options.work(message)
    if (tail === undefined && work === undefined) {
      this.#tell(message, handling)
      return
    }
    if (this.#waitingCount >= waitingMax) {
      handling?.release(false)
      this.#fail(new ParleyError('queue_full', { message: 'A message was dropped: too many wait to be opened.' }))
      return
    }
    this.#waitingCount++
    this.#enqueue(from, tail, { work: work ?? Promise.resolve(message), handling })
  }

  #enqueue(from: string, tail: Promise<void> | undefined, { work, handling }: Worked): void {
    // What the work throws waits for its turn, too.
    work.catch(() => {})
    const next = (tail ?? Promise.resolve()).then(async () => {
      try {
        const message = await work
        // What was inside a message is the sender's: it can't be what only the server says, or an answer.
        if (message !== undefined && !serverTypes.has(message.type) && !answerTypes.has(message.type))
          this.#tell(message, handling)
        else handling?.release(true)
      } catch (error) {
        // It would fail again.
        handling?.release(true)
        this.#fail(error instanceof ParleyError ? error : new ParleyError('handler_failed', { cause: error }))
      } finally {
        this.#waitingCount--
        if (this.#tails.get(from) === next) this.#tails.delete(from)
      }
    })
    this.#tails.set(from, next)
  }

  #tellOfServer(message: IncomingMessage, handling: Handling | undefined): void {
    const { listeners } = this.#options
    const ends = [listeners.deliver(typeName(message.type), message.content, message)]
    if (message.type === 'ReceiptEvent') {
      for (const receipt of receiptsIn(message.content)) ends.push(listeners.deliver('receipt', receipt))
    }
    const failure = failureIn(message)
    // What ends the connection is told by `disconnected` and `closed`.
    if (failure !== undefined && !endsConnection(failure.code)) this.#fail(failure)
    releaseAfter(handling, ends)
  }

  #tell(message: IncomingMessage, handling: Handling | undefined): void {
    const { listeners, stream } = this.#options
    const name = typeName(message.type)
    const isClaimed = listeners.has(name) || listeners.has('message')
    const ends = [listeners.deliver(name, message.content, message), listeners.deliver('message', message)]
    // An application that handles some types has no use for the others; one that handles none has not begun yet.
    const isWanted = isClaimed || this.#handlerCount === 0
    stream.push({ message, isClaimed, handling: isWanted ? handling : undefined })
    if (isClaimed) releaseAfter(handling, ends)
    else handling?.release(!isWanted)
  }

  /** What nobody took goes to the handlers of its type; what they do not handle waits no longer for anybody. */
  #tellEarly(): void {
    const { listeners, stream } = this.#options
    const added = this.#added.splice(0)
    for (const item of stream.early) {
      const { message, handling } = item
      const name = typeName(message.type)
      const wanting = added.filter((each) => each.name === name || each.name === 'message')
      handling?.hold()
      const ends = wanting.map((each) => {
        const values = each.name === 'message' ? [message] : [message.content, message]
        return listeners.call(each.name, each.handler, ...values)
      })
      if (wanting.length > 0) stream.dropEarly(item)
      else stream.settleEarly(item)
      releaseAfter(handling, ends)
    }
  }

  #fail(error: ParleyError): void {
    this.#options.listeners.emit('error', error)
  }
}

/** A message that is worked on. */
interface Worked {
  readonly work: Promise<IncomingMessage | undefined>
  readonly handling: Handling | undefined
}

const serverTypeNames: ReadonlySet<string> = new Set([...serverTypes].map(typeName))

/** Lets go of a message when its handlers are done. */
function releaseAfter(handling: Handling | undefined, ends: readonly (Promise<void> | undefined)[]): void {
  if (handling === undefined) return
  const under = ends.filter((end) => end !== undefined)
  if (under.length === 0) handling.release(true)
  else void Promise.all(under).then(() => handling.release(true))
}
