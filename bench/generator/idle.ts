/** Holds logged-in connections that do nothing. */
import type { Outcome, WorkOrder } from './messages.ts'
import { openAll, type RawConnection } from './raw-connection.ts'
import { Complaints, openAtOnce, type Work } from './work.ts'

/** Connects and logs in all of them. */
export async function prepareIdle(order: Extract<WorkOrder, { kind: 'idle' }>): Promise<Work> {
  return new Idle(await openAll(order.endpoint, order.logins, openAtOnce))
}

class Idle implements Work {
  readonly #connections: readonly RawConnection[]
  readonly #complaints = new Complaints()

  constructor(connections: readonly RawConnection[]) {
    this.#connections = connections
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
    return { sent: 0, arrivals: { arrived: 0, doubled: 0, disordered: 0, foreign: 0 }, complaints }
  }
}
