/**
 * Everything that the session router tells an acceptor thread. `deliver` is the hot one and has a layout of
 * its own; the others are MessagePack. `frames` are whole frames, START body END, in UTF-8; the
 * acceptor puts them into the form that each connection speaks.
 */
import type { ConnectionId } from './router-messages.ts'

/** Frames for one connection. */
export interface DeliverMessage {
  readonly kind: 'deliver'
  readonly connection: ConnectionId
  /** When not 0, a `written` message with this number follows once the write has completed or failed. */
  readonly receipt: number
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
  /** The `AuthResponse`. */
  readonly frames: Uint8Array
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
  | DeliverAllMessage
  | BeginSessionMessage
  | RefuseLoginMessage
  | WatchMessage
  | CloseMessage
  | QuiesceMessage
  | DrainMessage
