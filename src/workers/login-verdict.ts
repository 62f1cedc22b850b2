/** What is asked of the authenticator and what it answers. */
import type { Policies, Role } from '../mailbox/store-messages.ts'
import type { RsaPublicJwk } from '../security/jwk.ts'
import type { ResumedClaims } from '../security/server-handshake.ts'
import type { SuiteNumber } from '../security/suites.ts'

/** Somebody wants to be a user's session: with the password or with a token, never both. */
export interface LoginAttempt {
  /** The peer's address as limits count it. */
  readonly address: string
  readonly userId: string
  readonly password?: string | undefined
  readonly token?: string | undefined
  /** Makes the account first; with a password only. */
  readonly register?: boolean | undefined
  /** In a sealed session. */
  readonly sealed?: SealedLogin | undefined
  /** The thumbprint of the client's key, when the session is sealed. */
  readonly thumbprint?: string | undefined
}

/** What of a sealed session takes part in its login. */
export interface SealedLogin {
  readonly suite: SuiteNumber
  /** Of the client's key. */
  readonly thumbprint: string
  /** The client's key, in a full handshake: with `proof` it shows that it is its own. */
  readonly clientKey: RsaPublicJwk | undefined
  readonly transcriptHash: Uint8Array
  readonly proof: Uint8Array | undefined
  /** What a ticket of the session holds. */
  readonly resumptionSecret: Uint8Array
  /** Who came back with a ticket. */
  readonly resumed: ResumedClaims | undefined
  readonly deviceId: string | undefined
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
  /** The client of a sealed session does not have the key that it named; nothing else was looked at. */
  | 'bad_signature'
  | 'key_revoked'

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
  /** In a sealed session, where its suite has tickets. Unix time in seconds. */
  readonly ticket?: { readonly text: string; readonly expires: number } | undefined
  /** The user's keys that count: thumbprint and modulus. */
  readonly keys: readonly (readonly [thumbprint: string, modulus: string])[]
  /** Thumbprints of the keys that the session dies with: the client's, and the one that the token was handed out under. */
  readonly boundTo: readonly string[]
  readonly policies: Policies
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
      readonly by: 'password' | 'token' | 'ticket' | 'registration'
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
