/**
 * The way of a command to the accounts: through the running server, so that changes take effect at once; or straight
 * to the file where none runs.
 */

import type { StoreCalls } from '../mailbox/store-messages.ts'
import type { ControlStoreCallName, ControlStoreGive } from '../server/control-protocol.ts'
import { type ControlClient, connectControl } from './control-client.ts'

/** The accounts of a data directory. */
export interface AccountsAccess {
  /** Whether a running server was asked, or the file opened. */
  readonly via: 'server' | 'file'
  /** @throws an error with a `code` of the store */
  call<Name extends ControlStoreCallName>(name: Name, take: StoreCalls[Name]['take']): Promise<ControlStoreGive<Name>>
  close(): void
}

/** Opens the accounts of a data directory. Call `close` when done. */
export async function openAccounts(dataDir: string): Promise<AccountsAccess> {
  const control = await connectControl(dataDir)
  if (control !== undefined) return throughServer(control)
  // Loaded when it is needed: opening the database costs more than the rest of a command.
  const { openLocalStore } = await import('../store/local-store.ts')
  const store = openLocalStore({ dataDir })
  return {
    via: 'file',
    call: async (name, take) => (await store.call(name, take)) as ControlStoreGive<typeof name>,
    close: () => store.close(),
  }
}

/** Opens the accounts, does something with them, and closes them whatever happens. */
export async function withAccounts<Result>(
  dataDir: string,
  use: (accounts: AccountsAccess) => Promise<Result>,
): Promise<Result> {
  const accounts = await openAccounts(dataDir)
  try {
    return await use(accounts)
  } finally {
    accounts.close()
  }
}

function throughServer(control: ControlClient): AccountsAccess {
  return {
    via: 'server',
    // A call of the store gives through the socket what ControlStoreGive says; the compiler does not see through both maps at once.
    call: async (name, take) => (await control.call(name, take)) as ControlStoreGive<typeof name>,
    close: () => control.close(),
  }
}
