/**
 * Keeps a fixed number of messages in flight per sender: one more is sent for each that arrived at its receiver.
 * What one turn of the loop allows a sender to send goes out in one write.
 */
import { sumArrivals } from '../verifier.ts'
import { enrol } from './enrolment.ts'
import type { Route } from './frame.ts'
import type { Outcome, WorkOrder } from './messages.ts'
import { openAll, type RawConnection, subscribeAll } from './raw-connection.ts'
import { Receiver } from './receiver.ts'
import { generatorKey } from './sealing.ts'
import { Sender } from './sender.ts'
import { SignedFrames, type Signer } from './signed-frames.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type ClosedLoopOrder = Extract<WorkOrder, { kind: 'closed-loop' }>

/** Connects the pairs of a closed loop. */
export async function prepareClosedLoop(order: ClosedLoopOrder): Promise<Work> {
  // What comes with a login, such as another device's end, would end sessions: so keys are enrolled before.
  if (order.signing?.alg === 'PS256') {
    for (const { sender } of order.pairs) await enrol(order.endpoint, sender)
  }
  const logins = order.pairs.flatMap((pair) => [pair.receiver, pair.sender])
  const connections = await openAll(order.endpoint, logins, openAtOnce)
  await subscribeAll(connections.filter((_, index) => index % 2 === 0))
  return new ClosedLoop(order, connections, await signAll(order, connections))
}

/** The messages of every sender, where they are to be signed. */
async function signAll(order: ClosedLoopOrder, connections: readonly RawConnection[]): Promise<SignedFrames[]> {
  const { signing, shape, window } = order
  const all: SignedFrames[] = []
  if (signing === undefined) return all
  for (const [index, pair] of order.pairs.entries()) {
    const signer = signerOf(signing.alg, connections[2 * index + 1])
    const options = { signer, count: signing.messages, capacity: window }
    all.push(await SignedFrames.make(routeOf(pair), shape, options))
  }
  return all
}

function signerOf(alg: 'PS256' | 'HS256', sender: RawConnection | undefined): Signer {
  if (alg === 'PS256') return { alg, key: generatorKey() }
  const session = sender?.sealing?.agreed?.session
  if (session === undefined) throw new Error('only a sealed session signs by HS256')
  return { alg, signingKey: session.keys.signingKey }
}

function routeOf(pair: ClosedLoopOrder['pairs'][number]): Route {
  return { number: pair.number, fromUserId: pair.sender.userId, toUserId: pair.receiver.userId }
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

  constructor(order: ClosedLoopOrder, connections: readonly RawConnection[], signed: readonly SignedFrames[]) {
    this.#order = order
    for (const [index, pair] of order.pairs.entries()) {
      const [receiving, sending] = [connections[2 * index], connections[2 * index + 1]]
      if (receiving === undefined || sending === undefined) continue
      const sender = new Sender(sending, routeOf(pair), {
        shape: order.shape,
        batchMax: order.window,
        complaints: this.#complaints,
        frames: signed[index],
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
