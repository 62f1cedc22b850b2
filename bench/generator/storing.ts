/**
 * Keeps a fixed number of messages in flight per sender, to receivers who are away: one more is sent for each whose
 * answer says that it is stored. What one turn of the loop allows a sender to send goes out in one write.
 */
import { sumArrivals } from '../verifier.ts'
import { now } from './clock.ts'
import { TimeRecorder } from './distribution.ts'
import type { Outcome, Pair, Schedule, WorkOrder } from './messages.ts'
import { type Endpoint, forEachAtOnce, RawConnection } from './raw-connection.ts'
import { StoringSender } from './storing-sender.ts'
import { wires } from './wires/index.ts'
import type { Dialogue } from './wires/wire.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type StoringOrder = Extract<WorkOrder, { kind: 'storing' }>

/** Prepares the server where it has just started, and connects the senders. */
export async function prepareStoring(order: StoringOrder): Promise<Work> {
  const { storing } = wires[order.endpoint.wire ?? 'parley']
  if (storing === undefined) throw new Error('nothing is stored over this wire')
  if (order.isFirst && storing.setUp !== undefined) await setUp(order, storing.setUp)
  if (storing.mustEnrol) await enrol(order.endpoint, order.pairs)
  const connections = new Array<RawConnection>(order.pairs.length)
  await forEachAtOnce(order.pairs, openAtOnce, async ({ sender }, index) => {
    const connection = await RawConnection.open(order.endpoint, sender)
    if (storing.beginSending !== undefined) await connection.ask(storing.beginSending(sender.userId), 'send')
    connections[index] = connection
  })
  return new Storing(order, connections)
}

async function setUp(order: StoringOrder, dialogue: Dialogue): Promise<void> {
  const [anyone] = order.pairs
  if (anyone === undefined) return
  const connection = await RawConnection.open(order.endpoint, anyone.sender)
  await connection.ask(dialogue, 'set up the server')
  await connection.close()
}

/** Receivers come once, say what they want, and go away. */
async function enrol(endpoint: Endpoint, pairs: readonly Pair[]): Promise<void> {
  await forEachAtOnce(pairs, openAtOnce, async ({ receiver }) => {
    const connection = await RawConnection.open(endpoint, receiver)
    await connection.subscribe()
    await connection.close()
  })
}

class Storing implements Work {
  /** Messages whose answer has come. */
  done = 0
  readonly #order: StoringOrder
  readonly #senders: StoringSender[] = []
  readonly #complaints = new Complaints()
  readonly #times = new TimeRecorder()
  #measureMs = Number.POSITIVE_INFINITY
  #isMeasured = false
  /** Senders that owe something in this turn. */
  #owing: StoringSender[] = []
  #isStopping = false
  readonly #flush = (): void => {
    if (!this.#isMeasured) this.#isMeasured = now() >= this.#measureMs
    const owing = this.#owing
    this.#owing = []
    for (const sender of owing) sender.flush()
  }

  constructor(order: StoringOrder, connections: readonly RawConnection[]) {
    this.#order = order
    for (const [index, pair] of order.pairs.entries()) {
      const connection = connections[index]
      if (connection === undefined) continue
      const route = { number: pair.number, fromUserId: pair.sender.userId, toUserId: pair.receiver.userId }
      const sender: StoringSender = new StoringSender(connection, route, {
        shape: order.shape,
        window: order.window,
        limit: order.messages ?? Number.MAX_SAFE_INTEGER,
        complaints: this.#complaints,
        times: () => (this.#isMeasured ? this.#times : undefined),
        answered: (count) => this.#answered(sender, count),
      })
      this.#senders.push(sender)
    }
  }

  start(schedule: Schedule): void {
    this.#measureMs = schedule.measureMs
    for (const sender of this.#senders) {
      sender.owe(this.#order.window)
      sender.flush()
    }
  }

  async stop(): Promise<Outcome> {
    this.#isStopping = this.#order.messages === undefined
    if (this.#isStopping) for (const sender of this.#senders) sender.forget()
    const all = (this.#order.messages ?? 0) * this.#senders.length
    const sent = (): number => this.#senders.reduce((sum, sender) => sum + sender.sent, 0)
    await waitForCount(this.#isStopping ? sent() : all, () => this.done)
    const outcome = {
      sent: sent(),
      arrivals: { ...sumArrivals(this.#senders.map((sender) => sender.answers.arrivals())), disordered: 0 },
      times: this.#times.distribution(),
      complaints: this.#complaints.list(),
    }
    await Promise.all(this.#senders.map((sender) => sender.close()))
    return outcome
  }

  #answered(sender: StoringSender, count: number): void {
    this.done += count
    if (this.#isStopping) return
    sender.owe(count)
    if (this.#owing.at(-1) === sender) return
    if (this.#owing.length === 0) setImmediate(this.#flush)
    this.#owing.push(sender)
  }
}
