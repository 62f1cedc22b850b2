import t from 'tap'
import { StoreError } from '../../src/mailbox/store-error.ts'
import type { Store, StoreErrorCode } from '../../src/mailbox/store-messages.ts'
import type { RouterServices } from '../../src/router/router-shell.ts'
import { routerServices } from '../../src/server/router-services.ts'
import type { Authenticator } from '../../src/workers/authenticator.ts'
import type { KeyExchange } from '../../src/workers/key-exchange.ts'
import type { KeyRegistrar } from '../../src/workers/key-registrar.ts'

/** A store that answers every call alike. */
function storeThat(answer: () => unknown): { store: Store; calls: unknown[] } {
  const calls: unknown[] = []
  const call = async (name: string, take: unknown): Promise<unknown> => {
    calls.push([name, take])
    return answer()
  }
  return { store: { call: call as Store['call'] }, calls }
}

function failing(code: StoreErrorCode): Store {
  return storeThat(() => {
    throw new StoreError(code, 'No.')
  }).store
}

const authenticator = {
  loginAtOnce: (attempt: object) => ({ attempt }),
  login: async (attempt: object, signal: AbortSignal) => ({ attempt, signal }),
  changePassword: async (change: object) => ({ change }),
} as unknown as Authenticator

const registrar = {
  verify: async (bundle: Uint8Array) => bundle,
  handle: async (request: object) => ({ request }),
} as unknown as KeyRegistrar
const keyExchange = { exchange: async (attempt: object) => ({ attempt }) } as unknown as KeyExchange

function servicesOf(store: Store): RouterServices {
  return routerServices({
    hasHistory: false,
    remember: () => {},
    store,
    authenticator,
    registrar,
    keyExchange,
  })
}

t.test('a user exists, does not, or can not be told', async (t) => {
  t.equal(await servicesOf(storeThat(() => ({ userId: 'ann' })).store).findUser('ann'), 'exists')
  t.equal(await servicesOf(storeThat(() => undefined).store).findUser('ann'), 'unknown')
  t.equal(await servicesOf(failing('server_busy')).findUser('ann'), 'server_busy')
  t.equal(await servicesOf(failing('storage_failed')).findUser('ann'), 'storage_failed')
  const other = storeThat(() => {
    throw new Error('other')
  })
  t.equal(await servicesOf(other.store).findUser('ann'), 'storage_failed')
})

t.test('a ban is stored with its end, or fails with a code of the wire', async (t) => {
  const { store, calls } = storeThat(() => ({}))
  t.equal(await servicesOf(store).ban('ann', 99), undefined)
  t.strictSame(calls, [['setBan', { userId: 'ann', bannedUntil: 99 }]])
  for (const [code, expected] of [
    ['user_unknown', 'user_unknown'],
    ['storage_full', 'storage_full'],
    ['server_busy', 'server_busy'],
    ['exists', 'storage_failed'],
  ] as const) {
    t.match(await servicesOf(failing(code)).ban('ann', 99), { code: expected, message: /\w/ })
  }
})

t.test('logins and changes of passwords go to the authenticator', async (t) => {
  const services = servicesOf(storeThat(() => undefined).store)
  const { signal } = new AbortController()
  const attempt = { address: 'a', userId: 'ann', password: 'x' }
  t.strictSame(await services.login(attempt, signal), { attempt, signal } as unknown)
  const change = { userId: 'ann', address: 'a', oldPassword: 'x', newPassword: 'y' }
  t.strictSame(await services.changePassword(change), { change } as unknown)
})
