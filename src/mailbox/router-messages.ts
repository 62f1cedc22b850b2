/**
 * Everything that an acceptor thread tells the session router (main thread).
 *
 * `relay` is the hot one and has a layout of its own; the others are MessagePack. Bodies cross as bytes:
 * `frames` are whole frames in the server's own form, START body END, with bodies in UTF-8.
 */

import type { Position } from './position.ts'

/** Names a connection for as long as the process lives: the acceptor's index in the upper 4 bits, a count in the lower 28. */
export type ConnectionId = number

/** A run of one or more frames from one session to one user, already checked and with a true `FromUserId`. */
export interface RelayMessage {
  readonly kind: 'relay'
  readonly connection: ConnectionId
  readonly to: string
  /** How many frames. */
  readonly count: number
  /** Of the frames, if their senders want answers: one a frame, or none at all. */
  readonly callbackIds: readonly string[]
  /** Whether the messages are for who is there now, and for nobody else. */
  readonly isVolatile?: boolean
  /** Keys by which repeats are known, one a frame, see `message-key.ts`; undefined when no frame has a `ClientMsgId`. Valid as `frames` are. */
  readonly keys?: Uint8Array | undefined
  /** Valid only while the message is being handled. */
  readonly frames: Uint8Array
}

/** What the check of a signed message must know besides its signature. */
export interface SignedFacts {
  /** The `ClientMsgId`, by which a repeat is known. */
  readonly id: string
  /** The `CreateTime`, Unix time in seconds. */
  readonly time: number
  /** The thumbprint of the key that signed. */
  readonly key: string
}

/** One message of a signed run. */
export interface SignedItem extends SignedFacts {
  readonly callbackId: string | undefined
  /** By which a repeat of it is known: see `message-key.ts`. */
  readonly messageKey?: Uint8Array | undefined
  /** The length of its frame. */
  readonly byteCount: number
}

/** Like `relay`, but each message goes on only when its signature is found to be right. */
export interface RelaySignedMessage {
  readonly kind: 'relaySigned'
  readonly connection: ConnectionId
  readonly to: string
  /** One a frame, in their order. */
  readonly items: readonly SignedItem[]
  readonly frames: Uint8Array
  /** The signatures, one an item: a bundle of `security/signature-bundle.ts`. */
  readonly bundle: Uint8Array
}

/** A login; `content` is the checked JSON text of an `AuthRequest`. */
export interface AuthenticateMessage {
  readonly kind: 'authenticate'
  readonly connection: ConnectionId
  /** The peer's address as limits count it (IPv6 by /64). */
  readonly address: string
  readonly callbackId: string | undefined
  readonly content: string
  /**
   * The client's signature over the transcript of its handshake, which comes with the first login of a sealed session;
   * empty in a resumed one. Its MAC was checked.
   */
  readonly proof?: Uint8Array | undefined
}

/** A client has answered an offer of keys: what the keys of the session are made of. */
export interface ExchangeKeysMessage {
  readonly kind: 'exchangeKeys'
  readonly connection: ConnectionId
  /** The peer's address as limits count it (IPv6 by /64). */
  readonly address: string
  /** The `id` of the offer. */
  readonly offer: number
  /** The nonce of the offer, in base64url. */
  readonly nonce: string
  /** The rest of what was this offer's own, so that its body can be written again: the time in it, Unix time in seconds, */
  readonly offerTime: number
  /** and the `CallbackID` of the request that it answered, as JSON in ASCII: the body must come out byte by byte, whatever it is. */
  readonly offerCallbackId: string | undefined
  /** The body of the answer as it came. */
  readonly terminalBody: Uint8Array
}

/** A request of a logged-in session to the server itself; `content` is checked JSON text. */
export interface RequestMessage {
  readonly kind: 'request'
  readonly connection: ConnectionId
  readonly type: string
  readonly callbackId: string | undefined
  readonly content: string
  /** The whole frame with a true `FromUserId`, for requests that are passed on as they are (broadcast). */
  readonly frame: Uint8Array | undefined
  /** It is signed by a key: it counts only when the signature in `bundle` is found to be right. */
  readonly signed?: SignedFacts | undefined
  readonly bundle?: Uint8Array | undefined
}

/** A device has everything up to a place. */
export interface AcknowledgedMessage extends Position {
  readonly kind: 'acknowledged'
  readonly connection: ConnectionId
  readonly callbackId: string | undefined
}

/** The writes of deliveries that asked for a receipt have completed, or will never. */
export interface WrittenMessage {
  readonly kind: 'written'
  /** Receipt numbers, as given in the deliveries. */
  readonly receipts: readonly number[]
  readonly completed: boolean
}

/** A connection that had asked to log in, or to exchange keys, is gone. */
export interface ClosedMessage {
  readonly kind: 'closed'
  readonly connection: ConnectionId
}

/** What the acceptor saw that a log or a counter should know. */
export interface AcceptorEventMessage {
  readonly kind: 'event'
  readonly event: AcceptorEvent
}

/** Events of an acceptor; one subscriber logs them, one counts them. */
export type AcceptorEvent =
  | { readonly name: 'listening'; readonly listener: string; readonly host: string; readonly port: number }
  | {
      readonly name: 'listenFailed'
      readonly listener: string
      readonly host: string
      readonly port: number
      readonly code: string
    }
  | {
      readonly name: 'connectionClosed'
      readonly connection: ConnectionId
      readonly address: string
      readonly user: string | undefined
      /** An error code, or `peer` (the client ended it) or `lost` (the socket failed). */
      readonly reason: string
      readonly detail: string | undefined
      readonly receivedBytes: number
      readonly sentBytes: number
    }
  | { readonly name: 'refused'; readonly address: string; readonly reason: string }
  | { readonly name: 'acceptPaused'; readonly reason: string }
  | { readonly name: 'counters'; readonly counters: AcceptorCounters }
  /** Nothing follows that comes from clients. */
  | { readonly name: 'quiesced' }
  /** The last connection is gone. */
  | { readonly name: 'drained' }

/** Counts since the start, sent once a second when they changed. */
export interface AcceptorCounters {
  readonly connections: number
  readonly sessions: number
  readonly acceptedTotal: number
  readonly receivedFrames: number
  readonly receivedBytes: number
  readonly sentBytes: number
  readonly noiseBytes: number
  /** Frames refused, by error code. */
  readonly refusedFrames: Readonly<Record<string, number>>
  /** Connections closed, by reason. */
  readonly closed: Readonly<Record<string, number>>
  /** Handshakes of sealed sessions that came to their end. */
  readonly handshakes: {
    readonly full: number
    readonly resumed: number
    /** By the reason. */
    readonly failed: Readonly<Record<string, number>>
  }
  /** Sealed sessions that ended since a record could not be taken, by the reason. */
  readonly recordsFailed: Readonly<Record<string, number>>
}

/** The typed union of what the router receives from acceptors. */
export type RouterMessage =
  | RelayMessage
  | RelaySignedMessage
  | AuthenticateMessage
  | ExchangeKeysMessage
  | RequestMessage
  | AcknowledgedMessage
  | WrittenMessage
  | ClosedMessage
  | AcceptorEventMessage
