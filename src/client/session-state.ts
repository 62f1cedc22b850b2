/** What a session is told, what it tells, and the states that it goes through. */
import type { LoginResult } from './answer.ts'
import type { ParleyError } from './errors.ts'
import type { Inbox } from './inbox.ts'
import type { Link } from './link.ts'
import type { IncomingMessage } from './message.ts'

/** Who logs in, and with what. With both, the token is tried first and the password when that is refused. */
export type Credentials =
  | { readonly userId: string; readonly password: string; readonly token?: string | undefined }
  | { readonly userId: string; readonly token: string; readonly password?: string | undefined }

/** What of the inbox a session works with. */
export type SessionInbox = Pick<Inbox, 'open' | 'loginFields' | 'begin' | 'flush'>

/** What a session tells its owner. */
export interface SessionEvents {
  /** A message of a user, or one of the server that answers nothing. */
  message(message: IncomingMessage): void
  /** A login has succeeded, for the first time or again. */
  connected(login: LoginResult, again: boolean): void
  /** The connection was lost; the session tries to come back unless `closed` follows. */
  disconnected(error: ParleyError): void
  /** The next try to connect begins after the delay. */
  reconnecting(attempt: number, delayMs: number, error: ParleyError): void
  /** Something went wrong that ends nothing. */
  error(error: ParleyError): void
  /** The end; without an error when it was asked for. */
  closed(error: ParleyError | undefined): void
}

/** The life cycle; each state has what exists in it. */
export type SessionState =
  /** The first connection is being made, or a later one (then `attempt` counts from 1). */
  | { readonly kind: 'connecting'; readonly link: Link; readonly attempt: number; readonly abort: AbortController }
  /** Connected; nobody has logged in yet. */
  | { readonly kind: 'open'; readonly link: Link }
  /** `attempt` is 0 for a login that the application asked for. */
  | { readonly kind: 'loggingIn'; readonly link: Link; readonly attempt: number }
  | { readonly kind: 'online'; readonly link: Link; readonly attempt: number; readonly since: number }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly timer: ReturnType<typeof setTimeout> }
  /** The end was asked for: answers are waited for, and that what was handled is acknowledged. */
  | {
      readonly kind: 'draining'
      readonly link: Link
      readonly timer: ReturnType<typeof setTimeout>
      readonly isAcknowledged: boolean
    }
  | { readonly kind: 'closed'; readonly error: ParleyError | undefined }
