import t from 'tap'
import { StoreError } from '../../src/mailbox/store-error.ts'
import type { Store, StoreHealth } from '../../src/mailbox/store-messages.ts'
import { serverHealth } from '../../src/server/server-health.ts'
import { openLocalStore } from '../../src/store/local-store.ts'

function storeThat(answer: () => Promise<StoreHealth>): Store {
  return { call: answer } as unknown as Store
}

t.test('a store that takes what is written is well', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  t.teardown(() => store.close())
  t.same(await serverHealth(store), { store: 'ok', message: 'The server is well.' })
})

t.test('a full disk, damage, a fault and silence are told apart', async (t) => {
  t.match(await serverHealth(storeThat(async () => ({ isFull: true, damaged: 3 }))), { store: 'full' })
  t.match(await serverHealth(storeThat(async () => ({ isFull: false, damaged: 1 }))), {
    store: 'damaged',
    message: /^One piece .* parley verify/,
  })
  const rejects = (code: 'storage_full' | 'storage_failed') =>
    serverHealth(storeThat(() => Promise.reject(new StoreError(code, 'It is so.'))))
  t.match(await rejects('storage_full'), { store: 'full' })
  t.match(await rejects('storage_failed'), { store: 'failed', message: 'It is so.' })
  t.match(
    await serverHealth(
      storeThat(() => new Promise(() => {})),
      1,
    ),
    { store: 'failed', message: /not answered/ },
  )
})

t.test('a closed store fails', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  store.close()
  t.match(await serverHealth(store), { store: 'failed' })
})
