import t, { type Test } from 'tap'
import type { Account, Store, StoreCallName, StoreCalls } from '../../src/mailbox/store-messages.ts'
import { AccountCache } from '../../src/store/account-cache.ts'
import { openLocalStore } from '../../src/store/local-store.ts'

const passwordHash = '$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$aGFzaA'

/** A cache over a real store with some accounts. */
async function open(t: Test, accountsMax = 100, users = ['ann', 'bob', 'cat']): Promise<AccountCache> {
  const store = openLocalStore({ dataDir: t.testdir() })
  t.teardown(() => store.close())
  const cache = new AccountCache(store, { accountsMax })
  for (const userId of users) await cache.call('addAccount', { userId, passwordHash, role: 'user' })
  return cache
}

t.test('an account is known once it was looked up, without its hash', async (t) => {
  const cache = await open(t)
  t.equal(cache.known('ann'), undefined)
  const { passwordHash: hash, ...rest } = (await cache.call('findAccount', { userId: 'ann' })) as Account
  t.equal(hash, passwordHash, 'the look-up itself tells everything')
  t.strictSame(cache.known('ann'), rest)
  t.equal(cache.size, 1)
  t.equal(await cache.call('findAccount', { userId: 'nobody' }), undefined)
  t.equal(cache.known('nobody'), undefined)
  t.equal(await cache.call('countAccounts', {}), 3)
  t.ok(cache.known('ann'))
})

t.test('every change of an account is forgotten at once, and of that account alone', async (t) => {
  const cache = await open(t)
  const changes: readonly (() => Promise<unknown>)[] = [
    () => cache.call('setPasswordHash', { userId: 'ann', passwordHash }),
    () => cache.call('upgradePasswordHash', { userId: 'ann', oldHash: passwordHash, passwordHash }),
    () => cache.call('setRole', { userId: 'ann', role: 'operator' }),
    () => cache.call('setDisabled', { userId: 'ann', disabled: true }),
    () => cache.call('setBan', { userId: 'ann', bannedUntil: 5 }),
    () => cache.call('removeAccount', { userId: 'ann' }),
    () => cache.call('addAccount', { userId: 'ann', passwordHash, role: 'user' }),
  ]
  await cache.call('findAccount', { userId: 'bob' })
  for (const change of changes) {
    await cache.call('findAccount', { userId: 'ann' })
    const done = change()
    t.equal(cache.known('ann'), undefined, 'before the store has answered')
    await done
    t.equal(cache.known('ann'), undefined)
    const { passwordHash: _, ...now } = (await cache.call('findAccount', { userId: 'ann' })) ?? { passwordHash }
    t.strictSame(cache.known('ann') ?? {}, now)
  }
  t.ok(cache.known('bob'))
})

t.test('a change that fails is forgotten as well: nobody knows what it did', async (t) => {
  const cache = await open(t)
  await cache.call('findAccount', { userId: 'ann' })
  await t.rejects(cache.call('addAccount', { userId: 'ann', passwordHash, role: 'user' }), { code: 'exists' })
  t.equal(cache.known('ann'), undefined)
})

t.test('what was looked up while a change was under way is not remembered', async (t) => {
  const open: ((give: unknown) => void)[] = []
  const store = {
    call: () => new Promise((resolve) => open.push(resolve)),
  } as unknown as Store
  const cache = new AccountCache(store, { accountsMax: 10 })
  const old = { userId: 'ann', disabled: false, keys: [] } as unknown as Account
  const call = <Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']): Promise<unknown> =>
    cache.call(name, take)

  const before = call('findAccount', { userId: 'ann' })
  const change = call('setDisabled', { userId: 'ann', disabled: true })
  const during = call('findAccount', { userId: 'ann' })
  open[0]?.(old)
  await before
  t.equal(cache.known('ann'), undefined, 'asked before the change')
  open[1]?.({})
  await change
  open[2]?.(old)
  await during
  t.equal(cache.known('ann'), undefined, 'asked before the change had ended')
  const after = call('findAccount', { userId: 'ann' })
  open[3]?.({ ...old, disabled: true })
  await after
  t.match(cache.known('ann'), { disabled: true })
})

t.test('it has a limit, and what was used longest ago goes first', async (t) => {
  const cache = await open(t, 2)
  await cache.call('findAccount', { userId: 'ann' })
  await cache.call('findAccount', { userId: 'bob' })
  t.ok(cache.known('ann'))
  await cache.call('findAccount', { userId: 'cat' })
  t.equal(cache.size, 2)
  t.ok(cache.known('ann'))
  t.equal(cache.known('bob'), undefined)
  t.ok(cache.known('cat'))
})

t.test('an account with many keys is asked for each time', async (t) => {
  const keys = Array.from({ length: 5 }, (_, index) => ({ thumbprint: String(index), key: {}, revoked: true }))
  const store = {
    call: async (_name: string, { userId }: { userId: string }) => ({ userId, keys: keys.slice(0, Number(userId)) }),
  } as unknown as Store
  const cache = new AccountCache(store, { accountsMax: 10 })
  for (const userId of ['4', '5']) await cache.call('findAccount', { userId })
  t.match(cache.known('4'), { userId: '4' })
  t.equal(cache.known('5'), undefined)
})
