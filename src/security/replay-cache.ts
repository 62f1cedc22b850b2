/**
 * What was accepted within the time window, so that nothing signed is accepted twice. Pure: the clock is handed in.
 *
 * Its size is hard. Where room is missing, the oldest ids of a user leave and the user's floor rises to their time:
 * from then on nothing as old as what was forgotten is accepted, so that forgetting never lets a repeat in. A user that is full
 * pays with ids of their own; when the whole cache is full, a user with the most ids pays (within a factor of two), not everyone.
 */

/** How much a {@link ReplayCache} keeps, and for how long. */
export interface ReplayCacheLimits {
  /** Seconds that a claimed time may differ from the clock, in either direction. */
  readonly windowS: number
  /** Ids kept for one user. At r messages a second, messages may come late by this over r seconds. */
  readonly userIdsMax: number
  /** Ids kept in all. One costs some 200 bytes with an id of 36 characters, 300 with the longest. */
  readonly idsMax: number
}

/** Limits for a server: a user with 1,000 messages a second may be 16 s late, and 64 MiB are the most that it takes. */
export const defaultReplayLimits: ReplayCacheLimits = { windowS: 300, userIdsMax: 16_384, idsMax: 262_144 }

/** One thing to be accepted at most once. */
export interface ReplayClaim {
  readonly userId: string
  /** Unique for the user. Must not be a slice of a longer string, or it keeps that alive. */
  readonly id: string
  /** Unix time in whole seconds that stands in what was signed. */
  readonly time: number
}

/** `fresh`: never accepted before. `window`: too old or too new. `repeat`: accepted before, or as old as what was forgotten. */
export type ReplayVerdict = 'fresh' | 'window' | 'repeat'

interface UserIds {
  readonly userId: string
  /** The time of each id. */
  readonly times: Map<string, number>
  /** The same by time. */
  readonly bySecond: Map<number, string[]>
  /** Nothing as old as this is accepted; all that is kept is younger. */
  floor: number
}

/** Remembers ids of users for as long as they could come again. */
export class ReplayCache {
  readonly #limits: ReplayCacheLimits
  readonly #users = new Map<string, UserIds>()
  /** Who has ids of a second, so that time takes them away without a search. */
  readonly #usersBySecond = new Map<number, Set<UserIds>>()
  /** Users by the order of magnitude of what they keep: at index k those with 2^k to 2^(k+1) - 1 ids. */
  readonly #usersByMagnitude: Set<UserIds>[] = Array.from({ length: 32 }, () => new Set())
  #size = 0
  /** Nothing as old as this is accepted of anyone: it may have been forgotten. Never falls, also when the clock does. */
  #floor: number
  /** Nothing as old as this is kept. */
  #swept = Number.NEGATIVE_INFINITY

  /**
   * @param floor Unix time in seconds; nothing as old is accepted. A process that starts anew gives the time of its start where
   * what it accepted before could come again.
   */
  constructor(limits: ReplayCacheLimits = defaultReplayLimits, floor: number = Number.NEGATIVE_INFINITY) {
    this.#limits = limits
    this.#floor = floor
  }

  /** Ids that are kept now. */
  get size(): number {
    return this.#size
  }

  /** Users of whom anything is kept now. */
  get users(): number {
    return this.#users.size
  }

