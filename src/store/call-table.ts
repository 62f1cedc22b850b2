/** Who answers which call of the store, and which calls write. */
import type { StoreCallName, StoreCalls } from '../mailbox/store-messages.ts'
import type { Accounts } from './accounts.ts'
import type { DeviceKeys } from './device-keys.ts'
import type { History } from './history.ts'
import type { Inboxes } from './inboxes.ts'
import type { ReceiptAskers } from './receipt-askers.ts'

/** What each call does, synchronously. */
export type CallTable = {
  readonly [Call in StoreCallName]: (take: StoreCalls[Call]['take']) => StoreCalls[Call]['give']
}

/** Calls that write rows at once, of accounts mostly: each has a savepoint of its own in a commit. `tokenKey` writes the first time. */
export const accountWrites: ReadonlySet<StoreCallName> = new Set([
  'addAccount',
  'importAccounts',
  'setPasswordHash',
  'upgradePasswordHash',
  'setRole',
  'setDisabled',
  'setBan',
  'removeAccount',
  'setPolicies',
  'enrolKey',
  'revokeKey',
  'resetKeys',
  'tokenKey',
  'noteReceiptAskers',
])

/** Calls that change inboxes or the history, in memory first: they are undone with the whole commit. */
export const inboxWrites: ReadonlySet<StoreCallName> = new Set([
  'openEpoch',
  'openInbox',
  'acknowledge',
  'noteWritten',
  'noteMissed',
  'forgetDevices',
  'expire',
  'journalIds',
  'removeInbox',
  'markRead',
  'retainHistory',
  'probeStore',
])

/** Calls that read rows of inboxes, and so must find what was done before them in the same commit. */
export const inboxReads: ReadonlySet<StoreCallName> = new Set(['readInbox', 'loadJournal'])

/** Those who do the calls. */
export interface CallTakers {
  readonly accounts: Accounts
  readonly keys: DeviceKeys
  readonly inboxes: () => Inboxes
  readonly history: () => History
  readonly askers: ReceiptAskers
  readonly probe: () => StoreCalls['probeStore']['give']
}

/** Makes the table. Inboxes are asked for at the first call that needs them: whoever changes accounts only does not load them. */
export function callTable({ accounts, keys, inboxes, history, askers, probe }: CallTakers): CallTable {
  return {
    findAccount: (take) => accounts.findAccount(take),
    countAccounts: () => accounts.countAccounts(),
    addAccount: (take) => accounts.addAccount(take),
    importAccounts: (take) => accounts.importAccounts(take),
    setPasswordHash: (take) => accounts.setPasswordHash(take),
    upgradePasswordHash: (take) => accounts.upgradePasswordHash(take),
    setRole: (take) => accounts.setRole(take),
    setDisabled: (take) => accounts.setDisabled(take),
    setBan: (take) => accounts.setBan(take),
    removeAccount: (take) => {
      const removed = accounts.removeAccount(take)
      // Whoever gets the name next must have neither these keys nor these messages.
      keys.forgetUser(take.userId)
      inboxes().removeInbox({ user: take.userId })
      history().forgetUser(take.userId)
      askers.forgetUser(take.userId)
      return removed
    },
    listAccounts: (take) => accounts.listAccounts(take),
    setPolicies: (take) => accounts.setPolicies(take),
    enrolKey: (take) => keys.enrolKey(take),
    revokeKey: (take) => keys.revokeKey(take),
    resetKeys: (take) => keys.resetKeys(take),
    listKeys: (take) => keys.listKeys(take),
    readKeyLog: (take) => keys.readKeyLog(take),
    tokenKey: () => accounts.tokenKey(),
    openEpoch: () => inboxes().openEpoch(),
    openInbox: (take) => inboxes().openInbox(take),
    readInbox: (take) => inboxes().readInbox(take),
    acknowledge: (take) => inboxes().acknowledge(take),
    noteWritten: (take) => inboxes().noteWritten(take),
    noteMissed: (take) => inboxes().noteMissed(take),
    forgetDevices: (take) => inboxes().forgetDevices(take),
    expire: (take) => inboxes().expire(take),
    journalIds: (take) => inboxes().journalIds(take),
    loadJournal: (take) => inboxes().loadJournal(take),
    noteReceiptAskers: (take) => askers.noteReceiptAskers(take),
    listReceiptAskers: (take) => askers.listReceiptAskers(take),
    listInboxes: (take) => inboxes().listInboxes(take),
    countInboxes: () => inboxes().countInboxes(),
    removeInbox: (take) => inboxes().removeInbox(take),
    findStored: (take) => inboxes().findStored(take),
    readHistory: (take) => history().readHistory(take),
    markRead: (take) => history().markRead(take),
    listConversations: (take) => history().listConversations(take),
    findPast: (take) => history().findPast(take),
    retainHistory: (take) => history().retainHistory(take),
    probeStore: () => probe(),
  }
}
