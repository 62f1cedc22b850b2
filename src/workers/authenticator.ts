/**
 * Decides who may log in. Asks the store for the account, lets the throttle slow down guessing, has passwords
 * checked in the pool, mints tokens. Bounded in how many wait and for how long. Runs on: the main thread.
 */
import type { Account, KnownAccount, RememberingStore } from '../mailbox/store-messages.ts'
import { passwordLengthMax, passwordLengthMin } from '../protocol/entities/password.ts'
import { errors } from '../protocol/errors.ts'
import { userIdFault } from '../protocol/user-id.ts'
import { mintToken, readToken, type TokenPayload, tokenThumbprintsMax } from '../security/token.ts'
import { LoginThrottle } from './login-throttle.ts'
import { clientHasKey, isByTicket, type SealedLoginOptions, ticketCounts, ticketFor } from './login-tickets.ts'
import type {
  AuthenticatorEvent,
  LoginAttempt,
  LoginRefusal,
  LoginRefusalCode,
  LoginVerdict,
  PasswordChange,
  PasswordChangeVerdict,
} from './login-verdict.ts'
import { dummyPasswordHash, type PasswordCost } from './password.ts'
import { Patience } from './patience.ts'
import { randomPool } from './random-pool.ts'
import type { ItemResult, PasswordResult, PasswordTask } from './tasks.ts'

/** What the authenticator needs of the pool. */
export interface PasswordPool {
  run(
    lane: 'passwords',
    take: PasswordTask,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<ItemResult<PasswordResult>>
}

/** What the authenticator works with, and its limits. */
export interface AuthenticatorOptions {
  readonly store: RememberingStore
  /** Its lane `passwords` must hold as many items as may wait here. */
  readonly pool: PasswordPool
  /** What tokens are signed with: the store's `tokenKey`. */
  readonly tokenKey: Uint8Array
  readonly cost: PasswordCost
  readonly tokenTtlSeconds: number
  /** The most attempts that wait for a throttle or for the check of a password. */
  readonly loginQueueMax: number
  /** How long one may wait in all. */
  readonly loginWaitMs: number
  readonly selfRegistration: boolean
  /** What sealed sessions need; without it they are refused. */
  readonly sealing?: SealedLoginOptions | undefined
  /** Unix milliseconds; `Date.now` where not given. */
  readonly now?: () => number
  readonly random?: (bytes: number) => Uint8Array
  readonly onEvent?: (event: AuthenticatorEvent) => void
}

/** When to come back to a server that has too many logins to check. */
const busyRetrySeconds = 5
const sessionIdBytes = 16

/** Checks logins and password changes. */
export class Authenticator {
  readonly #options: AuthenticatorOptions
  readonly #store: RememberingStore
  readonly #pool: PasswordPool
  readonly #now: () => number
  readonly #random: (bytes: number) => Uint8Array
  readonly #dummyHash: string
  readonly #throttle = new LoginThrottle()
  #waiting = 0

  constructor(options: AuthenticatorOptions) {
    this.#options = options
    this.#store = options.store
    this.#pool = options.pool
    this.#now = options.now ?? Date.now
    this.#random = options.random ?? randomPool()
    this.#dummyHash = dummyPasswordHash(options.cost, this.#random)
  }

  /** Attempts that wait now. */
  get waiting(): number {
    return this.#waiting
  }

  /**
   * Decides on an attempt. Never rejects.
   *
   * An unknown user, a disabled account and a wrong password or token get the same answer after the same work.
   *
   * @param signal takes the attempt back: it frees its place and resolves to `server_busy`
   */
  async login(attempt: LoginAttempt, signal?: AbortSignal): Promise<LoginVerdict> {
    const begun = this.#now()
    const verdict = await this.#guarded(attempt.userId, () => this.#decideProven(attempt, signal))
    this.#report(attempt, verdict, this.#now() - begun)
    return verdict
  }

  /**
   * Decides on an attempt that need not wait for anything, which is one by token of an account that the store
   * remembers. Undefined for all others: they are for {@link login}.
   */
  loginAtOnce(attempt: LoginAttempt): LoginVerdict | undefined {
    const { userId, token, sealed } = attempt
    // Whether it has its key takes the pool to find out.
    if (sealed !== undefined && sealed.resumed === undefined) return undefined
    const isTicket = isByTicket(attempt)
    if (!isTicket && (token === undefined || attempt.password !== undefined || attempt.register === true)) {
      return undefined
    }
    const account = this.#store.known(userId)
    if (account === undefined) return undefined
    if (isTicket || token === undefined) {
      const verdict = this.#decideTicket(attempt, account)
      this.#report(attempt, verdict, 0)
      return verdict
    }
    const payload = this.#payloadOf(attempt, token)
    const verdict = payload === undefined ? this.#fail(attempt) : this.#decideToken(attempt, payload, account)
    this.#report(attempt, verdict, 0)
    return verdict
  }

