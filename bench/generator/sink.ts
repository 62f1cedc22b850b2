/**
 * Receives what a pacer sends and times each message from the moment when it was due, which follows from its
 * number: a server that stalls is charged with every message that had to wait.
 */
import { sumArrivals } from '../verifier.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { now } from './clock.ts'
import { TimeRecorder } from './distribution.ts'
import type { Outcome, Schedule, WorkOrder } from './messages.ts'
import { openAll, subscribeAll } from './raw-connection.ts'
import { Receiver } from './receiver.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type SinkOrder = Extract<WorkOrder, { kind: 'sink' }>

/** Connects the receivers of a sink. */
export async function prepareSink(order: SinkOrder): Promise<Work> {
  const logins = order.pairs.map((pair) => pair.receiver)
  const connections = await openAll(order.endpoint, logins, openAtOnce)
  await subscribeAll(connections)
  return new Sink(order, connections)
}

class Sink implements Work {
  done = 0
  readonly #receivers: Receiver[] = []
  readonly #times = new TimeRecorder()
  readonly #plainTimes = new TimeRecorder()
  readonly #complaints = new Complaints()
  readonly #order: SinkOrder
  /** Whether some receivers acknowledge. */
  readonly #isMixed: boolean
  #schedule: Schedule = { startMs: 0, measureMs: 0, endMs: 0 }

  constructor(order: SinkOrder, connections: Awaited<ReturnType<typeof openAll>>) {
    this.#order = order
    this.#isMixed = order.pairs.some((pair) => pair.receiver.ack !== undefined)
    for (const [index, pair] of order.pairs.entries()) {
      const connection = connections[index]
      if (connection === undefined) continue
      const { ack, userId } = pair.receiver
      const acknowledgement = ack === undefined ? undefined : new Acknowledgement(connection, userId)
      this.#receivers.push(
        new Receiver(connection, {
          senderNumber: pair.number,
          size: order.shape.size,
          complaints: this.#complaints,
          arrived: (sequence) => this.#arrived(index, sequence),
          took: (bytes, start, end) => acknowledgement?.take(bytes, start, end),
        }),
      )
    }
  }

  start(schedule: Schedule): void {
    this.#schedule = schedule
  }

  async stop(expected: number): Promise<Outcome> {
    await waitForCount(expected, () => this.done)
    const outcome = {
      sent: 0,
      arrivals: sumArrivals(this.#receivers.map((receiver) => receiver.stream.arrivals())),
      times: this.#times.distribution(),
      plainTimes: this.#plainTimes.distribution(),
      complaints: this.#complaints.list(),
    }
    await Promise.all(this.#receivers.map((receiver) => receiver.close()))
    return outcome
  }

  #arrived(index: number, sequence: number): void {
    this.done++
    const { ratePerSecond, senders } = this.#order.pace
    const dueMs = this.#schedule.startMs + ((sequence * senders + index) * 1000) / ratePerSecond
    if (dueMs < this.#schedule.measureMs) return
    const isPlain = this.#isMixed && this.#order.pairs[index]?.receiver.ack === undefined
    const times = isPlain ? this.#plainTimes : this.#times
    times.record(now() - dueMs)
  }
}
