/** Everything that the main thread asks of the storage thread by calls, and what comes back. All MessagePack. */
import type { RsaPublicKey } from '../protocol/entities/keys.ts'
import type { HistoryCalls } from './history-messages.ts'
import type { InboxCalls } from './inbox-messages.ts'

/** What a user may do. */
export type Role = 'user' | 'operator'

/** What of a user's messages to users must be encrypted end to end, or must not. */
export type EndToEndPolicy = 'allow' | 'require' | 'refuse'

/** What a user's messages to users must be like. */
export interface Policies {
  /** They must be signed. */
  readonly signedOnly: boolean
  readonly endToEnd: EndToEndPolicy
}

/** A key that is or was a user's. Times are Unix milliseconds. */
export interface DeviceKey {
  readonly thumbprint: string
  readonly key: RsaPublicKey
  readonly deviceId: string
  readonly enrolledAt: number
  /** The thumbprint of the key that approved it, `first`, or `operator`. */
  readonly approvedBy: string
  /** Undefined while it counts. */
  readonly revokedAt: number | undefined
}

/** What of a key decides on logins and signatures. */
export interface AccountKey {
  readonly thumbprint: string
  readonly key: RsaPublicKey
  readonly revoked: boolean
}

/** A key to be enrolled. */
export interface NewDeviceKey {
  readonly userId: string
  readonly thumbprint: string
  readonly key: RsaPublicKey
  readonly deviceId: string
  /** `first` only where the user has none; a thumbprint only of a key that counts. */
  readonly approvedBy: string
  /** The approval by that key, with the thumbprint of the server for which it was made; empty without one. */
  readonly server: string
  readonly signature: string
}

/** An entry of the log of a user's keys. */
export interface KeyLogEntry {
  readonly index: number
  readonly kind: 'enrol' | 'revoke'
  /** Unix time in seconds. */
  readonly time: number
  readonly deviceId: string
  readonly thumbprint: string
  readonly key: RsaPublicKey
  readonly approvedBy: string
  readonly server: string
  readonly signature: string
  /** The hash of the entry before, and of this one: base64url of SHA-256. */
  readonly previous: string
  readonly hash: string
}

/** One account as it is stored. Times are Unix milliseconds. */
export interface Account {
  readonly userId: string
  /** PHC string of argon2id; undefined: may not log in with a password. */
  readonly passwordHash: string | undefined
  readonly role: Role
  readonly disabled: boolean
  /** Counts changes of password, role and state; a token of an older one is void. */
  readonly generation: number
  readonly bannedUntil: number
  readonly createdAt: number
  /** Those that count, and those that were revoked. */
  readonly keys: readonly AccountKey[]
  readonly policies: Policies
}

/** What of an account decides on who has a token: all but the hash. */
export type KnownAccount = Omit<Account, 'passwordHash'>

/** What can be told of an account without a secret. */
export interface AccountSummary {
  readonly userId: string
  readonly role: Role
  readonly disabled: boolean
  readonly bannedUntil: number
  readonly createdAt: number
}

/** An account to be made. */
export interface NewAccount {
  readonly userId: string
  readonly passwordHash: string
  readonly role: Role
}

