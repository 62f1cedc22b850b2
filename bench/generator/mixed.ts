/**
 * A day in short: many quiet users and some busy ones write to one another at a rate that does not wait, ask for an
 * answer each time, come, leave, drop out and come back. One process, since it has to know who is there.
 */
import { now } from './clock.ts'
import { TimeRecorder } from './distribution.ts'
import { FrameBatch, findCallback, findMark, readCallback, readSender, readSequence } from './frame.ts'
import type { Outcome, Schedule, WorkOrder } from './messages.ts'
import { MixedLedger } from './mixed-ledger.ts'
import { forEachAtOnce, RawConnection } from './raw-connection.ts'
import { Complaints, openAtOnce, type Work, waitForCount } from './work.ts'

type MixedOrder = Extract<WorkOrder, { kind: 'mixed' }>

/** A user's life. A session is told from the next one by its number. */
type Life =
  | { readonly kind: 'away' }
  | { readonly kind: 'coming' }
  | { readonly kind: 'online'; readonly connection: RawConnection; readonly session: number }

interface User {
  readonly number: number
  life: Life
  /** Messages sent so far. */
  sent: number
  sessions: number
  /** When the next change is due. */
  changeMs: number
}

const lifeTickMs = 50
/** Somebody who is online is found by drawing so often, or the message falls away. */
const drawsMax = 30

/** Connects those who are online at the beginning. */
export async function prepareMixed(order: MixedOrder): Promise<Work> {
  const mixed = new Mixed(order)
  await mixed.open()
  return mixed
}

class Mixed implements Work {
  done = 0
  readonly #order: MixedOrder
  readonly #users: readonly User[]
  readonly #busy: number
  readonly #ledger = new MixedLedger()
  readonly #times = new TimeRecorder()
  readonly #loginTimes = new TimeRecorder()
  readonly #complaints = new Complaints()
  readonly #coming = new Set<Promise<void>>()
  readonly #counts = { logins: 0, loginFailures: 0, left: 0, dropped: 0, errors: 0, unsent: 0 }
  #schedule: Schedule = { startMs: 0, measureMs: 0, endMs: 0 }
  #due = 0
  #isStopping = false
  #lifeTimer: NodeJS.Timeout | undefined
  readonly #turn = (): void => this.#sendDue()

