/** Everything that the main thread asks of the storage thread by calls, and what comes back. All MessagePack. */
import type { InboxCalls } from './inbox-messages.ts'

/** What a user may do. */
export type Role = 'user' | 'operator'

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
}

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
  /** 32 random bytes made at the first start; logins by token are signed with them. */
  tokenKey: { take: Record<string, never>; give: Uint8Array }
}

/** Requests to the store by name. */
export interface StoreCalls extends AccountCalls, InboxCalls {}

/** The name of a request to the store. */
export type StoreCallName = keyof StoreCalls

/** Why the store refused. */
export type StoreErrorCode = 'exists' | 'user_unknown' | 'storage_full' | 'storage_failed' | 'server_busy'

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
