/** What a client can be listened to for: types of messages with their content, and its own life cycle. */
import type {
  BroadcastRequest,
  ErrorResponse,
  KeyEvent,
  PresenceEvent,
  TextMsgRequest,
} from '../protocol/entities/index.ts'
import type { LoginResult } from './answer.ts'
import type { Loss } from './arrivals.ts'
import type { KeysChanged } from './directory.ts'
import type { ParleyError } from './errors.ts'
import type { IncomingMessage } from './message.ts'
import type { Receipt } from './receipts.ts'
import type { ServerKey } from './sealing-options.ts'

/** The contents of the types that come without having been asked for. Any other type has unknown content. */
export interface ContentByType {
  /** A text from a user. */
  readonly TextMsgRequest: TextMsgRequest
  /** A text from an operator to everyone. */
  readonly BroadcastRequest: BroadcastRequest
  /** Someone came or went; after `watchPresence(true)`. */
  readonly PresenceEvent: PresenceEvent
  /** A key of one's own user was enrolled or revoked, or asks for approval. */
  readonly KeyEvent: KeyEvent
  /** A fault that answers no request of this client. */
  readonly ErrorResponse: ErrorResponse
}

/** The life cycle, and what each of its events tells. */
export interface ClientEvents {
  /** A login has succeeded: the first one, or (`again`) the one after a reconnect. */
  readonly connected: LoginResult & { readonly again: boolean }
  /** The connection was lost. `reconnecting` or `closed` follows. */
  readonly disconnected: { readonly error: ParleyError }
  /** The next try begins after the delay; `attempt` counts from 1. */
  readonly reconnecting: { readonly attempt: number; readonly delayMs: number; readonly error: ParleyError }
  /** Something went wrong that ends nothing and that no promise tells. */
  readonly error: ParleyError
  /** The end: nothing comes after it. Without an error it was asked for by `close`. */
  readonly closed: { readonly error: ParleyError | undefined }
  /** The server has a new key, which the known one signed: it is trusted and remembered from now on. */
  readonly serverKeyRotated: ServerKey & { readonly previous: string }
  /** The keys of a user are not those of the last time: a device more or less. Compare safety numbers again. */
  readonly keysChanged: KeysChanged
  /** Messages for this device are gone for good: it was away too long, or there was no room for them. */
  readonly missing: Loss
  /** What became of a message after its answer; with the option `receipts`. */
  readonly receipt: Receipt
  /** Any message that the loop over the client gets, too. */
  readonly message: IncomingMessage
}

/** A handler of a type of message. */
export type MessageHandler<Content> = (content: Content, message: IncomingMessage<Content>) => void | Promise<void>

/** A handler of an event of the life cycle. */
export type EventHandler<Event> = (event: Event) => void | Promise<void>
