/**
 * Everything that the session router tells an acceptor thread. `deliver` is the hot one and has a layout of
 * its own; the others are MessagePack. `frames` are whole frames, START body END, in UTF-8; the
 * acceptor puts them into the form that each connection speaks.
 */
import type { RsaPublicKey } from '../protocol/entities/keys.ts'
import type { Position } from './position.ts'
import type { ConnectionId } from './router-messages.ts'
import type { Policies } from './store-messages.ts'

/** Frames for one connection. */
export interface DeliverMessage {
  readonly kind: 'deliver'
  readonly connection: ConnectionId
  /** When not 0, a `written` message with this number follows once the write has completed or failed. */
  readonly receipt: number
  readonly frames: Uint8Array
}

/** Consecutive messages of one user, for one connection, with their numbers: those are written into the envelopes. */
export interface DeliverNumberedMessage extends Position {
  readonly kind: 'deliverNumbered'
  readonly connection: ConnectionId
  /** As in `deliver`. */
  readonly receipt: number
  /** When the server accepted them, Unix time in milliseconds; 0 when that is not known. */
  readonly serverTime: number
  readonly frames: Uint8Array
}

/** Frames for many connections: those that watch presence, or all sessions but one user's. */
export interface DeliverAllMessage {
  readonly kind: 'deliverAll'
  readonly audience: 'sessions' | 'watchers'
  readonly exceptUser: string | undefined
  readonly frames: Uint8Array
}

/** A login succeeded: the connection is now this user's session. */
export interface BeginSessionMessage {
  readonly kind: 'beginSession'
  readonly connection: ConnectionId
  readonly user: string
  /** Its client's device, within which a `ClientMsgId` stands for one message; empty or not given: one of its own. */
  readonly device?: string
  /** The `AuthResponse`. */
  readonly frames: Uint8Array
  readonly policies: Policies
  readonly keys: SessionKeys
}

/** The keys under which a user's messages can be signed: thumbprint and modulus (the JWK's `n`) of each. */
export type SessionKeys = readonly (readonly [thumbprint: string, modulus: string])[]

/** What the session's user may send, or sign with, has changed. */
export interface ChangeSessionMessage {
  readonly kind: 'changeSession'
  readonly connection: ConnectionId
  readonly policies: Policies
  readonly keys: SessionKeys
}

/** Signed runs and requests of a session were decided on, the oldest ones first: so much more may come. */
export interface VerifiedMessage {
  readonly kind: 'verified'
  readonly connection: ConnectionId
  readonly count: number
  /** Messages that were refused, by error code: for the counters. */
  readonly refused: Readonly<Record<string, number>>
}

/** A login failed; the connection may try again. */
export interface RefuseLoginMessage {
  readonly kind: 'refuseLogin'
  readonly connection: ConnectionId
  readonly frames: Uint8Array
}

/** Whether a session gets `PresenceEvent`s. */
export interface WatchMessage {
  readonly kind: 'watch'
  readonly connection: ConnectionId
  readonly on: boolean
}

/** What connections are offered from now on, as keys of the server. */
export interface KeyOfferMessage {
  readonly kind: 'keyOffer'
  readonly offer: KeyOffer
}

/** What is the same in the first handshake frame of all connections. Times are Unix seconds. */
export interface KeyOffer {
  /** Names it: an answer is only good for the keys that were offered. */
  readonly id: number
  readonly suites: readonly number[]
  readonly identity: RsaPublicKey
  /** The handshake key, signed by the identity. */
  readonly certificate: {
    readonly key: RsaPublicKey
    readonly notBefore: number
    readonly notAfter: number
    readonly signature: string
    readonly signatureRs256?: string
  }
  /** Newest first. */
  readonly rotations: readonly { readonly key: RsaPublicKey; readonly time: number; readonly signature: string }[]
}

/** The keys of a connection were exchanged: send the last frame of the handshake, and seal all that follows. */
export interface SealMessage {
  readonly kind: 'seal'
  readonly connection: ConnectionId
  /** The body of the frame. */
  readonly body: Uint8Array
  /** The 320 bytes of all session keys. */
  readonly keys: Uint8Array
  readonly transcriptHash: Uint8Array
  readonly suite: 1 | 2 | 3
  /** Of the client's key. */
  readonly thumbprint: string
  /** Whether a ticket stood in for the key exchange. */
  readonly resumed: boolean
}

/** End a connection without a word: its handshake failed. */
export interface CutMessage {
  readonly kind: 'cut'
  readonly connection: ConnectionId
  /** For the log and the counter, a few words. */
  readonly detail: string
}

/** End a connection after telling it why. */
export interface CloseMessage {
  readonly kind: 'close'
  readonly connection: ConnectionId
  /** An error code: logged, counted and told to the peer. */
  readonly reason: string
  /** One sentence for the peer. */
  readonly message: string
}

/** Close the listeners and read no more; then the event `quiesced` follows, after all that was read. */
export interface QuiesceMessage {
  readonly kind: 'quiesce'
}

/** Tell every connection `server_draining`, write out all queues, close; then the event `drained` follows. */
export interface DrainMessage {
  readonly kind: 'drain'
  /** Milliseconds until what is left is cut. */
  readonly deadlineMs: number
}

/** The typed union of what an acceptor thread receives. */
export type AcceptorMessage =
  | DeliverMessage
  | DeliverNumberedMessage
  | DeliverAllMessage
  | BeginSessionMessage
  | RefuseLoginMessage
  | ChangeSessionMessage
  | VerifiedMessage
  | WatchMessage
  | KeyOfferMessage
  | SealMessage
  | CutMessage
  | CloseMessage
  | QuiesceMessage
  | DrainMessage
