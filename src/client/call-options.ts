/** What calls of a client take besides what they are about. */
import type { SignAlgorithm } from './signing.ts'

/** Options of one request. */
export interface RequestOptions {
  /** How long to wait for the answer, a reconnect included; else the client's `requestTimeoutMs`. `Infinity`: as long as it takes. */
  readonly timeoutMs?: number
}

/** Options of one message to a user. */
export interface SendOptions extends RequestOptions {
  /** Asks for no answer: cheaper, resolves as `unconfirmed` once the connection has taken the message. */
  readonly callbackless?: boolean
  /** Signs this message, or (false) does not; else as the client's option `sign` says. */
  readonly sign?: SignAlgorithm | false | undefined
  /**
   * The sender's own name for the message, at most 128 bytes; else a random one. A message that is sent again with the same
   * name, by a later start of the program too, comes to its receiver once.
   */
  readonly clientMsgId?: string | undefined
  /** For the moment only: never stored, not sent again; `user_offline` when the receiver is not there. */
  readonly volatile?: boolean | undefined
  /**
   * Tries again, until the time is over, while the server refuses the message for the moment (`storage_full`, `server_busy`,
   * `rate_limited`, …). What is sent to the same receiver meanwhile waits behind it.
   */
  readonly retry?: boolean | undefined
}

/** Which users to list. */
export interface UserListOptions extends RequestOptions {
  /** Only names that begin so. */
  readonly prefix?: string | undefined
  /** Only names after this one: the `after` of the page before. */
  readonly after?: string | undefined
  /** How many on one page; the server's default is 100. */
  readonly limit?: number | undefined
}
