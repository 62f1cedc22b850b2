/** Holds logged-in connections that do nothing. */
import { performance } from 'node:perf_hooks'
import { now } from './clock.ts'
import { TimeRecorder } from './distribution.ts'
import type { Outcome, WorkOrder } from './messages.ts'
import { forEachAtOnce, RawConnection, subscribeAll } from './raw-connection.ts'
import { Complaints, openAtOnce, type Work } from './work.ts'

/** Connects and logs in all of them. */
export async function prepareIdle(order: Extract<WorkOrder, { kind: 'idle' }>): Promise<Work> {
  const beganMs = now()
  const began = performance.eventLoopUtilization()
  const times = new TimeRecorder()
  const connections = new Array<RawConnection>(order.logins.length)
  await forEachAtOnce(order.logins, order.atOnce ?? openAtOnce, async (login, index) => {
    const clientMs = now()
    connections[index] = await RawConnection.open(order.endpoint, login)
    times.record(now() - clientMs)
  })
  const connecting = {
    seconds: (now() - beganMs) / 1000,
    active: performance.eventLoopUtilization(began).utilization,
    times: times.distribution(),
  }
  await subscribeAll(connections)
  return new Idle(connections, connecting)
}

class Idle implements Work {
  readonly #connections: readonly RawConnection[]
  readonly #connecting: NonNullable<Outcome['connecting']>
  readonly #complaints = new Complaints()

  constructor(connections: readonly RawConnection[], connecting: NonNullable<Outcome['connecting']>) {
    this.#connections = connections
    this.#connecting = connecting
    for (const connection of connections) {
      connection.onLost = () => this.#complaints.add('an idle connection was closed')
    }
  }

  get done(): number {
    return this.#connections.length
  }

  start(): void {}

  async stop(): Promise<Outcome> {
    const complaints = this.#complaints.list()
    await Promise.all(this.#connections.map((connection) => connection.close()))
    const arrivals = { arrived: 0, doubled: 0, disordered: 0, foreign: 0 }
    const resumptions = this.#connections.map((connection) => connection.resumption ?? '')
    return { sent: 0, arrivals, connecting: this.#connecting, resumptions, complaints }
  }
}
