/** Logs clients in and out again, each by itself in a loop: connect, log in, close. */
import { now } from './clock.ts'
import { TimeRecorder } from './distribution.ts'
import type { Outcome, Schedule, WorkOrder } from './messages.ts'
import { type Endpoint, type Login, RawConnection } from './raw-connection.ts'
import { Complaints, type Work } from './work.ts'

/** A client that fails so often in a row gives up. */
const failuresMax = 5

/** Makes the work; it connects when it starts. */
export function prepareLogins(order: Extract<WorkOrder, { kind: 'logins' }>): Work {
  return new Logins(order.endpoint, order.logins)
}

class Logins implements Work {
  done = 0
  readonly #endpoint: Endpoint
  readonly #logins: readonly Login[]
  readonly #times = new TimeRecorder()
  readonly #complaints = new Complaints()
  #clients: Promise<void>[] = []
  #isStopping = false

  constructor(endpoint: Endpoint, logins: readonly Login[]) {
    this.#endpoint = endpoint
    this.#logins = logins
  }

  start(schedule: Schedule): void {
    this.#clients = this.#logins.map((login) => this.#loop(login, schedule))
  }

  async stop(): Promise<Outcome> {
    this.#isStopping = true
    await Promise.all(this.#clients)
    return {
      sent: 0,
      arrivals: { arrived: 0, doubled: 0, disordered: 0, foreign: 0 },
      times: this.#times.distribution(),
      complaints: this.#complaints.list(),
    }
  }

  async #loop(login: Login, schedule: Schedule): Promise<void> {
    let failures = 0
    while (!this.#isStopping && failures < failuresMax) {
      const beganMs = now()
      try {
        const connection = await RawConnection.open(this.#endpoint, login)
        this.done++
        failures = 0
        if (beganMs >= schedule.measureMs) this.#times.record(now() - beganMs)
        await connection.close()
      } catch (error) {
        failures++
        this.#complaints.add(error instanceof Error ? error.message : String(error))
      }
    }
  }
}