  constructor(order: MixedOrder) {
    this.#order = order
    this.#busy = Math.max(1, Math.round(order.habits.busyUsers * order.logins.length))
    this.#users = order.logins.map((_, number) => ({
      number,
      life: { kind: 'away' },
      sent: 0,
      sessions: 0,
      changeMs: 0,
    }))
  }

  async open(): Promise<void> {
    const { onlineMs, awayMs } = this.#order.habits
    const online = this.#users.filter(() => Math.random() < onlineMs / (onlineMs + awayMs))
    await forEachAtOnce(online, openAtOnce, (user) => this.#come(user))
    if (this.#counts.loginFailures > 0) throw new Error(this.#complaints.list().join('; '))
    this.#counts.logins = 0
  }

  start(schedule: Schedule): void {
    this.#schedule = schedule
    for (const user of this.#users) user.changeMs = schedule.startMs + this.#stay(user)
    this.#lifeTimer = setInterval(() => this.#live(), lifeTickMs)
    this.#sendDue()
  }

  async stop(): Promise<Outcome> {
    this.#isStopping = true
    clearInterval(this.#lifeTimer)
    await Promise.all(this.#coming)
    const seconds = (now() - this.#schedule.startMs) / 1000
    const sessionOf = (number: number): number | undefined => sessionOfUser(this.#users[number])
    const expected = this.#ledger.expected(sessionOf)
    await waitForCount(expected, () => this.#ledger.settled)
    const balance = this.#ledger.balance(sessionOf)
    if (balance.wronglyRejected > 0) {
      this.#complaints.add(`${balance.wronglyRejected} messages were rejected although the receiver was there`)
    }
    if (balance.unanswered > 0) this.#complaints.add(`${balance.unanswered} messages got no answer`)
    const loginTimes = this.#loginTimes.distribution()
    const outcome: Outcome = {
      sent: balance.due,
      arrivals: balance.arrivals,
      times: this.#times.distribution(),
      counts: {
        ...this.#counts,
        seconds,
        rejected: balance.rejected,
        inDoubt: balance.inDoubt,
        online: this.#users.filter((user) => user.life.kind === 'online').length,
        loginP50Ms: loginTimes.p50Ms,
        loginP99Ms: loginTimes.p99Ms,
      },
      complaints: this.#complaints.list(),
    }
    const open = this.#users.flatMap(({ life }) => (life.kind === 'online' ? [life.connection] : []))
    await Promise.all(open.map((connection) => connection.close()))
    return outcome
  }

  #sendDue(): void {
    if (this.#isStopping) return
    const { startMs, endMs } = this.#schedule
    const at = Math.min(now(), endMs)
    const due = Math.floor(((at - startMs) * this.#order.ratePerSecond) / 1000)
    for (; this.#due < due; this.#due++) this.#sendOne()
    if (at < endMs) setTimeout(this.#turn, 1)
  }

  #sendOne(): void {
    const sender = this.#drawSender()
    if (sender === undefined || sender.life.kind !== 'online') {
      this.#counts.unsent++
      return
    }
    const drawn = Math.floor(Math.random() * (this.#users.length - 1))
    const receiver = this.#users[drawn < sender.number ? drawn : drawn + 1]
    if (receiver === undefined) return
    const { logins, shape } = this.#order
    const route = {
      number: sender.number,
      fromUserId: logins[sender.number]?.userId ?? '',
      toUserId: logins[receiver.number]?.userId ?? '',
    }
    const sequence = sender.sent++
    this.#ledger.send({
      sender: sender.number,
      sequence,
      receiver: receiver.number,
      // From here and not from the due moment: the delay in between is the timer's, which the server has no part in.
      atMs: now(),
      senderSession: sender.life.session,
      receiverSession: sessionOfUser(receiver),
    })
    const batch = new FrameBatch(route, { ...shape, callback: true }, 1)
    sender.life.connection.write(batch.number(sequence, 1), ignore)
  }

  #drawSender(): User | undefined {
    const isBusy = Math.random() < this.#order.habits.busyShare
    const [first, count] = isBusy ? [0, this.#busy] : [this.#busy, this.#users.length - this.#busy]
    for (let draw = 0; draw < drawsMax; draw++) {
      const user = this.#users[first + Math.floor(Math.random() * count)]
      if (user?.life.kind === 'online') return user
    }
    return undefined
  }

  #live(): void {
    const at = now()
    for (const user of this.#users) {
      if (user.changeMs > at || user.life.kind === 'coming') continue
      if (user.life.kind === 'online') this.#leave(user, user.life.connection)
      else this.#track(this.#come(user))
      user.changeMs = at + this.#stay(user)
    }
  }

  #leave(user: User, connection: RawConnection): void {
    user.life = { kind: 'away' }
    if (Math.random() < this.#order.habits.abruptShare) {
      this.#counts.dropped++
      connection.drop()
      return
    }
    this.#counts.left++
    this.#track(connection.close())
  }

  async #come(user: User): Promise<void> {
    const { endpoint, logins } = this.#order
    user.life = { kind: 'coming' }
    const beganMs = now()
    try {
      const connection = await RawConnection.open(endpoint, logins[user.number] ?? { userId: '' })
      this.#counts.logins++
      this.#loginTimes.record(now() - beganMs)
      const session = ++user.sessions
      user.life = { kind: 'online', connection, session }
      connection.handler = (bytes, start, end) => this.#read(user, connection, bytes.subarray(start, end))
      connection.onLost = () => {
        this.#complaints.add(`the connection of ${logins[user.number]?.userId ?? ''} was closed`)
        if (user.life.kind === 'online' && user.life.session === session) user.life = { kind: 'away' }
      }
    } catch (error) {
      this.#counts.loginFailures++
      this.#complaints.add(error instanceof Error ? error.message : String(error))
      user.life = { kind: 'away' }
    }
  }

  #read(user: User, connection: RawConnection, frame: Buffer): void {
    const mark = findMark(frame, 0, frame.length)
    if (mark !== -1) {
      const message = { sender: readSender(frame, mark), sequence: readSequence(frame, mark), receiver: user.number }
      const atMs = this.#ledger.arrive(message)
      if (atMs === undefined) {
        this.#complaints.add(`not meant for user ${user.number}, or not the first time: ${frame.toString()}`)
        return
      }
      this.done++
      if (atMs >= this.#schedule.measureMs) this.#times.record(now() - atMs)
      return
    }
    const callback = findCallback(frame, 0, frame.length)
    const answer = frame.includes('\\"sent\\"') ? 'sent' : frame.includes('\\"user_offline\\"') ? 'rejected' : undefined
    if (callback !== -1 && answer !== undefined) {
      if (this.#ledger.answer({ sender: user.number, sequence: readCallback(frame, callback), answer })) return
    }
    const complaint = connection.answerControl(frame, 0, frame.length)
    if (complaint === undefined) return
    this.#counts.errors++
    this.#complaints.add(complaint)
  }

  /** How long a user stays as it is: any length, with the right average, as for people who do not plan. */
  #stay(user: User): number {
    const { onlineMs, awayMs } = this.#order.habits
    return -Math.log(1 - Math.random()) * (user.life.kind === 'away' ? awayMs : onlineMs)
  }

  #track(promise: Promise<void>): void {
    this.#coming.add(promise)
    promise.then(
      () => this.#coming.delete(promise),
      () => this.#coming.delete(promise),
    )
  }
}

function sessionOfUser(user: User | undefined): number | undefined {
  return user?.life.kind === 'online' ? user.life.session : undefined
}

function ignore(): void {}
