/** What the router takes in, and what it wants done: plain data on both sides. */
import type { AcceptorMessage } from '../mailbox/acceptor-messages.ts'
import type {
  AuthenticateMessage,
  ClosedMessage,
  ConnectionId,
  RelayMessage,
  RequestMessage,
  WrittenMessage,
} from '../mailbox/router-messages.ts'
import type { Role } from '../mailbox/store-messages.ts'
import type { ErrorCode, Fault } from '../protocol/errors.ts'

/** A login as the check of credentials takes it. */
export interface LoginAttempt {
  readonly address: string
  readonly userId: string
  readonly password?: string
  readonly token?: string
  readonly register?: boolean
}

/** A refusal by whoever checks credentials. */
export interface Refused {
  readonly ok: false
  readonly code: ErrorCode
  readonly message: string
  readonly retryAfterSeconds?: number
}

/** What the check of a login found. */
export type LoginVerdict =
  | {
      readonly ok: true
      readonly userId: string
      readonly role: Role
      readonly sessionId: string
      readonly token: string
      /** Unix time in seconds. */
      readonly tokenExpires: number
    }
  | Refused

/** A change of one's own password. */
export interface PasswordChange {
  readonly userId: string
  readonly address: string
  readonly oldPassword: string
  readonly newPassword: string
}

/** What operators' tools on this machine ask of a running server. */
export type Command =
  | { readonly name: 'who'; readonly prefix: string; readonly after: string | undefined; readonly limit: number }
  /** `isBanned`: the account was banned just before, so a login that is being checked must not succeed. */
  | { readonly name: 'kick'; readonly userId: string; readonly reason: string | undefined; readonly isBanned: boolean }
  | { readonly name: 'send'; readonly to: string; readonly message: string }
  | { readonly name: 'broadcast'; readonly message: string }

/** The answers to commands. */
export type CommandReply =
  | {
      readonly name: 'who'
      readonly items: readonly string[]
      readonly total: number
      readonly after: string | undefined
    }
  | { readonly name: 'kick'; readonly sessions: number }
  | { readonly name: 'send'; readonly status: 'sent' }
  | { readonly name: 'send'; readonly status: 'rejected'; readonly code: ErrorCode }
  | { readonly name: 'broadcast'; readonly receivers: number }

/** Who waits for the outcome of something. */
export type Asker =
  /** Who sent a run of messages to a user: one answer for each `CallbackID`, none for the others unless they fail. */
  | {
      readonly kind: 'sender'
      readonly connection: ConnectionId
      readonly callbackIds: readonly string[]
      /** Messages without a `CallbackID`. */
      readonly silent: number
    }
  /** Who sent a request to the server. */
  | {
      readonly kind: 'session'
      readonly connection: ConnectionId
      readonly type: string
      readonly callbackId: string | undefined
    }
  | { readonly kind: 'command'; readonly id: number }

/** Whether a user has an account, as the store answered. */
export type UserFound = 'exists' | 'unknown' | 'server_busy' | 'storage_failed'

/** The typed union of what the router takes in. */
export type RouterEvent =
  | RelayMessage
  | AuthenticateMessage
  | RequestMessage
  | WrittenMessage
  | ClosedMessage
  | { readonly kind: 'loginVerdict'; readonly connection: ConnectionId; readonly verdict: LoginVerdict }
  | {
      readonly kind: 'passwordVerdict'
      readonly connection: ConnectionId
      readonly userId: string
      readonly callbackId: string | undefined
      readonly verdict: { readonly ok: true } | Refused
    }
  | { readonly kind: 'userFound'; readonly userId: string; readonly found: UserFound }
  | {
      readonly kind: 'banned'
      readonly asker: Asker
      readonly userId: string
      readonly sessions: number
      readonly problem: Fault | undefined
    }
  /** The password, role or state of an account was changed from outside its sessions. */
  | { readonly kind: 'accountChanged'; readonly userId: string }
  | { readonly kind: 'command'; readonly id: number; readonly command: Command }
  /** The server is about to end all connections. */
  | { readonly kind: 'draining' }
  /** An acceptor thread has died, and all its connections with it. */
  | { readonly kind: 'acceptorLost'; readonly acceptor: number }
  | { readonly kind: 'tick' }

/** What the router wants done. */
export type RouterEffect =
  | { readonly kind: 'send'; readonly connection: ConnectionId; readonly message: AcceptorMessage }
  /** To every acceptor. */
  | { readonly kind: 'sendAll'; readonly message: AcceptorMessage }
  | { readonly kind: 'login'; readonly connection: ConnectionId; readonly attempt: LoginAttempt }
  /** Whoever waits for a login has gone. */
  | { readonly kind: 'cancelLogin'; readonly connection: ConnectionId }
  | {
      readonly kind: 'changePassword'
      readonly connection: ConnectionId
      readonly callbackId: string | undefined
      readonly change: PasswordChange
    }
  | { readonly kind: 'findUser'; readonly userId: string }
  | {
      readonly kind: 'ban'
      readonly asker: Asker
      readonly userId: string
      readonly until: number
      readonly sessions: number
    }
  | { readonly kind: 'commandReply'; readonly id: number; readonly reply: CommandReply }
  | {
      readonly kind: 'observed'
      readonly name: 'sessionBegan' | 'sessionEnded' | 'loginFailed' | 'kicked' | 'passwordChanged'
      readonly user: string
      readonly connection: ConnectionId
      readonly detail: string
    }
