import { randomBytes } from 'node:crypto'
import Database from 'libsql'
import t from 'tap'
import { StoreError } from '../../src/mailbox/store-error.ts'
import { Accounts, accountsPageMax } from '../../src/store/accounts.ts'
import { migrate } from '../../src/store/schema.ts'

const now = 1_700_000_000_000

function open(): { accounts: Accounts; database: Database.Database } {
  const database = new Database(':memory:')
  migrate(database, ':memory:')
  return { database, accounts: new Accounts({ database, now: () => now, random: randomBytes, keysOf: () => [] }) }
}

function add(accounts: Accounts, ...names: string[]): void {
  for (const userId of names) accounts.addAccount({ userId, passwordHash: `hash of ${userId}`, role: 'user' })
}

t.test('an account is found as it was added', async (t) => {
  const { accounts } = open()
  t.strictSame(accounts.addAccount({ userId: 'alice', passwordHash: 'hash', role: 'operator' }), {
    userId: 'alice',
    role: 'operator',
    disabled: false,
    bannedUntil: 0,
    createdAt: now,
  })
  t.strictSame(accounts.findAccount({ userId: 'alice' }), {
    userId: 'alice',
    passwordHash: 'hash',
    role: 'operator',
    disabled: false,
    generation: 1,
    bannedUntil: 0,
    createdAt: now,
    keys: [],
    policies: { signedOnly: false, endToEnd: 'allow' },
  })
  t.equal(accounts.findAccount({ userId: 'bob' }), undefined)
})

t.test('names are compared exactly', async (t) => {
  const { accounts } = open()
  const names = ['alice', 'Alice', 'ALICE', 'alicé', '__proto__', 'constructor', "o'hara", '100%', 'a_b', '😀', '李雷']
  add(accounts, ...names)
  t.equal(accounts.countAccounts(), names.length)
  for (const name of names) t.equal(accounts.findAccount({ userId: name })?.passwordHash, `hash of ${name}`)
  for (const other of ['aLICE', 'alice ', 'alice\0', '', '%', 'a%b']) {
    t.equal(accounts.findAccount({ userId: other }), undefined, JSON.stringify(other))
  }
})

t.test('a name is there once only', async (t) => {
  const { accounts } = open()
  add(accounts, 'alice')
  t.throws(() => add(accounts, 'alice'), { name: 'StoreError', code: 'exists' })
})

t.test('changes of password, role and state count as generations, and nothing else does', async (t) => {
  const { accounts } = open()
  add(accounts, 'alice')
  const generation = (): number | undefined => accounts.findAccount({ userId: 'alice' })?.generation
  accounts.setPasswordHash({ userId: 'alice', passwordHash: 'other' })
  t.equal(generation(), 2)
  t.equal(accounts.setRole({ userId: 'alice', role: 'operator' }).role, 'operator')
  t.equal(generation(), 3)
  accounts.setRole({ userId: 'alice', role: 'operator' })
  t.equal(generation(), 3, 'the same role is no change')
  t.equal(accounts.setDisabled({ userId: 'alice', disabled: true }).disabled, true)
  t.equal(generation(), 4)
  t.equal(accounts.setDisabled({ userId: 'alice', disabled: false }).disabled, false)
  t.equal(generation(), 5)
  t.equal(accounts.setBan({ userId: 'alice', bannedUntil: now + 1 }).bannedUntil, now + 1)
  t.equal(generation(), 5)
})

t.test('a better hash is stored only over the hash that it was made for', async (t) => {
  const { accounts } = open()
  add(accounts, 'alice')
  const oldHash = 'hash of alice'
  t.equal(accounts.upgradePasswordHash({ userId: 'alice', oldHash: 'other', passwordHash: 'better' }), false)
  t.equal(accounts.upgradePasswordHash({ userId: 'alice', oldHash, passwordHash: 'better' }), true)
  t.match(accounts.findAccount({ userId: 'alice' }), { passwordHash: 'better', generation: 1 })
})

t.test('changes of nobody are refused', async (t) => {
  const { accounts } = open()
  const unknown = { name: 'StoreError', code: 'user_unknown' }
  t.throws(() => accounts.setPasswordHash({ userId: 'x', passwordHash: 'h' }), unknown)
  t.throws(() => accounts.setRole({ userId: 'x', role: 'user' }), unknown)
  t.throws(() => accounts.setDisabled({ userId: 'x', disabled: true }), unknown)
  t.throws(() => accounts.setBan({ userId: 'x', bannedUntil: 1 }), unknown)
  t.throws(() => accounts.removeAccount({ userId: 'x' }), unknown)
})

