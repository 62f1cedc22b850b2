/**
 * Receivers who were away log in, all at the same time, get what was stored for them, and acknowledge it: what one turn of
 * the loop brought with one acknowledgement. Ends when the last one has arrived and the server has answered its acknowledgement.
 */
import { performance } from 'node:perf_hooks'
import { sumArrivals } from '../verifier.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { now } from './clock.ts'
import type { Outcome, Pair, WorkOrder } from './messages.ts'
import { forEachAtOnce, RawConnection } from './raw-connection.ts'
import { Receiver } from './receiver.ts'
import { wires } from './wires/index.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type DrainingOrder = Extract<WorkOrder, { kind: 'draining' }>

/** Prepares the places of the receivers, where a server wants that. */
export async function prepareDraining(order: DrainingOrder): Promise<Work> {
  const { storing } = wires[order.endpoint.wire ?? 'parley']
  const before = storing?.beforeFetching
  if (before !== undefined) {
    await forEachAtOnce(order.pairs, openAtOnce, async ({ receiver }) => {
      const connection = await RawConnection.open(order.endpoint, receiver)
      await connection.ask(before(receiver.userId), 'prepare its place')
      await connection.close()
    })
  }
  return new Draining(order)
}

class Draining implements Work {
  /** Messages that arrived. */
  done = 0
  readonly #order: DrainingOrder
  readonly #receivers: Receiver[] = []
  readonly #complaints = new Complaints()
  #startMs = 0
  #loggedInMs = 0
  #finishedMs = 0
  #finished = 0
  /** Of the start, and from its end on of the time between. */
  #active = performance.eventLoopUtilization()
  #cpu = process.cpuUsage()

  constructor(order: DrainingOrder) {
    this.#order = order
  }

  start(): void {
    this.#startMs = now()
    this.#active = performance.eventLoopUtilization()
    this.#cpu = process.cpuUsage()
    this.#open().catch((error: unknown) => this.#complaints.add(String(error)))
  }

  async stop(): Promise<Outcome> {
    await waitForCount(this.#order.pairs.length * this.#order.expected, () => this.done)
    await waitForCount(this.#order.pairs.length, () => this.#finished)
    if (this.#finished < this.#order.pairs.length) {
      this.#complaints.add(`${this.#finished} of ${this.#order.pairs.length} receivers got everything`)
    }
    const outcome = {
      sent: this.#order.pairs.length * this.#order.expected,
      arrivals: sumArrivals(this.#receivers.map((receiver) => receiver.stream.arrivals())),
      counts: {
        seconds: (this.#finishedMs - this.#startMs) / 1000,
        loginSeconds: (this.#loggedInMs - this.#startMs) / 1000,
        active: this.#active.utilization,
        cpuMs: (this.#cpu.user + this.#cpu.system) / 1000,
      },
      complaints: this.#complaints.list(),
    }
    await Promise.all(this.#receivers.map((receiver) => receiver.close()))
    return outcome
  }

  async #open(): Promise<void> {
    await forEachAtOnce(this.#order.pairs, this.#order.pairs.length, async (pair) => {
      const connection = await RawConnection.open(this.#order.endpoint, pair.receiver, (early) => {
        this.#receivers.push(this.#receive(early, pair))
      })
      const { fetch } = connection.wire.storing ?? {}
      if (fetch !== undefined) connection.write(fetch(pair.receiver.userId))
    })
    this.#loggedInMs = now()
  }

  #end(): void {
    this.#finishedMs = now()
    this.#active = performance.eventLoopUtilization(this.#active)
    this.#cpu = process.cpuUsage(this.#cpu)
  }

  #receive(connection: RawConnection, pair: Pair): Receiver {
    const { shape, expected } = this.#order
    const acknowledgement = new Acknowledgement(connection, pair.receiver.userId)
    const receiver: Receiver = new Receiver(connection, {
      senderNumber: pair.number,
      size: shape.size,
      complaints: this.#complaints,
      took: (bytes, start, end) => acknowledgement.take(bytes, start, end),
      arrived: () => {
        this.done++
        // Behind what this turn acknowledges.
        if (receiver.stream.arrived === expected) setImmediate(() => acknowledgement.finish())
      },
      other: (bytes, start, end) => {
        if (!acknowledgement.isFinished(bytes, start, end)) return false
        this.#finished++
        if (this.#finished === this.#order.pairs.length) this.#end()
        return true
      },
    })
    return receiver
  }
}