  /**
   * Says whether a claim would be accepted, and changes nothing: what can be refused before the cost of a signature.
   *
   * @param now Unix time in seconds
   */
  check(claim: ReplayClaim, now: number): ReplayVerdict {
    const { time, userId, id } = claim
    // Written so that NaN is outside.
    if (!(Number.isSafeInteger(time) && Math.abs(now - time) <= this.#limits.windowS)) return 'window'
    if (time <= this.#floor) return 'repeat'
    const user = this.#users.get(userId)
    if (user === undefined) return 'fresh'
    const before = user.times.get(id)
    const remembered = before !== undefined && before >= now - this.#limits.windowS
    return remembered || time <= user.floor ? 'repeat' : 'fresh'
  }

  /**
   * Accepts a claim and remembers it, or says why not. Only for what has been verified: nobody may spend another's room.
   *
   * @param now Unix time in seconds
   */
  accept(claim: ReplayClaim, now: number): ReplayVerdict {
    this.sweep(now)
    const verdict = this.check(claim, now)
    if (verdict !== 'fresh') return verdict
    const user = this.#users.get(claim.userId)
    if (user !== undefined && user.times.size >= this.#limits.userIdsMax && !this.#makeRoom(user, claim))
      return 'repeat'
    while (this.#size >= this.#limits.idsMax) {
      const heaviest = this.#heaviest()
      if (heaviest === undefined || !this.#makeRoom(heaviest, claim)) return 'repeat'
    }
    this.#add(claim)
    return 'fresh'
  }

  /** Forgets what is too old to be accepted again. Also done by `accept`; for a caller's timer, so that a quiet server keeps nothing. */
  sweep(now: number): void {
    const swept = now - this.#limits.windowS - 1
    if (swept === this.#swept) return
    const seconds = this.#usersBySecond
    if (swept - this.#swept > seconds.size) {
      for (const second of seconds.keys()) if (second <= swept) this.#forgetSecond(second)
    } else {
      for (let second = Math.floor(this.#swept); second <= swept; second++) this.#forgetSecond(second)
    }
    // Falls with the clock, so that what is accepted then is swept in its turn.
    this.#swept = swept
  }

  /** Forgets the oldest of a user for a claim. False when the claim itself is the user's and as old: then nothing changes. */
  #makeRoom(user: UserIds, claim: ReplayClaim): boolean {
    const oldest = this.#oldestOf(user)
    if (user.userId === claim.userId && claim.time <= oldest) return false
    user.floor = oldest
    this.#forget(user, oldest)
    // A user without ids is not kept, so the floor must go where it outlives the user. It happens only when nobody has more
    // than a few ids and the cache is full of users.
    if (user.times.size === 0) this.#floor = Math.max(this.#floor, oldest)
    return claim.time > this.#floor
  }

  #oldestOf(user: UserIds): number {
    let oldest = Number.POSITIVE_INFINITY
    // At most 2 x window + 1 seconds; ids of a whole second leave with each search.
    for (const second of user.bySecond.keys()) if (second < oldest) oldest = second
    return oldest
  }

  /** One of those who keep the most, within a factor of two. */
  #heaviest(): UserIds | undefined {
    for (let magnitude = this.#usersByMagnitude.length - 1; magnitude >= 0; magnitude--) {
      for (const user of this.#usersByMagnitude[magnitude] ?? []) return user
    }
    return undefined
  }

  #add({ userId, id, time }: ReplayClaim): void {
    let user = this.#users.get(userId)
    if (user === undefined) {
      user = { userId, times: new Map(), bySecond: new Map(), floor: Number.NEGATIVE_INFINITY }
      this.#users.set(userId, user)
    }
    const before = user.times.size
    user.times.set(id, time)
    const ids = user.bySecond.get(time)
    if (ids === undefined) user.bySecond.set(time, [id])
    else ids.push(id)
    const users = this.#usersBySecond.get(time)
    if (users === undefined) this.#usersBySecond.set(time, new Set([user]))
    else users.add(user)
    this.#size++
    this.#weigh(user, before)
  }

  #forgetSecond(second: number): void {
    const users = this.#usersBySecond.get(second)
    if (users === undefined) return
    for (const user of users) this.#forget(user, second)
    // Should the clock go back, this second may be inside the window again.
    this.#floor = Math.max(this.#floor, second)
  }

  /** Forgets what a user has of one second. */
  #forget(user: UserIds, second: number): void {
    const ids = user.bySecond.get(second) ?? []
    const before = user.times.size
    for (const id of ids) user.times.delete(id)
    this.#size -= ids.length
    user.bySecond.delete(second)
    const users = this.#usersBySecond.get(second)
    users?.delete(user)
    if (users?.size === 0) this.#usersBySecond.delete(second)
    this.#weigh(user, before)
    if (user.times.size === 0) this.#users.delete(user.userId)
  }

  /** Puts a user among those of the same weight. */
  #weigh(user: UserIds, before: number): void {
    const old = magnitudeOf(before)
    const now = magnitudeOf(user.times.size)
    if (old === now) return
    this.#usersByMagnitude[old]?.delete(user)
    this.#usersByMagnitude[now]?.add(user)
  }
}

/** The power of two below a count: -1 for none. */
function magnitudeOf(count: number): number {
  return 31 - Math.clz32(count)
}
