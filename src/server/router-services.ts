/** What the router has others do, joined to the store and the pool. Runs on: the main thread. */
import type { HistoryRun } from '../mailbox/history-messages.ts'
import { StoreError } from '../mailbox/store-error.ts'
import type { Store } from '../mailbox/store-messages.ts'
import { errors, type Fault, fault } from '../protocol/errors.ts'
import type { RouterServices } from '../router/router-shell.ts'
import type { Authenticator } from '../workers/authenticator.ts'
import type { KeyExchange } from '../workers/key-exchange.ts'
import type { KeyRegistrar } from '../workers/key-registrar.ts'
import { askPast } from './past-service.ts'

/** Makes the services. None of them rejects: what fails becomes a code. */
export function routerServices(parts: {
  readonly store: Store
  readonly authenticator: Authenticator
  readonly registrar: KeyRegistrar
  readonly keyExchange: KeyExchange
  /** Whether a history is kept, and who takes what goes there. */
  readonly hasHistory: boolean
  readonly remember: (run: HistoryRun) => void
}): RouterServices {
  const { store, authenticator, registrar, keyExchange } = parts
  return {
    exchangeKeys: (attempt, signal) => keyExchange.exchange(attempt, signal),
    loginAtOnce: (attempt) => authenticator.loginAtOnce(attempt),
    login: (attempt, signal) => authenticator.login(attempt, signal),
    changePassword: (change) => authenticator.changePassword(change),
    verify: (bundle) => registrar.verify(bundle),
    keyRequest: (request) => registrar.handle(request),
    pastRequest: (request) => askPast(store, parts.hasHistory, request),
    remember: parts.remember,
    findUser: async (userId) => {
      try {
        return (await store.call('findAccount', { userId })) === undefined ? 'unknown' : 'exists'
      } catch (error) {
        return codeOf(error) === 'server_busy' ? 'server_busy' : 'storage_failed'
      }
    },
    ban: async (userId, until) => {
      try {
        await store.call('setBan', { userId, bannedUntil: until })
        return undefined
      } catch (error) {
        return storeFault(error)
      }
    },
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof StoreError ? error.code : undefined
}

function storeFault(error: unknown): Fault {
  const code = codeOf(error)
  switch (code) {
    case 'user_unknown':
    case 'server_busy':
    case 'storage_full':
      return fault(code, errors[code].message)
    default:
      return fault('storage_failed')
  }
}
