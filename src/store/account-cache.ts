/**
 * The store with a memory: what decides on a login by token is kept for the accounts that were looked up last, so that a
 * client that comes back costs no hop to the storage thread. All changes of accounts go through it, so what it
 * remembers is never older than what the store would answer. Runs on: the main thread.
 */
import type {
  Account,
  AccountCalls,
  KnownAccount,
  RememberingStore,
  Store,
  StoreCallName,
  StoreCalls,
} from '../mailbox/store-messages.ts'

type CallEffect = 'looksUp' | 'changes' | 'neither'

/** What a call does to accounts: it looks one up, changes or makes the one that it names, or does neither, as all others. */
const calls: Readonly<Partial<Record<StoreCallName, CallEffect>> & Record<keyof AccountCalls, CallEffect>> = {
  findAccount: 'looksUp',
  countAccounts: 'neither',
  addAccount: 'changes',
  // Leaves those that exist as they are, and what does not exist is not remembered.
  importAccounts: 'neither',
  setPasswordHash: 'changes',
  upgradePasswordHash: 'changes',
  setRole: 'changes',
  setDisabled: 'changes',
  setBan: 'changes',
  removeAccount: 'changes',
  listAccounts: 'neither',
  setPolicies: 'changes',
  enrolKey: 'changes',
  revokeKey: 'changes',
  resetKeys: 'changes',
  listKeys: 'neither',
  readKeyLog: 'neither',
  tokenKey: 'neither',
  openEpoch: 'neither',
  openInbox: 'neither',
  readInbox: 'neither',
  acknowledge: 'neither',
  noteWritten: 'neither',
  forgetDevices: 'neither',
  expire: 'neither',
  journalIds: 'neither',
  loadJournal: 'neither',
  countInboxes: 'neither',
  removeInbox: 'neither',
  findStored: 'neither',
  readHistory: 'neither',
  markRead: 'neither',
  listConversations: 'neither',
  findPast: 'neither',
  retainHistory: 'neither',
  probeStore: 'neither',
}

/** An account with more keys is not remembered: with the most that one may ever have, all of them would take gigabytes. */
const keysMax = 4

/** See the head of the file. */
export class AccountCache implements RememberingStore {
  readonly #store: Store
  readonly #accountsMax: number
  /** In the order in which they were used, the one used longest ago first. */
  readonly #accounts = new Map<string, KnownAccount>()
  /** Counts beginnings and ends of changes: what was looked up while one happened is not remembered. */
  #changes = 0

  /** @param options `accountsMax`: the most accounts that are remembered */
  constructor(store: Store, options: { readonly accountsMax: number }) {
    this.#store = store
    this.#accountsMax = options.accountsMax
  }

  /** How many accounts are remembered. */
  get size(): number {
    return this.#accounts.size
  }

  known(userId: string): KnownAccount | undefined {
    const account = this.#accounts.get(userId)
    if (account === undefined) return undefined
    this.#accounts.delete(userId)
    this.#accounts.set(userId, account)
    return account
  }

  async call<Name extends StoreCallName>(
    name: Name,
    take: StoreCalls[Name]['take'],
  ): Promise<StoreCalls[Name]['give']> {
    switch (calls[name]) {
      case 'looksUp': {
        const changesBefore = this.#changes
        const give = await this.#store.call(name, take)
        if (this.#changes === changesBefore) this.#remember(give as Account | undefined)
        return give
      }
      case 'changes': {
        const { userId } = take as { readonly userId: string }
        // From the first moment on: whoever asks from here on asks the store, which answers after the change.
        this.#forget(userId)
        try {
          return await this.#store.call(name, take)
        } finally {
          this.#forget(userId)
        }
      }
      default:
        return this.#store.call(name, take)
    }
  }

  #forget(userId: string): void {
    this.#changes++
    this.#accounts.delete(userId)
  }

  #remember(account: Account | undefined): void {
    if (account === undefined || account.keys.length > keysMax) return
    // Without the hash: a password is checked against what the store has.
    const { passwordHash: _, ...known } = account
    this.#accounts.delete(known.userId)
    this.#accounts.set(known.userId, known)
    if (this.#accounts.size <= this.#accountsMax) return
    for (const oldest of this.#accounts.keys()) {
      this.#accounts.delete(oldest)
      break
    }
  }
}
