import t from 'tap'
import { StoreError } from '../../src/mailbox/store-error.ts'
import type { Store, StoreErrorCode } from '../../src/mailbox/store-messages.ts'
import { routerServices } from '../../src/server/router-services.ts'
import type { Authenticator } from '../../src/workers/authenticator.ts'

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

t.test('a user exists, does not, or can not be told', async (t) => {
  t.equal(await routerServices(storeThat(() => ({ userId: 'ann' })).store, authenticator).findUser('ann'), 'exists')
  t.equal(await routerServices(storeThat(() => undefined).store, authenticator).findUser('ann'), 'unknown')
  t.equal(await routerServices(failing('server_busy'), authenticator).findUser('ann'), 'server_busy')
  t.equal(await routerServices(failing('storage_failed'), authenticator).findUser('ann'), 'storage_failed')
  const other = storeThat(() => {
    throw new Error('other')
  })
  t.equal(await routerServices(other.store, authenticator).findUser('ann'), 'storage_failed')
})

t.test('a ban is stored with its end, or fails with a code of the wire', async (t) => {
  const { store, calls } = storeThat(() => ({}))
  t.equal(await routerServices(store, authenticator).ban('ann', 99), undefined)
  t.strictSame(calls, [['setBan', { userId: 'ann', bannedUntil: 99 }]])
  for (const [code, expected] of [
    ['user_unknown', 'user_unknown'],
    ['storage_full', 'storage_full'],
    ['server_busy', 'server_busy'],
    ['exists', 'storage_failed'],
  ] as const) {
    t.match(await routerServices(failing(code), authenticator).ban('ann', 99), { code: expected, message: /\w/ })
  }
})

t.test('logins and changes of passwords go to the authenticator', async (t) => {
  const services = routerServices(storeThat(() => undefined).store, authenticator)
  const { signal } = new AbortController()
  const attempt = { address: 'a', userId: 'ann', password: 'x' }
  t.strictSame(await services.login(attempt, signal), { attempt, signal } as unknown)
  const change = { userId: 'ann', address: 'a', oldPassword: 'x', newPassword: 'y' }
  t.strictSame(await services.changePassword(change), { change } as unknown)
})
