/**
 * Keeps a fixed number of messages in flight per sender: one more is sent for each that arrived at its receiver.
 * What one turn of the loop allows a sender to send goes out in one write.
 */
import { sumArrivals } from '../verifier.ts'
import type { Outcome, WorkOrder } from './messages.ts'
import { openAll, subscribeAll } from './raw-connection.ts'
import { Receiver } from './receiver.ts'
import { Sender } from './sender.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type ClosedLoopOrder = Extract<WorkOrder, { kind: 'closed-loop' }>

/** Connects the pairs of a closed loop. */
export async function prepareClosedLoop(order: ClosedLoopOrder): Promise<Work> {
  const logins = order.pairs.flatMap((pair) => [pair.receiver, pair.sender])
  const connections = await openAll(order.endpoint, logins, openAtOnce)
  await subscribeAll(connections.filter((_, index) => index % 2 === 0))
  return new ClosedLoop(order, connections)
}

class ClosedLoop implements Work {
  done = 0
  readonly #order: ClosedLoopOrder
  readonly #senders: Sender[] = []
  readonly #receivers: Receiver[] = []
  readonly #complaints = new Complaints()
  /** Senders that owe something in this turn. */
  #owing: Sender[] = []
  #isStopping = false
  readonly #flush = (): void => {
    const owing = this.#owing
    this.#owing = []
    for (const sender of owing) sender.flush()
  }

  constructor(order: ClosedLoopOrder, connections: Awaited<ReturnType<typeof openAll>>) {
    this.#order = order
    for (const [index, pair] of order.pairs.entries()) {
      const [receiving, sending] = [connections[2 * index], connections[2 * index + 1]]
      if (receiving === undefined || sending === undefined) continue
      const route = { number: pair.number, fromUserId: pair.sender.userId, toUserId: pair.receiver.userId }
      const sender = new Sender(sending, route, {
        shape: order.shape,
        batchMax: order.window,
        complaints: this.#complaints,
      })
      this.#senders.push(sender)
      this.#receivers.push(
        new Receiver(receiving, {
          senderNumber: pair.number,
          size: order.shape.size,
          complaints: this.#complaints,
          arrived: () => this.#arrived(sender),
        }),
      )
    }
  }

  start(): void {
    for (const sender of this.#senders) {
      sender.owe(this.#order.window)
      sender.flush()
    }
  }

  async stop(): Promise<Outcome> {
    this.#isStopping = true
    for (const sender of this.#senders) sender.forget()
    const sent = this.#senders.reduce((sum, sender) => sum + sender.sent, 0)
    await waitForCount(sent, () => this.done)
    if (this.#order.shape.callback) await this.#checkAnswers(sent)
    const outcome = {
      sent,
      arrivals: sumArrivals(this.#receivers.map((receiver) => receiver.stream.arrivals())),
      complaints: this.#complaints.list(),
    }
    await Promise.all([...this.#senders, ...this.#receivers].map((client) => client.close()))
    return outcome
  }

  #arrived(sender: Sender): void {
    this.done++
    if (this.#isStopping) return
    sender.owe(1)
    if (this.#owing.at(-1) === sender) return
    if (this.#owing.length === 0) setImmediate(this.#flush)
    this.#owing.push(sender)
  }

  async #checkAnswers(sent: number): Promise<void> {
    const answers = (): number => this.#senders.reduce((sum, sender) => sum + sender.answers.arrived, 0)
    await waitForCount(sent, answers)
    const { arrived, doubled } = sumArrivals(this.#senders.map((sender) => sender.answers.arrivals()))
    if (arrived !== sent || doubled > 0) {
      this.#complaints.add(`${sent} messages got ${arrived} answers, ${doubled} of them again`)
    }
  }
}
