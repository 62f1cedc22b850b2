/**
 * Sends at a fixed rate, whatever comes back: message k of all is due at start + k / rate, and the senders take turns.
 * Sleeps between two messages by `Atomics.wait`, since a timer of the event loop knows whole milliseconds only; the
 * receivers are therefore in another process (`sink`).
 */
import { now } from './clock.ts'
import { TimeRecorder } from './distribution.ts'
import type { Outcome, Schedule, WorkOrder } from './messages.ts'
import { openAll } from './raw-connection.ts'
import { Sender } from './sender.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type PacerOrder = Extract<WorkOrder, { kind: 'pacer' }>

/** A longer pause is left to a timer, which lets the event loop sleep as well. */
const timerMs = 4
const batchMax = 64

/** Connects the senders of a pacer. */
export async function preparePacer(order: PacerOrder): Promise<Work> {
  const logins = order.pairs.map((pair) => pair.sender)
  return new Pacer(order, await openAll(order.endpoint, logins, openAtOnce))
}

class Pacer implements Work {
  done = 0
  readonly #senders: Sender[] = []
  readonly #lag = new TimeRecorder()
  readonly #answerTimes = new TimeRecorder()
  readonly #plainAnswerTimes = new TimeRecorder()
  readonly #complaints = new Complaints()
  readonly #intervalMs: number
  readonly #asksForAnswers: boolean
  readonly #sleepCell = new Int32Array(new SharedArrayBuffer(4))
  #schedule: Schedule = { startMs: 0, measureMs: 0, endMs: 0 }
  #isStopping = false
  readonly #turn = (): void => this.#send()

  constructor(order: PacerOrder, connections: Awaited<ReturnType<typeof openAll>>) {
    this.#intervalMs = 1000 / order.pace.ratePerSecond
    this.#asksForAnswers = order.shape.callback
    const isMixed = order.pairs.some((pair) => pair.receiver.ack !== undefined)
    for (const [index, pair] of order.pairs.entries()) {
      const connection = connections[index]
      if (connection === undefined) continue
      const isAcknowledged = pair.receiver.ack !== undefined
      const route = { number: pair.number, fromUserId: pair.sender.userId, toUserId: pair.receiver.userId }
      this.#senders.push(
        new Sender(connection, route, {
          shape: { ...order.shape, status: isAcknowledged ? 'delivered' : 'sent' },
          batchMax,
          complaints: this.#complaints,
          answered: (sequence) => this.#answered(sequence * order.pace.senders + index, isAcknowledged || !isMixed),
        }),
      )
    }
  }

  start(schedule: Schedule): void {
    this.#schedule = schedule
    this.#send()
  }

  async stop(): Promise<Outcome> {
    this.#isStopping = true
    await waitForCount(this.done, () => this.#senders.reduce((sum, sender) => sum + sender.sent, 0))
    const answers = (): number => this.#senders.reduce((sum, sender) => sum + sender.answers.arrived, 0)
    if (this.#asksForAnswers) await waitForCount(this.done, answers)
    const outcome = {
      sent: this.done,
      arrivals: { arrived: 0, doubled: 0, disordered: 0, foreign: 0 },
      lag: this.#lag.distribution(),
      times: this.#answerTimes.distribution(),
      plainTimes: this.#plainAnswerTimes.distribution(),
      complaints: this.#complaints.list(),
    }
    await Promise.all(this.#senders.map((sender) => sender.close()))
    return outcome
  }

  #send(): void {
    if (this.#isStopping) return
    const dueMs = this.#dueMs(this.done)
    if (dueMs >= this.#schedule.endMs) return
    const waitMs = dueMs - now()
    if (waitMs > timerMs) {
      setTimeout(this.#turn, waitMs - 2)
      return
    }
    if (waitMs > 0) Atomics.wait(this.#sleepCell, 0, 0, waitMs)
    const at = now()
    const owing: Sender[] = []
    while (this.#dueMs(this.done) <= at && this.#dueMs(this.done) < this.#schedule.endMs) {
      if (this.#dueMs(this.done) >= this.#schedule.measureMs) this.#lag.record(at - this.#dueMs(this.done))
      const sender = this.#senders[this.done % this.#senders.length]
      sender?.owe(1)
      if (sender !== undefined) owing.push(sender)
      this.done++
    }
    // Only these: there may be thousands of senders. What one still owes because of a write goes out after it.
    for (const sender of owing) sender.flush()
    setImmediate(this.#turn)
  }

  #answered(index: number, isFirstKind: boolean): void {
    const dueMs = this.#dueMs(index)
    if (dueMs >= this.#schedule.measureMs)
      (isFirstKind ? this.#answerTimes : this.#plainAnswerTimes).record(now() - dueMs)
  }

  #dueMs(index: number): number {
    return this.#schedule.startMs + index * this.#intervalMs
  }
}