  /** Sets another password after checking the old one, throttled like a login. Never rejects. */
  async changePassword(change: PasswordChange): Promise<PasswordChangeVerdict> {
    const { userId, address } = change
    const verdict = await this.#guarded(userId, () => this.#change(change))
    if (verdict.ok) this.#emit({ name: 'passwordChanged', userId, address })
    else this.#emit({ name: 'passwordChangeRefused', userId, address, code: verdict.code })
    return verdict
  }

  /**
   * Hashes a password at the present cost, in the pool: for accounts that the server itself makes.
   *
   * @throws Error when the pool could not do it
   */
  async hash(password: string): Promise<string> {
    const result = await this.#pool.run('passwords', { kind: 'hash', password, cost: this.#options.cost })
    if (!result.ok) throw new Error(`the password could not be hashed: ${result.error.message}`)
    if (result.value.hash === undefined) throw new TypeError('the pool gave no hash')
    return result.value.hash
  }

  /** In a sealed session nothing is decided before the client has shown that it has the key that it named. */
  async #decideProven(attempt: LoginAttempt, signal: AbortSignal | undefined): Promise<LoginVerdict> {
    const { sealed } = attempt
    if (sealed === undefined) return this.#decide(attempt, signal)
    const { sealing } = this.#options
    const hasKey = sealing === undefined ? false : await clientHasKey(sealed, sealing, signal)
    if (hasKey === 'busy') return busy()
    return hasKey ? this.#decide(attempt, signal) : refuse('bad_signature', errors.bad_signature.message)
  }

