/**
 * Keeps a fixed number of broadcasts in flight: the next one is sent when one has arrived at every receiver. One
 * process, since nobody else knows when that is.
 */
import { sumArrivals } from '../verifier.ts'
import type { Outcome, WorkOrder } from './messages.ts'
import { openAll, RawConnection, subscribeAll } from './raw-connection.ts'
import { Receiver } from './receiver.ts'
import { Sender } from './sender.ts'
import { everyone } from './wires/wire.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type BroadcastOrder = Extract<WorkOrder, { kind: 'broadcast' }>

/** Connects the receivers and the sender. */
export async function prepareBroadcast(order: BroadcastOrder): Promise<Work> {
  const receivers = await openAll(order.endpoint, order.receivers, openAtOnce)
  await subscribeAll(receivers, [everyone])
  return new Broadcast(order, receivers, await RawConnection.open(order.endpoint, order.sender))
}

class Broadcast implements Work {
  /** Deliveries. */
  done = 0
  readonly #window: number
  readonly #sender: Sender
  readonly #receivers: readonly Receiver[]
  /** Receivers that have not got a broadcast yet, by its number modulo the window. */
  readonly #missing: Int32Array
  readonly #complaints = new Complaints()
  #isStopping = false
  #isFlushing = false
  readonly #flush = (): void => {
    this.#isFlushing = false
    this.#sender.flush()
  }

  constructor(order: BroadcastOrder, receivers: readonly RawConnection[], sender: RawConnection) {
    this.#window = order.window
    this.#missing = new Int32Array(order.window).fill(receivers.length)
    this.#sender = new Sender(
      sender,
      { number: 0, fromUserId: order.sender.userId, toUserId: '' },
      {
        shape: order.shape,
        batchMax: order.window,
        complaints: this.#complaints,
        encode: sender.wire.encodeBroadcast,
      },
    )
    const options = { senderNumber: 0, size: order.shape.size, complaints: this.#complaints }
    const arrived = (sequence: number): void => this.#arrived(sequence)
    this.#receivers = receivers.map((receiver) => new Receiver(receiver, { ...options, arrived }))
  }

  start(): void {
    this.#sender.owe(this.#window)
    this.#sender.flush()
  }

  async stop(): Promise<Outcome> {
    this.#isStopping = true
    this.#sender.forget()
    const sent = this.#sender.sent * this.#receivers.length
    await waitForCount(sent, () => this.done)
    const outcome = {
      sent,
      arrivals: sumArrivals(this.#receivers.map((receiver) => receiver.stream.arrivals())),
      complaints: this.#complaints.list(),
    }
    await Promise.all([this.#sender, ...this.#receivers].map((client) => client.close()))
    return outcome
  }

  #arrived(sequence: number): void {
    this.done++
    const place = sequence % this.#window
    const missing = (this.#missing[place] ?? 0) - 1
    this.#missing[place] = missing === 0 ? this.#receivers.length : missing
    if (missing > 0 || this.#isStopping) return
    this.#sender.owe(1)
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(this.#flush)
  }
}
