/** What an acceptor thread is told at its start: where to listen, and every limit it keeps. */
import type { MailboxEnd } from '../mailbox/mailbox.ts'
import type { Charset, Delimiters } from '../protocol/delimiters.ts'
import type { ReplayCacheLimits } from '../security/replay-cache.ts'

/** What every listening socket has. */
interface CommonListenerOptions {
  readonly host: string
  readonly port: number
  /** Whether other threads listen on the same port (`SO_REUSEPORT`). */
  readonly sharesPort: boolean
}

/** One listening socket. */
export type ListenerOptions =
  | (CommonListenerOptions & { readonly kind: 'tcp'; readonly charset: Charset })
  | (CommonListenerOptions & {
      readonly kind: 'ws'
      /** Origins that pages may come from; `*` for any; none: the host's own name, and loopback names on loopback. */
      readonly origins: readonly string[]
    })

/** Limits of an acceptor, each with its unit last. */
export interface AcceptorLimits {
  /** Connections in all. */
  readonly connectionsMax: number
  /** Connections of one address (IPv6: of one /64). */
  readonly addressConnectionsMax: number
  /** Connections over the limit that are being told so at once; more are cut without a word. */
  readonly refusingMax: number
  /** The longest body of a logged-in session. */
  readonly frameBytesMax: number
  /** The longest body before login. */
  readonly frameBytesBeforeLoginMax: number
  /** From the connection to a well-formed AuthRequest. */
  readonly authTimeoutMs: number
  /** AuthRequests of one connection that may fail before it is closed. */
  readonly loginAttemptsMax: number
  /** Frames before login that could not be read or are no login; more close the connection. */
  readonly faultsBeforeLoginMax: number
  /** Bytes outside frames, over the whole life of a connection. */
  readonly noiseBytesMax: number
  /** Handshakes of sealed sessions that one address (IPv6: one /64) may begin a second; two seconds' worth may be saved up. */
  readonly handshakesPerSecond: number
  /** Messages of one user a second; 0 for no limit. A user may save up two seconds' worth. */
  readonly userMessagesPerSecond: number
  /** Bytes that wait to be written to one connection. */
  readonly outputBytesMax: number
  /** Bytes of one session that may wait for the check of signatures; then it is not read. */
  readonly unverifiedBytesMax: number
  /** Bytes that a client may send ahead while its login is being checked. */
  readonly unreadBytesMax: number
  /** Silence after which a client is asked for a heartbeat. */
  readonly heartbeatAfterMs: number
  /** Time to answer it, for clients that have ever answered one. */
  readonly heartbeatTimeoutMs: number
  /** Time for a closed connection to take its last bytes. */
  readonly lingerMs: number
  /** Fragments of one WebSocket message. */
  readonly fragmentsMax: number
}

/** How signed messages are checked. */
export interface SignatureOptions {
  /** Whether all messages to users must be signed. */
  readonly requiresSigning: boolean
  /** Whether `RS256` is taken besides `PS256`. */
  readonly allowsRs256: boolean
  /** The shared token of WeChat's scheme; undefined: it is not taken. */
  readonly weChatToken: string | undefined
  readonly replays: ReplayCacheLimits
}

/** The `workerData` of `acceptor.worker.ts`. */
export interface AcceptorOptions {
  /** Which acceptor this is, from 0 to 15; the upper 4 bits of its connection ids. */
  readonly index: number
  /** The count of its first connection; one that stands in for a dead thread begins where that one never was. */
  readonly firstCount: number
  readonly mailbox: MailboxEnd
  readonly delimiters: Delimiters
  /** Whether sessions must be sealed: then connections are greeted with the server's keys, and plain logins refused. */
  readonly requiresSealing: boolean
  readonly listeners: readonly ListenerOptions[]
  readonly signatures: SignatureOptions
  /** From which the secrets come by which repeats of messages are known: the same for all acceptors and all lives of the server. */
  readonly repeatsSecret: Uint8Array
  readonly limits: AcceptorLimits
}
