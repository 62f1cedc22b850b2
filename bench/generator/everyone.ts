/**
 * Everybody writes to everybody: each user keeps a fixed number of messages in flight, to receivers drawn by
 * lot, some of whom are much more popular than the others. One process, since a message that arrives lets its sender send
 * the next one.
 */

import { MeshUser } from './mesh-user.ts'
import { MeshVerifier } from './mesh-verifier.ts'
import type { Outcome, Skew, WorkOrder } from './messages.ts'
import { openAll, type RawConnection, subscribeAll } from './raw-connection.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type EveryoneOrder = Extract<WorkOrder, { kind: 'everyone' }>

/** Connects all users. */
export async function prepareEveryone(order: EveryoneOrder): Promise<Work> {
  const connections = await openAll(order.endpoint, order.logins, openAtOnce)
  await subscribeAll(connections)
  return new Everyone(order, connections)
}

class Everyone implements Work {
  done = 0
  readonly #window: number
  readonly #users: readonly MeshUser[]
  readonly #verifier: MeshVerifier
  readonly #complaints = new Complaints()
  readonly #lots: Lots
  /** Users that owe something in this turn. */
  #owing: MeshUser[] = []
  #isStopping = false
  readonly #flush = (): void => {
    const owing = this.#owing
    this.#owing = []
    for (const user of owing) user.flush()
  }

  constructor(order: EveryoneOrder, connections: readonly RawConnection[]) {
    this.#window = order.window
    this.#verifier = new MeshVerifier(connections.length)
    this.#lots = new Lots(connections.length, order.skew)
    const userIds = order.logins.map((login) => login.userId)
    this.#users = connections.map(
      (connection, number) =>
        new MeshUser(connection, {
          number,
          userIds,
          shape: order.shape,
          complaints: this.#complaints,
          arrived: (sender, sequence) => this.#arrived(sender, sequence, number),
          foreign: () => this.#verifier.arriveForeign(),
        }),
    )
  }

  start(): void {
    for (const user of this.#users) {
      for (let message = 0; message < this.#window; message++) user.owe(this.#lots.draw(user.number))
      user.flush()
    }
  }

  async stop(): Promise<Outcome> {
    this.#isStopping = true
    for (const user of this.#users) user.forget()
    const sent = this.#users.reduce((sum, user) => sum + user.sent, 0)
    await waitForCount(sent, () => this.done)
    const outcome = { sent, arrivals: this.#verifier.arrivals(), complaints: this.#complaints.list() }
    await Promise.all(this.#users.map((user) => user.close()))
    return outcome
  }

  #arrived(sender: number, sequence: number, receiver: number): void {
    const user = this.#users[sender]
    if (user === undefined || !this.#verifier.arrive({ sender, receiver, sequence })) return
    this.done++
    if (this.#isStopping) return
    const isFirst = !user.owes
    user.owe(this.#lots.draw(sender))
    if (!isFirst) return
    if (this.#owing.length === 0) setImmediate(this.#flush)
    this.#owing.push(user)
  }
}

/** Draws receivers, the same ones in every run. */
class Lots {
  readonly #users: number
  readonly #skew: Skew
  #state = 0x9e3779b9

  constructor(users: number, skew: Skew) {
    this.#users = users
    this.#skew = skew
  }

  /** A receiver for a sender, never itself. */
  draw(sender: number): number {
    const { share, users } = this.#skew
    const isPopular = this.#fraction() < share
    const [first, count] = isPopular ? [0, users] : [users, this.#users - users]
    const drawn = first + Math.floor(this.#fraction() * count)
    if (drawn !== sender) return drawn
    return drawn + 1 < first + count ? drawn + 1 : first
  }

  /** A number from 0 to 1: xorshift32, Marsaglia 2003. */
  #fraction(): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    return (state >>> 0) / 0x1_0000_0000
  }
}
