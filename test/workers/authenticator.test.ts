import t, { type Test } from 'tap'
import type {
  Account,
  AccountSummary,
  RememberingStore,
  StoreCallName,
  StoreCalls,
} from '../../src/mailbox/store-messages.ts'
import { AccountCache } from '../../src/store/account-cache.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { Authenticator, type AuthenticatorOptions, type PasswordPool } from '../../src/workers/authenticator.ts'
import type { AuthenticatorEvent, LoginVerdict } from '../../src/workers/login-verdict.ts'
import { hashPassword } from '../../src/workers/password.ts'
import { WorkerPool } from '../../src/workers/pool.ts'
import type { ItemResult, PasswordResult, PasswordTask } from '../../src/workers/tasks.ts'
import { runBatch } from '../../src/workers/tasks.worker.ts'
import { vectorKey } from '../vectors/vector-files.ts'

const cost = { memoryKib: 64, passes: 1 }
const tokenKey = new Uint8Array(32).fill(1)
const address = '192.0.2.1'

/** Does the work in the calling thread and notes it; can be told to hold it back until released. */
class TestPool implements PasswordPool {
  readonly tasks: PasswordTask[] = []
  hold = false
  answer: ItemResult<PasswordResult> | undefined
  #held: (() => void)[] = []

  async run(
    _lane: 'passwords',
    take: PasswordTask,
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<ItemResult<PasswordResult>> {
    const { signal } = options
    const aborted = { ok: false, error: { code: 'aborted', message: '' } } as const
    if (signal?.aborted) return aborted
    this.tasks.push(take)
    if (this.hold) {
      await new Promise<void>((resolve) => {
        this.#held.push(resolve)
        signal?.addEventListener('abort', () => resolve())
      })
      if (signal?.aborted) return aborted
    }
    const [result] = runBatch({ lane: 'passwords', items: [take] })
    return this.answer ?? result ?? aborted
  }

  release(): void {
    this.hold = false
    for (const resolve of this.#held.splice(0)) resolve()
  }
}

interface Bench {
  readonly authenticator: Authenticator
  readonly store: RememberingStore
  readonly pool: TestPool
  readonly events: AuthenticatorEvent[]
  readonly clock: { now: number }
  readonly login: (userId: string, password: string) => Promise<LoginVerdict>
}

async function open(t: Test, options: Partial<AuthenticatorOptions> = {}): Promise<Bench> {
  const clock = { now: Date.now() }
  const localStore = openLocalStore({ dataDir: t.testdir() })
  t.teardown(() => localStore.close())
  const store = new AccountCache(localStore, { accountsMax: 100 })
  for (const userId of ['alice', 'disabled', 'banned']) {
    await store.call('addAccount', { userId, passwordHash: hashPassword(`password of ${userId}`, cost), role: 'user' })
  }
  await store.call('setDisabled', { userId: 'disabled', disabled: true })
  await store.call('setBan', { userId: 'banned', bannedUntil: clock.now + 90_500 })
  const pool = new TestPool()
  const events: AuthenticatorEvent[] = []
  const authenticator = new Authenticator({
    store,
    pool,
    tokenKey,
    cost,
    tokenTtlSeconds: 3600,
    loginQueueMax: 100,
    loginWaitMs: 10_000,
    selfRegistration: false,
    now: () => clock.now,
    onEvent: (event) => events.push(event),
    ...options,
  })
  const login = (userId: string, password: string): Promise<LoginVerdict> =>
    authenticator.login({ address, userId, password })
  return { authenticator, store, pool, events, clock, login }
}

function code(verdict: { readonly ok: boolean; readonly code?: string }): string {
  return verdict.ok ? 'ok' : (verdict.code ?? 'none')
}

function tokenOf(verdict: LoginVerdict): string {
  return verdict.ok ? verdict.token : ''
}

t.test('the right password gives a session and a token, and the token another', async (t) => {
  const { authenticator, pool, login, clock, events } = await open(t)
  const first = await login('alice', 'password of alice')
  t.match(first, {
    ok: true,
    userId: 'alice',
    role: 'user',
    generation: 1,
    tokenExpires: Math.floor(clock.now / 1000) + 3600,
    sessionId: /^[\w-]{22}$/,
  })
  clock.now += 5000
  const second = await authenticator.login({ address, userId: 'alice', token: tokenOf(first) })
  t.match(second, { ok: true, userId: 'alice', tokenExpires: Math.floor(clock.now / 1000) + 3600 })
  t.not(tokenOf(second), tokenOf(first))
  t.not(second.ok && second.sessionId, first.ok && first.sessionId)
  t.equal(pool.tasks.length, 1, 'a token costs no hash')
  t.match(events, [
    { name: 'loggedIn', by: 'password' },
    { name: 'loggedIn', by: 'token', userId: 'alice', address },
  ])
})

t.test('unknown, disabled, without a password and wrong: the same answer after the same work', async (t) => {
  const { pool, login } = await open(t)
  const verdicts = [
    await login('alice', 'wrong'),
    await login('nobody', 'wrong'),
    await login('disabled', 'password of disabled'),
    await login('banned', 'wrong'),
    await login('__proto__', 'wrong'),
  ]
  for (const verdict of verdicts) t.strictSame(verdict, verdicts[0])
  t.match(verdicts[0], { ok: false, code: 'auth_failed' })
  t.equal(pool.tasks.length, verdicts.length, 'each took one check')
  for (const task of pool.tasks) t.match(task, { kind: 'verify', hash: /^\$argon2id\$v=19\$m=64,t=1,p=1\$/ })
})

t.test('a ban is told only to who has the password or a token', async (t) => {
  const { authenticator, store, login } = await open(t)
  t.match(await login('banned', 'wrong'), { code: 'auth_failed' })
  t.match(await login('banned', 'password of banned'), { ok: false, code: 'banned', retryAfterSeconds: 91 })
  await store.call('setBan', { userId: 'banned', bannedUntil: 0 })
  const good = await login('banned', 'password of banned')
  await store.call('setBan', { userId: 'banned', bannedUntil: Date.now() + 1e6 })
  t.match(await authenticator.login({ address, userId: 'banned', token: tokenOf(good) }), { code: 'banned' })
})

t.test('a token is void for another user, after its time, after a change, and when forged', async (t) => {
  const { authenticator, store, login, clock, pool } = await open(t)
  const token = tokenOf(await login('alice', 'password of alice'))
  const byToken = async (userId: string, text = token): Promise<string> =>
    code(await authenticator.login({ address, userId, token: text }))
  t.equal(await byToken('banned'), 'auth_failed')
  t.equal(await byToken('alice', `${token}A`), 'auth_failed')
  t.equal(await byToken('alice', 'x'.repeat(1024)), 'auth_failed')
  t.equal(await byToken('alice'), 'ok')
  clock.now += 3600_000
  t.equal(await byToken('alice'), 'auth_failed')
  clock.now -= 3600_000
  await store.call('setRole', { userId: 'alice', role: 'operator' })
  t.equal(await byToken('alice'), 'auth_failed')
  await store.call('removeAccount', { userId: 'alice' })
  t.equal(await byToken('alice'), 'auth_failed')
  t.equal(pool.tasks.length, 1)
})

t.test(
  'a token of an account that is remembered needs no waiting, and is refused at once after any change',
  async (t) => {
    const { authenticator, store, login, clock, events } = await open(t)
    const atOnce = (token: string, userId = 'alice'): string => {
      const verdict = authenticator.loginAtOnce({ address, userId, token })
      return verdict === undefined ? 'not at once' : code(verdict)
    }
    const remember = (): Promise<Account | undefined> => store.call('findAccount', { userId: 'alice' })
    const freshToken = async (): Promise<string> => tokenOf(await login('alice', 'password of alice'))
    const token = await freshToken()
    t.equal(atOnce(token), 'ok')
    t.match(events.at(-1), { name: 'loggedIn', by: 'token', userId: 'alice', address, tookMs: 0 })
    t.equal(atOnce(`${token}A`), 'auth_failed')
    t.match(events.at(-1), { name: 'loginRefused', code: 'auth_failed', userId: 'alice' })
    t.equal(atOnce(token, 'nobody'), 'not at once', 'an account that is not remembered')
    t.equal(authenticator.loginAtOnce({ address, userId: 'alice', password: 'p' }), undefined)
    t.equal(authenticator.loginAtOnce({ address, userId: 'alice', token, register: true }), undefined)
    clock.now += 3600_000
    t.equal(atOnce(token), 'auth_failed', 'its time is over')
    clock.now -= 3600_000

    await store.call('setBan', { userId: 'alice', bannedUntil: clock.now + 1000 })
    t.equal(atOnce(token), 'not at once')
    await remember()
    t.equal(atOnce(token), 'banned')
    clock.now += 1000
    t.equal(atOnce(token), 'ok', 'a ban ends by itself')

    const underWay = store.call('setDisabled', { userId: 'alice', disabled: true })
    t.equal(atOnce(token), 'not at once', 'from the moment when the change is asked for')
    await underWay
    t.equal(atOnce(token), 'not at once')
    await remember()
    t.equal(atOnce(token), 'auth_failed', 'disabled')
    await store.call('setDisabled', { userId: 'alice', disabled: false })
    await remember()
    t.equal(atOnce(token), 'auth_failed', 'of an older generation')
    const next = await freshToken()
    t.equal(atOnce(next), 'ok')
    await store.call('removeAccount', { userId: 'alice' })
    t.equal(atOnce(next), 'not at once')
    t.match(await authenticator.login({ address, userId: 'alice', token: next }), { code: 'auth_failed' })
  },
)

t.test('a token dies with the key of the session that it was handed out in, and passes that on', async (t) => {
  const { authenticator, store } = await open(t)
  const [first = '', second = ''] = ['alice', 'aliceTablet'].map((name) => vectorKey(name).thumbprint)
  const enrol = async (name: string, approvedBy: string): Promise<void> => {
    const { jwk, thumbprint } = vectorKey(name)
    const plain = { userId: 'alice', deviceId: 'd', server: '', signature: '' }
    await store.call('enrolKey', { ...plain, thumbprint, key: jwk, approvedBy })
  }
  const revoke = (thumbprint: string): Promise<unknown> =>
    store.call('revokeKey', { userId: 'alice', thumbprint, by: 'operator' })
  const byPassword = { address, userId: 'alice', password: 'password of alice' }
  const byToken = (verdict: LoginVerdict, thumbprint?: string): Promise<LoginVerdict> =>
    authenticator.login({ address, userId: 'alice', token: tokenOf(verdict), thumbprint })

  // The token is older than the enrolment, and is bound to the key all the same.
  const before = await authenticator.login({ ...byPassword, thumbprint: first })
  t.match(before, { keys: [], boundTo: [first], policies: { signedOnly: false, endToEnd: 'allow' } })
  await enrol('alice', 'first')
  await enrol('aliceTablet', 'operator')
  const other = await byToken(before, second)
  t.match(other, { ok: true, boundTo: [first, second], keys: [[first], [second]] })
  const plain = await byToken(other)
  t.match(plain, { ok: true, boundTo: [first, second] })
  const strange = await byToken(plain, vectorKey('carol').thumbprint)
  t.match(strange, { ok: true, boundTo: [first, second, vectorKey('carol').thumbprint] })
  await revoke(first)
  for (const verdict of [before, other, plain, strange]) t.equal(code(await byToken(verdict)), 'auth_failed')
  t.equal(code(await authenticator.login({ ...byPassword, thumbprint: first })), 'key_revoked')
  t.equal(code(await authenticator.login({ ...byPassword, password: 'wrong', thumbprint: first })), 'auth_failed')
  t.match(await authenticator.login({ ...byPassword, thumbprint: second }), { ok: true, keys: [[second]] })
})

t.test('neither or both of password and token, or a name that can not be, is bad_content', async (t) => {
  const { authenticator, pool } = await open(t, { selfRegistration: true })
  const attempts = [
    { address, userId: 'alice' },
    { address, userId: 'alice', password: 'p', token: 't' },
    { address, userId: 'alice', token: 't', register: true },
    { address, userId: 'new', register: true },
    { address, userId: 'a b', password: 'p' },
    { address, userId: '', password: 'p' },
    { address, userId: 'alice', password: 'p'.repeat(1025) },
    { address, userId: 'new', password: 'p'.repeat(7), register: true },
  ]
  for (const attempt of attempts) t.equal(code(await authenticator.login(attempt)), 'bad_content')
  t.equal(pool.tasks.length, 0)
})

t.test('failures make the next attempt wait before its check, and a good login ends that', async (t) => {
  const { pool, login } = await open(t)
  for (let index = 0; index < 3; index++) await login('alice', 'wrong')
  const begun = performance.now()
  const third = login('alice', 'password of alice')
  t.equal(pool.tasks.length, 3, 'no check while it waits')
  t.equal(code(await third), 'ok')
  t.ok(performance.now() - begun >= 395, 'after three failures 400 ms')
  const again = performance.now()
  t.equal(code(await login('alice', 'password of alice')), 'ok')
  t.ok(performance.now() - again < 390)
})

t.test('false tokens count as failures', async (t) => {
  const { authenticator, login } = await open(t)
  for (let index = 0; index < 3; index++) await authenticator.login({ address, userId: 'alice', token: 'false' })
  const begun = performance.now()
  await login('alice', 'password of alice')
  t.ok(performance.now() - begun >= 395)
})

t.test('no more attempts wait than may, but tokens pass', async (t) => {
  const { authenticator, pool, login } = await open(t, { loginQueueMax: 2 })
  const token = tokenOf(await login('alice', 'password of alice'))
  pool.hold = true
  const waiting = [login('alice', 'password of alice'), login('alice', 'password of alice')]
  t.equal(authenticator.waiting, 2)
  t.match(await login('alice', 'password of alice'), { ok: false, code: 'server_busy', retryAfterSeconds: 5 })
  t.equal(code(await authenticator.login({ address, userId: 'alice', token })), 'ok')
  await new Promise(setImmediate)
  pool.release()
  t.strictSame((await Promise.all(waiting)).map(code), ['ok', 'ok'])
  t.equal(authenticator.waiting, 0)
  t.equal(code(await login('alice', 'password of alice')), 'ok')
})

t.test('who waits too long is told server_busy', async (t) => {
  const { authenticator, pool, login } = await open(t, { loginWaitMs: 30 })
  pool.hold = true
  t.match(await login('alice', 'password of alice'), { ok: false, code: 'server_busy', retryAfterSeconds: 5 })
  pool.release()
  t.equal(authenticator.waiting, 0)
  await login('alice', 'wrong')
  t.equal(code(await login('alice', 'password of alice')), 'server_busy', 'the throttle counts as waiting')
})

t.test('an attempt taken back frees its place, wherever it waits', async (t) => {
  const { authenticator, pool, login } = await open(t)
  pool.hold = true
  const inPool = new AbortController()
  const first = authenticator.login({ address, userId: 'alice', password: 'password of alice' }, inPool.signal)
  await new Promise(setImmediate)
  inPool.abort()
  t.equal(code(await first), 'server_busy')
  pool.release()
  for (let index = 0; index < 7; index++) await authenticator.login({ address, userId: 'bob', token: 'false' })
  const inThrottle = new AbortController()
  const second = authenticator.login({ address, userId: 'bob', password: 'p' }, inThrottle.signal)
  const begun = performance.now()
  inThrottle.abort()
  t.equal(code(await second), 'server_busy')
  t.ok(performance.now() - begun < 1000)
  t.equal(
    code(await authenticator.login({ address, userId: 'alice', password: 'p' }, AbortSignal.abort())),
    'server_busy',
  )
  t.equal(authenticator.waiting, 0)
  t.equal(code(await login('alice', 'password of alice')), 'ok')
})

t.test('an account that changes while its password waits for the check does not log in', async (t) => {
  const { store, pool, login } = await open(t)
  const changes: (() => Promise<AccountSummary>)[] = [
    () => store.call('setPasswordHash', { userId: 'alice', passwordHash: hashPassword('other', cost) }),
    () => store.call('setDisabled', { userId: 'disabled', disabled: true }),
    () => store.call('removeAccount', { userId: 'banned' }),
  ]
  await store.call('setDisabled', { userId: 'disabled', disabled: false })
  for (const [index, userId] of ['alice', 'disabled', 'banned'].entries()) {
    pool.hold = true
    const attempt = login(userId, `password of ${userId}`)
    await new Promise(setImmediate)
    await changes[index]?.()
    pool.release()
    t.equal(code(await attempt), 'auth_failed', userId)
  }
})

t.test('a hash of another cost is made anew at the login, and tokens stay valid', async (t) => {
  const { authenticator, store, login, events } = await open(t, { cost: { memoryKib: 128, passes: 1 } })
  const verdict = await login('alice', 'password of alice')
  t.equal(code(verdict), 'ok')
  await new Promise(setImmediate)
  t.match(await store.call('findAccount', { userId: 'alice' }), { passwordHash: /m=128/, generation: 1 })
  t.match(events.map((event) => event.name).sort(), ['loggedIn', 'passwordRehashed'])
  t.equal(code(await authenticator.login({ address, userId: 'alice', token: tokenOf(verdict) })), 'ok')
  t.equal(code(await login('alice', 'password of alice')), 'ok')
})

t.test('registration is off where it is not allowed', async (t) => {
  const { authenticator, store } = await open(t)
  const verdict = await authenticator.login({ address, userId: 'new', password: 'long enough', register: true })
  t.equal(code(verdict), 'not_allowed')
  t.equal(await store.call('findAccount', { userId: 'new' }), undefined)
})

t.test('who registers has an account and is logged in; a name that is taken stays as it is', async (t) => {
  const { authenticator, store, login, events } = await open(t, { selfRegistration: true })
  const register = (userId: string): Promise<LoginVerdict> =>
    authenticator.login({ address, userId, password: 'long enough', register: true })
  t.match(await register('new'), { ok: true, userId: 'new', role: 'user', generation: 1 })
  t.match(events[0], { name: 'loggedIn', by: 'registration' })
  t.equal(code(await login('new', 'long enough')), 'ok')
  t.match(await register('alice'), { ok: false, code: 'user_exists', message: /already a user/ })
  t.equal(code(await login('alice', 'password of alice')), 'ok')
  const both = await Promise.all([register('twin'), register('twin')])
  t.strictSame(both.map(code).sort(), ['ok', 'user_exists'])
  t.equal(await store.call('countAccounts', {}), 5)
})

t.test('a password is changed by who has the old one, and tokens from before are void', async (t) => {
  const { authenticator, login, events } = await open(t)
  const token = tokenOf(await login('alice', 'password of alice'))
  const change = (oldPassword: string, newPassword: string, userId = 'alice') =>
    authenticator.changePassword({ userId, address, oldPassword, newPassword })
  t.match(await change('password of alice', 'another one'), { ok: true, generation: 2 })
  t.match(events.at(-1), { name: 'passwordChanged', userId: 'alice' })
  t.equal(code(await authenticator.login({ address, userId: 'alice', token })), 'auth_failed')
  t.equal(code(await login('alice', 'another one')), 'ok')
  t.equal(code(await change('wrong', 'yet another')), 'auth_failed')
  t.equal(code(await change('another one', 'short')), 'bad_content')
  t.equal(code(await change('another one', 'x'.repeat(1025))), 'bad_content')
  t.equal(code(await change('x'.repeat(1025), 'long enough')), 'bad_content')
  t.equal(code(await change('password of disabled', 'long enough', 'disabled')), 'auth_failed')
  const begun = performance.now()
  await change('another one', 'long enough')
  t.ok(performance.now() - begun >= 95, 'failures slow this down as well')
})

t.test('when the store fails the attempt is refused, and a fault is told', async (t) => {
  for (const [from, to] of [
    ['storage_failed', 'storage_failed'],
    ['storage_full', 'storage_failed'],
    ['server_busy', 'server_busy'],
  ]) {
    const store: RememberingStore = {
      known: () => undefined,
      call: <Name extends StoreCallName>(): Promise<StoreCalls[Name]['give']> =>
        Promise.reject(Object.assign(new Error('detail'), { code: from })),
    }
    const { login, events } = await open(t, { store })
    t.equal(code(await login('alice', 'p')), to)
    t.equal(
      events.some((event) => event.name === 'authenticatorFault'),
      to === 'storage_failed',
    )
  }
})

t.test('when the pool can not check, nobody is told that the password was wrong', async (t) => {
  const { authenticator, store, pool, login } = await open(t)
  for (const [from, to] of [
    ['server_busy', 'server_busy'],
    ['worker_lost', 'server_busy'],
    ['item_failed', 'storage_failed'],
  ] as const) {
    pool.answer = { ok: false, error: { code: from, message: 'detail' } }
    t.equal(code(await login('alice', 'password of alice')), to)
  }
  await t.rejects(authenticator.hash('p'), /could not be hashed/)
  pool.answer = undefined
  t.match(await authenticator.hash('p'), /^\$argon2id\$/)
  await store.call('setPasswordHash', { userId: 'alice', passwordHash: 'damaged' })
  t.equal(code(await login('alice', 'password of alice')), 'storage_failed')
})

t.test('events hold no secret', async (t) => {
  const { authenticator, login, events } = await open(t, { selfRegistration: true })
  const token = tokenOf(await login('alice', 'password of alice'))
  await login('alice', 'canary-wrong')
  await authenticator.login({ address, userId: 'alice', token })
  await authenticator.login({ address, userId: 'new', password: 'canary-register', register: true })
  await authenticator.changePassword({ userId: 'alice', address, oldPassword: 'canary-old', newPassword: 'canary-new' })
  t.notMatch(JSON.stringify(events), /canary|password of|argon2id/)
  t.notOk(JSON.stringify(events).includes(token))
})

t.test('thirteen hundred log in at once through real threads, and everyone is let in', async (t) => {
  const pool = new WorkerPool({
    minThreads: 1,
    maxThreads: 2,
    maxQueue: 1024,
    idleTimeoutMs: 1000,
    batchMax: 64,
    taskTimeoutMs: 10_000,
    lanes: { passwords: { queueMax: 4096 } },
  })
  t.teardown(() => pool.close())
  const account = (userId: string): Account => ({
    userId,
    passwordHash,
    role: 'user',
    disabled: false,
    generation: 1,
    bannedUntil: 0,
    createdAt: 0,
    keys: [],
    policies: { signedOnly: false, endToEnd: 'allow' },
  })
  const passwordHash = hashPassword('password', cost)
  const store = {
    known: () => undefined,
    call: async (_name: string, take: { readonly userId: string }) => account(take.userId),
  } as unknown as RememberingStore
  const { authenticator } = await open(t, { store, pool, loginQueueMax: 4096, loginWaitMs: 60_000 })
  const verdicts = await Promise.all(
    Array.from({ length: 1300 }, (_, index) =>
      authenticator.login({ address, userId: `user${index}`, password: 'password' }),
    ),
  )
  t.equal(verdicts.filter((verdict) => verdict.ok).length, 1300)
  t.ok(verdicts.every((verdict, index) => verdict.ok && verdict.userId === `user${index}`))
})