t.test('an account made anew under an old name begins beyond the generations of the removed one', async (t) => {
  const { accounts } = open()
  add(accounts, 'alice')
  accounts.setPasswordHash({ userId: 'alice', passwordHash: 'second' })
  t.equal(accounts.removeAccount({ userId: 'alice' }).userId, 'alice')
  t.equal(accounts.findAccount({ userId: 'alice' }), undefined)
  add(accounts, 'alice')
  t.equal(accounts.findAccount({ userId: 'alice' })?.generation, 3)
})

t.test('thousands are imported in one step, and existing ones stay as they are', async (t) => {
  const { accounts } = open()
  add(accounts, 'user7', 'user8')
  const list = Array.from({ length: 5000 }, (_, index) => ({
    userId: `user${index}`,
    passwordHash: 'imported',
    role: 'user' as const,
  }))
  const begun = performance.now()
  t.strictSame(accounts.importAccounts({ accounts: list }), { added: 4998, existing: ['user7', 'user8'] })
  t.ok(performance.now() - begun < 1000)
  t.equal(accounts.findAccount({ userId: 'user7' })?.passwordHash, 'hash of user7')
  t.equal(accounts.countAccounts(), 5000)
})

t.test('an import with a fault leaves nothing behind', async (t) => {
  const { accounts } = open()
  const good = { userId: 'a', passwordHash: 'h', role: 'user' as const }
  const bad = { userId: 'b', passwordHash: 'h', role: 'emperor' as 'user' }
  t.throws(() => accounts.importAccounts({ accounts: [good, bad] }), { code: /^SQLITE_CONSTRAINT/ })
  t.equal(accounts.countAccounts(), 0)
})

t.test('a name twice in one import exists the second time', async (t) => {
  const { accounts } = open()
  const one = { userId: 'a', passwordHash: 'h', role: 'user' as const }
  t.strictSame(accounts.importAccounts({ accounts: [one, one] }), { added: 1, existing: ['a'] })
})

t.test('accounts are listed in pages by the order of code points', async (t) => {
  const { accounts } = open()
  add(accounts, 'b', 'a2', 'a1', 'a', 'A', 'ä', '李', '😀')
  const names = (take: { prefix?: string; after?: string; limit: number }): string[] =>
    accounts.listAccounts(take).accounts.map((account) => account.userId)
  t.strictSame(names({ limit: 100 }), ['A', 'a', 'a1', 'a2', 'b', 'ä', '李', '😀'])
  t.strictSame(names({ limit: 3 }), ['A', 'a', 'a1'])
  t.strictSame(names({ limit: 3, after: 'a1' }), ['a2', 'b', 'ä'])
  t.strictSame(names({ limit: 2, after: 'a', prefix: 'a' }), ['a1', 'a2'])
  t.strictSame(names({ limit: 100, prefix: '😀' }), ['😀'])
  t.strictSame(names({ limit: 100, after: '😀' }), [])
  t.equal(accounts.listAccounts({ prefix: 'a', limit: 1 }).total, 3)
  t.equal(accounts.listAccounts({ limit: 1 }).total, 8)
  t.equal('passwordHash' in (accounts.listAccounts({ limit: 1 }).accounts[0] ?? {}), false)
})

t.test('a page has at least one account and at most its limit', async (t) => {
  const { accounts } = open()
  add(accounts, ...Array.from({ length: accountsPageMax + 1 }, (_, index) => `u${index}`))
  t.equal(accounts.listAccounts({ limit: 1e9 }).accounts.length, accountsPageMax)
  t.equal(accounts.listAccounts({ limit: -1 }).accounts.length, 1)
})

t.test('the token key is made once', async (t) => {
  const { accounts, database } = open()
  const key = accounts.tokenKey()
  t.equal(key.length, 32)
  t.strictSame(accounts.tokenKey(), key)
  t.strictSame(new Accounts({ database, now: () => now, random: randomBytes, keysOf: () => [] }).tokenKey(), key)
  database.exec("UPDATE secrets SET value = x'00'")
  t.throws(() => accounts.tokenKey(), StoreError)
})