/** Requests to the accounts by name, with what they take and give. */
export interface AccountCalls {
  findAccount: { take: { userId: string }; give: Account | undefined }
  countAccounts: { take: Record<string, never>; give: number }
  /** Fails with `exists`. */
  addAccount: { take: NewAccount; give: AccountSummary }
  /** All or nothing; existing ones are left as they are and named in `existing`. */
  importAccounts: { take: { accounts: readonly NewAccount[] }; give: { added: number; existing: readonly string[] } }
  /** The next five fail with `user_unknown`. */
  setPasswordHash: { take: { userId: string; passwordHash: string }; give: AccountSummary }
  /** A better hash of the same password; does not void tokens. */
  upgradePasswordHash: { take: { userId: string; oldHash: string; passwordHash: string }; give: boolean }
  setRole: { take: { userId: string; role: Role }; give: AccountSummary }
  setDisabled: { take: { userId: string; disabled: boolean }; give: AccountSummary }
  setBan: { take: { userId: string; bannedUntil: number }; give: AccountSummary }
  removeAccount: { take: { userId: string }; give: AccountSummary }
  listAccounts: {
    take: { prefix?: string; after?: string; limit: number }
    give: { accounts: readonly AccountSummary[]; total: number }
  }
  /** Fails with `user_unknown`. What is not given stays as it is. */
  setPolicies: { take: { userId: string; signedOnly?: boolean; endToEnd?: EndToEndPolicy }; give: Policies }
  /**
   * Enrols a key. One that is enrolled already is left as it is. Fails with `user_unknown`; with `approval_required` for a
   * first key that is not the first; with `key_refused` when it was revoked, when who approves does not count, or when the
   * user has as many as may be.
   */
  enrolKey: { take: NewDeviceKey; give: DeviceKey }
  /**
   * Revokes one key, as `operator` or in the name of a key of the user, or, where that does not count, of the key itself.
   * Fails with `user_unknown`, and with `key_unknown` where the key does not count.
   */
  revokeKey: { take: { userId: string; thumbprint: string; by: string }; give: DeviceKey }
  /** Revokes all keys, as the operator; then the next one is a first key. Gives those that counted. Fails with `user_unknown`. */
  resetKeys: { take: { userId: string }; give: readonly DeviceKey[] }
  /** All keys, also those that were revoked, in the order of their enrolment. Fails with `user_unknown`. */
  listKeys: { take: { userId: string }; give: readonly DeviceKey[] }
  /** A page of the log of a user's keys, from an index on. Fails with `user_unknown`. */
  readKeyLog: {
    take: { userId: string; from: number; limit: number }
    give: { entries: readonly KeyLogEntry[]; more: boolean }
  }
  /** 32 random bytes made at the first start; logins by token are signed with them. */
  tokenKey: { take: Record<string, never>; give: Uint8Array }
}

/** How the store is. */
export interface StoreHealth {
  /** The disk has no room: messages are refused with `storage_full`. */
  readonly isFull: boolean
  /** Pieces of inboxes and of the history that were found damaged since the start. */
  readonly damaged: number
}

/** Requests to the store by name. */
export interface StoreCalls extends AccountCalls, InboxCalls, HistoryCalls {
  /** Writes something to the disk and says how the store is; rejects, as every write would, when that can't be done. */
  probeStore: { take: Record<string, never>; give: StoreHealth }
}

/** The name of a request to the store. */
export type StoreCallName = keyof StoreCalls

/** Why the store refused. */
export type StoreErrorCode =
  | 'exists'
  | 'user_unknown'
  | 'approval_required'
  | 'key_refused'
  | 'key_unknown'
  | 'storage_full'
  | 'storage_failed'
  | 'server_busy'

/** A request as it crosses; `id` correlates the reply. */
export type StoreRequest = {
  [Name in StoreCallName]: { readonly id: number; readonly call: Name; readonly take: StoreCalls[Name]['take'] }
}[StoreCallName]

/** The reply. Errors cross as plain data: structured clone and MessagePack drop classes. */
export type StoreReply =
  | { readonly id: number; readonly give: unknown }
  | { readonly id: number; readonly error: { readonly code: StoreErrorCode; readonly message: string } }

/** The store as others see it: in the server through its thread, on the command line directly. */
export interface Store {
  /** @throws StoreError with a {@link StoreErrorCode} */
  call<Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']): Promise<StoreCalls[Name]['give']>
}

/** A store that remembers accounts. */
export interface RememberingStore extends Store {
  /** The account as the store has it at this moment, without asking it; undefined when that is not known, or there is none. */
  known(userId: string): KnownAccount | undefined
}