  #decide(attempt: LoginAttempt, signal: AbortSignal | undefined): Promise<LoginVerdict> {
    const { userId, password, token, register } = attempt
    const nameFault = userIdFault(userId)
    if (nameFault !== undefined) return Promise.resolve(refuse('bad_content', `UserId: ${nameFault}.`))
    if (isByTicket(attempt)) return this.#loginByTicket(attempt)
    if (token !== undefined && password === undefined && register !== true) return this.#loginByToken(attempt, token)
    if (password === undefined || token !== undefined) {
      return Promise.resolve(
        refuse('bad_content', 'An AuthRequest needs either Password or Token, and Register needs Password.'),
      )
    }
    if (password.length > passwordLengthMax) return Promise.resolve(refuse('bad_content', tooLong('Password')))
    const way = register === true ? this.#register : this.#loginByPassword
    return this.#whileWaiting(signal, (patience) => way.call(this, attempt, password, patience))
  }

  async #loginByToken(attempt: LoginAttempt, token: string): Promise<LoginVerdict> {
    const payload = this.#payloadOf(attempt, token)
    if (payload === undefined) return this.#fail(attempt)
    return this.#decideToken(attempt, payload, await this.#store.call('findAccount', { userId: attempt.userId }))
  }

  /** What a token of this user says; undefined when it is none. */
  #payloadOf(attempt: LoginAttempt, token: string): TokenPayload | undefined {
    const payload = readToken(this.#options.tokenKey, token, Math.floor(this.#now() / 1000))
    return payload?.userId === attempt.userId ? payload : undefined
  }

  #decideToken(attempt: LoginAttempt, payload: TokenPayload, account: KnownAccount | undefined): LoginVerdict {
    if (account === undefined || account.disabled || account.generation !== payload.generation) {
      return this.#fail(attempt)
    }
    const states = new Map(account.keys.map(({ thumbprint, revoked }) => [thumbprint, revoked]))
    // A key that was never enrolled can't be revoked: nothing depends on it.
    const bound = payload.thumbprints.filter((thumbprint) => states.has(thumbprint))
    if (bound.length >= tokenThumbprintsMax || bound.some((thumbprint) => states.get(thumbprint) === true)) {
      return this.#fail(attempt)
    }
    // Forgives nothing: it costs nothing, so whoever has one account could guess at others between two of these.
    return this.#welcome(attempt, account, bound)
  }

  async #loginByTicket(attempt: LoginAttempt): Promise<LoginVerdict> {
    return this.#decideTicket(attempt, await this.#store.call('findAccount', { userId: attempt.userId }))
  }

  #decideTicket(attempt: LoginAttempt, account: KnownAccount | undefined): LoginVerdict {
    // Not counted as a failure: it is no guess.
    if (account === undefined || !ticketCounts(attempt, account)) {
      return refuse('auth_failed', errors.auth_failed.message)
    }
    return this.#welcome(attempt, account)
  }

  async #loginByPassword(attempt: LoginAttempt, password: string, patience: Patience): Promise<LoginVerdict> {
    const checked = await this.#checkPassword(attempt, password, patience)
    if (!checked.ok) return checked
    this.#throttle.succeeded(attempt)
    return this.#welcome(attempt, checked.account)
  }

  async #register(attempt: LoginAttempt, password: string, patience: Patience): Promise<LoginVerdict> {
    const { userId, address } = attempt
    if (!this.#options.selfRegistration) {
      return refuse('not_allowed', 'This server makes no accounts by itself: ask its operator for one.')
    }
    if (password.length < passwordLengthMin) return refuse('bad_content', tooShort('Password'))
    if (!(await patience.sleep(this.#throttle.addressDelayMs(address, this.#now())))) return busy()
    // Counts like a failure, whatever comes of it: an address neither fills the disk nor tries out names at full speed.
    this.#throttle.addressFailed(address, this.#now())
    const exists = refuse('user_exists', errors.user_exists.message)
    if ((await this.#store.call('findAccount', { userId })) !== undefined) return exists
    const hashed = await this.#runInPool({ kind: 'hash', password, cost: this.#options.cost }, patience)
    if (!hashed.ok) return hashed
    try {
      await this.#store.call('addAccount', { userId, passwordHash: hashed.hash ?? '', role: 'user' })
    } catch (error) {
      if (codeOf(error) === 'exists') return exists
      throw error
    }
    const account = await this.#store.call('findAccount', { userId })
    return account === undefined ? refuse('auth_failed', errors.auth_failed.message) : this.#welcome(attempt, account)
  }

  async #change(change: PasswordChange): Promise<PasswordChangeVerdict> {
    const { userId, oldPassword, newPassword } = change
    if (newPassword.length < passwordLengthMin) return refuse('bad_content', tooShort('NewPassword'))
    if (newPassword.length > passwordLengthMax) return refuse('bad_content', tooLong('NewPassword'))
    if (oldPassword.length > passwordLengthMax) return refuse('bad_content', tooLong('OldPassword'))
    return this.#whileWaiting(undefined, async (patience) => {
      const checked = await this.#checkPassword(change, oldPassword, patience)
      if (!checked.ok) return checked
      this.#throttle.succeeded(change)
      const hashed = await this.#runInPool({ kind: 'hash', password: newPassword, cost: this.#options.cost }, patience)
      if (!hashed.ok) return hashed
      await this.#store.call('setPasswordHash', { userId, passwordHash: hashed.hash ?? '' })
      const account = await this.#store.call('findAccount', { userId })
      if (account === undefined) return refuse('auth_failed', errors.auth_failed.message)
      return { ok: true, generation: account.generation }
    })
  }

  /** Waits out the throttle, then checks the password: of a dummy where there is no account that it could be of. */
  async #checkPassword(
    party: { readonly userId: string; readonly address: string },
    password: string,
    patience: Patience,
  ): Promise<{ readonly ok: true; readonly account: Account } | LoginRefusal> {
    const { userId } = party
    const delayMs = this.#throttle.delayMs(party, this.#now())
    if (delayMs > 0 && !(await patience.sleep(delayMs))) return busy()
    const account = await this.#store.call('findAccount', { userId })
    const hash = account?.passwordHash ?? this.#dummyHash
    // A disabled account's hash is not made anew: the second hash would tell that the password was right.
    const upgradeTo = account?.disabled === false ? this.#options.cost : undefined
    const checked = await this.#runInPool({ kind: 'verify', password, hash, upgradeTo }, patience)
    if (!checked.ok) return checked
    if (!checked.matches || account === undefined || account.disabled) return this.#fail(party)
    // The account may have been changed or disabled while the password waited for its check.
    const current = await this.#store.call('findAccount', { userId })
    if (current === undefined || current.disabled || current.generation !== account.generation) return this.#fail(party)
    if (checked.hash !== undefined) this.#upgrade({ userId, oldHash: hash, passwordHash: checked.hash })
    return { ok: true, account: current }
  }

  /** Nobody waits for it: when it fails, the next login tries again. */
  #upgrade(upgrade: { readonly userId: string; readonly oldHash: string; readonly passwordHash: string }): void {
    const { userId } = upgrade
    this.#store.call('upgradePasswordHash', upgrade).then(
      (done) => {
        if (done) this.#emit({ name: 'passwordRehashed', userId })
      },
      (error: unknown) => this.#emit({ name: 'authenticatorFault', userId, detail: messageOf(error) }),
    )
  }

  async #runInPool(
    task: PasswordTask,
    patience: Patience,
  ): Promise<{ readonly ok: true; readonly matches: boolean; readonly hash: string | undefined } | LoginRefusal> {
    const result = await this.#pool.run('passwords', task, { signal: patience.signal })
    if (result.ok) return { ok: true, ...result.value }
    if (result.error.code !== 'item_failed') return busy()
    // Nothing but a stored hash that can't be read makes the handler throw.
    throw Object.assign(new Error(result.error.message), { code: 'storage_failed' })
  }

  /** @param bound thumbprints of enrolled keys under which the token was handed out that lets the user in */
  #welcome(attempt: LoginAttempt, account: KnownAccount, bound: readonly string[] = []): LoginVerdict {
    const { userId, role, generation, bannedUntil, keys, policies } = account
    const now = this.#now()
    if (bannedUntil > now) {
      return { ...refuse('banned', errors.banned.message), retryAfterSeconds: Math.ceil((bannedUntil - now) / 1000) }
    }
    const { thumbprint } = attempt
    if (keys.some((key) => key.revoked && key.thumbprint === thumbprint)) {
      return refuse('key_revoked', errors.key_revoked.message)
    }
    const boundTo = thumbprint === undefined || bound.includes(thumbprint) ? bound : [...bound, thumbprint]
    const tokenExpires = Math.floor(now / 1000) + this.#options.tokenTtlSeconds
    const payload = { userId, generation, expires: tokenExpires, thumbprints: boundTo }
    const token = mintToken(this.#options.tokenKey, payload, this.#random)
    const sessionId = Buffer.from(this.#random(sessionIdBytes)).toString('base64url')
    const enrolled = keys.flatMap(({ thumbprint, key, revoked }) => (revoked ? [] : [[thumbprint, key.n] as const]))
    const moment = { now: Math.floor(now / 1000), random: this.#random }
    const ticket = ticketFor(account, attempt.sealed, this.#options.sealing, moment)
    const given = { sessionId, token, tokenExpires, ticket }
    return { ok: true, userId, role, generation, ...given, keys: enrolled, boundTo, policies }
  }

  #fail(party: { readonly userId: string; readonly address: string }): LoginRefusal {
    this.#throttle.failed(party, this.#now())
    return refuse('auth_failed', errors.auth_failed.message)
  }

  /** Counts the attempt among those that wait, or refuses it when they are too many. */
  async #whileWaiting<Verdict>(
    signal: AbortSignal | undefined,
    work: (patience: Patience) => Promise<Verdict | LoginRefusal>,
  ): Promise<Verdict | LoginRefusal> {
    if (this.#waiting >= this.#options.loginQueueMax) return busy()
    const patience = new Patience(this.#options.loginWaitMs, signal)
    this.#waiting++
    try {
      return await work(patience)
    } finally {
      this.#waiting--
      patience.end()
    }
  }

  async #guarded<Verdict>(
    userId: string,
    work: () => Promise<Verdict | LoginRefusal>,
  ): Promise<Verdict | LoginRefusal> {
    try {
      return await work()
    } catch (error) {
      const code = codeOf(error)
      if (code === 'server_busy') return busy()
      this.#emit({ name: 'authenticatorFault', userId, detail: messageOf(error) })
      return refuse('storage_failed', errors.storage_failed.message)
    }
  }

  #report(attempt: LoginAttempt, verdict: LoginVerdict, tookMs: number): void {
    const { userId, address } = attempt
    if (verdict.ok) this.#emit({ name: 'loggedIn', userId, address, by: wayOf(attempt), tookMs })
    else this.#emit({ name: 'loginRefused', userId, address, code: verdict.code, tookMs })
  }

  #emit(event: AuthenticatorEvent): void {
    this.#options.onEvent?.(event)
  }
}

function wayOf(attempt: LoginAttempt): 'password' | 'token' | 'ticket' | 'registration' {
  if (attempt.register === true) return 'registration'
  if (isByTicket(attempt)) return 'ticket'
  return attempt.token === undefined ? 'password' : 'token'
}

function refuse(code: LoginRefusalCode, message: string): LoginRefusal {
  return { ok: false, code, message }
}

function busy(): LoginRefusal {
  return {
    ok: false,
    code: 'server_busy',
    message: 'The server has too many logins to check just now; try again later.',
    retryAfterSeconds: busyRetrySeconds,
  }
}

function tooShort(field: string): string {
  return `${field} must have at least ${passwordLengthMin} characters.`
}

function tooLong(field: string): string {
  return `${field} must have at most ${passwordLengthMax} characters.`
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
