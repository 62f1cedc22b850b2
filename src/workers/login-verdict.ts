/** What is asked of the authenticator and what it answers. */
import type { Role } from '../mailbox/store-messages.ts'

/** Somebody wants to be a user's session: with the password or with a token, never both. */
export interface LoginAttempt {
  /** The peer's address as limits count it. */
  readonly address: string
  readonly userId: string
  readonly password?: string | undefined
  readonly token?: string | undefined
  /** Makes the account first; with a password only. */
  readonly register?: boolean | undefined
}

/** A user wants another password for the own account. */
export interface PasswordChange {
  readonly userId: string
  readonly address: string
  readonly oldPassword: string
  readonly newPassword: string
}

/** Codes of refusals; all are error codes of the wire. */
export type LoginRefusalCode =
  | 'auth_failed'
  | 'banned'
  | 'server_busy'
  | 'storage_failed'
  | 'not_allowed'
  | 'user_exists'
  | 'bad_content'

/** Why not. */
export interface LoginRefusal {
  readonly ok: false
  readonly code: LoginRefusalCode
  /** One sentence for the person. */
  readonly message: string
  readonly retryAfterSeconds?: number
}

/** The user is who was claimed. */
export interface LoginSuccess {
  readonly ok: true
  readonly userId: string
  readonly role: Role
  /** The account's generation; a session of an older one is over. */
  readonly generation: number
  readonly sessionId: string
  readonly token: string
  /** Unix time in seconds. */
  readonly tokenExpires: number
}

/** The answer to a {@link LoginAttempt}. */
export type LoginVerdict = LoginSuccess | LoginRefusal

/** The answer to a {@link PasswordChange}: the account's new generation, which voids all tokens before. */
export type PasswordChangeVerdict = { readonly ok: true; readonly generation: number } | LoginRefusal

/** Events of the authenticator; one subscriber logs them, one counts them. No secret is in them. */
export type AuthenticatorEvent =
  | {
      readonly name: 'loggedIn'
      readonly userId: string
      readonly address: string
      readonly by: 'password' | 'token' | 'registration'
      /** From the attempt to its verdict. */
      readonly tookMs: number
    }
  | {
      readonly name: 'loginRefused'
      readonly userId: string
      readonly address: string
      readonly code: LoginRefusalCode
      readonly tookMs: number
    }
  | { readonly name: 'passwordChanged'; readonly userId: string; readonly address: string }
  | {
      readonly name: 'passwordChangeRefused'
      readonly userId: string
      readonly address: string
      readonly code: LoginRefusalCode
    }
  /** The same password has a hash of the present cost now. */
  | { readonly name: 'passwordRehashed'; readonly userId: string }
  /** Something failed that should not have; the attempt was refused, if it was one. */
  | { readonly name: 'authenticatorFault'; readonly userId: string; readonly detail: string }
