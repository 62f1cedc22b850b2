/**
 * A small world for the promise of delivery: a router's core, a store in memory, people with devices that come, go, send,
 * read and acknowledge. It notes what was answered, and says what of that is not true.
 */
import { createHash } from 'node:crypto'
import type { AcceptorMessage } from '../../../src/mailbox/acceptor-messages.ts'
import { laterPosition } from '../../../src/mailbox/position.ts'
import type { RouterEvent } from '../../../src/router/events.ts'
import { createRouterState, type RouterOptions, type RouterState } from '../../../src/router/state.ts'
import { step } from '../../../src/router/step.ts'
import { epochOf } from '../../../src/security/message-id.ts'
import { accepted, routerOptions } from '../router-world.ts'
import { FakeStore, isStoreEffect } from './fake-store.ts'

/** A message as its sender knows it. */
interface Sent {
  readonly text: string
  readonly sender: Person
  readonly to: string
  readonly hasId: boolean
  readonly isVolatile: boolean
  readonly sentAt: number
  answer: string | undefined
  /** It may have left the inbox by its age. */
  mayBeGone: boolean
  /** It was sent again. */
  isResent: boolean
  callbacks: string[]
}

/** What lies in a connection and was not read yet. */
interface Item {
  readonly frames: string
  readonly receipt: number
  readonly epoch: number
  readonly seq: number
}

/** One device of a user, and what its owner has seen. */
export class Person {
  readonly user: string
  readonly device: string
  readonly acknowledges: boolean
  connection: number | undefined
  items: Item[] = []
  readonly shown: string[] = []
  readonly shownTexts = new Set<string>()
  /** The last place that it has seen; by this it knows what it has. */
  cursor: { epoch: number; seq: number } = { epoch: 0, seq: 0 }
  /** The last place of this session: only what a session was given, or has resumed from, may be acknowledged in it. */
  place: { epoch: number; seq: number } = { epoch: 0, seq: 0 }
  hasResumed = false
  outbox: Sent[] = []
  readonly counts = new Map<string, number>()
  /** When it first logged in. */
  knownSince = Number.POSITIVE_INFINITY
  /** What it may be shown again: it does not acknowledge, and the server was killed before it had noted that this was written. */
  mayComeAgain: ReadonlySet<string> = new Set()
  toldOfLoss = false

  constructor(user: string, device: string, acknowledges: boolean) {
    this.user = user
    this.device = device
    this.acknowledges = acknowledges
  }
}

const FRAME_END = '\u0003'

/** See the head of the file. */
export class PromiseWorld {
  readonly people: readonly Person[]
  readonly #options: RouterOptions
  readonly store: FakeStore
  #state: RouterState
  #now = 1_700_000_000_000
  #clock = 0
  #nextConnection = 1
  #nextCallback = 1
  readonly #byConnection = new Map<number, Person>()
  readonly #byCallback = new Map<string, Sent>()
  readonly #sent: Sent[] = []
  readonly #acknowledged = new Set<string>()
  readonly #written = new Set<string>()
  readonly problems: string[] = []
  readonly log: string[] = []

  constructor(policy: 'replace' | 'multi', messagesMax: number) {
    this.people = [
      new Person('ann', 'phone', true),
      new Person('ann', 'desk', true),
      new Person('bob', 'phone', true),
      new Person('cat', '', false),
      new Person('dan', '', true),
    ]
    this.store = new FakeStore([...new Set(this.people.map(({ user }) => user))], messagesMax)
    this.#options = {
      ...routerOptions,
      sessionPolicy: policy,
      userSessionsMax: 16,
      pendingReceiptsMax: 10_000,
      pendingLookupsMax: 1000,
    }
    this.#state = this.#start()
  }

  #start(): RouterState {
    const epoch = this.store.openEpoch()
    // So small that what is in memory has to leave it now and then.
    const small = { windowBytesMax: 100, readBytesMax: 60 }
    const state = createRouterState({ ...this.#options, inbox: { ...this.#options.inbox, ...small, epoch } })
    step(state, { kind: 'inboxesKnown', users: this.store.known() }, this.#now)
    for (const entries of this.store.journal) step(state, { kind: 'journalLoaded', entries }, this.#now)
    return state
  }

  // What can happen

  connect(index: number, wantsResume: boolean): void {
    const person = this.people[index] as Person
    if (person.connection !== undefined) return
    const connection = this.#nextConnection++
    person.connection = connection
    this.#byConnection.set(connection, person)
    const { user, device, acknowledges, cursor } = person
    const resume =
      wantsResume && acknowledges && cursor.epoch > 0 ? { Epoch: `e${cursor.epoch}`, Seq: cursor.seq } : undefined
    person.hasResumed = resume !== undefined
    const content = {
      UserId: user,
      Password: 'p',
      Ack: acknowledges,
      DeviceId: device === '' ? undefined : device,
      Resume: resume,
    }
    this.#run({
      kind: 'authenticate',
      connection,
      address: '192.0.2.1',
      callbackId: 'login',
      content: JSON.stringify(content),
    })
    this.#run({ kind: 'loginVerdict', connection, verdict: accepted(user) })
  }

  send(index: number, to: string, how: { count: number; hasId: boolean; isVolatile: boolean; asks: boolean }): void {
    const sender = this.people[index] as Person
    if (!this.#isIn(sender)) return
    const messages = Array.from({ length: how.count }, (): Sent => {
      const number = (sender.counts.get(to) ?? 0) + 1
      sender.counts.set(to, number)
      const text = `${sender.user}.${sender.device}>${to}#${number}`
      const { hasId, isVolatile } = how
      return {
        text,
        sender,
        to,
        hasId,
        isVolatile,
        sentAt: this.#clock,
        answer: undefined,
        mayBeGone: false,
        isResent: false,
        callbacks: [],
      }
    })
    this.#sent.push(...messages)
    if (how.hasId && how.asks) sender.outbox.push(...messages)
    this.#relay(sender, messages, how.asks)
  }

  #relay(sender: Person, messages: readonly Sent[], asks: boolean): void {
    const first = messages[0]
    if (first === undefined || sender.connection === undefined) return
    const callbackIds = messages.flatMap((sent) => {
      if (!asks) return []
      const callback = `c${this.#nextCallback++}`
      this.#byCallback.set(callback, sent)
      sent.callbacks.push(callback)
      return [callback]
    })
    const frames = Buffer.from(messages.map(({ text }) => `\u0002${JSON.stringify({ m: text })}${FRAME_END}`).join(''))
    const keys = first.hasId ? Buffer.concat(messages.map(({ text }) => keyOf(text))) : undefined
    const { connection } = sender
    const { to, isVolatile } = first
    this.#run({ kind: 'relay', connection, to, count: messages.length, callbackIds, isVolatile, keys, frames })
  }

  /** A client reads so many pieces of what lies in its connection. */
  read(index: number, count: number): void {
    const person = this.people[index] as Person
    if (person.connection === undefined) return
    const items = person.items.splice(0, count)
    const receipts: number[] = []
    for (const item of items) {
      this.#receive(person, item)
      if (item.receipt !== 0) receipts.push(item.receipt)
    }
    if (receipts.length > 0) this.#run({ kind: 'written', receipts, completed: true })
  }

  acknowledge(index: number): void {
    const { connection, acknowledges, place, shown } = this.people[index] as Person
    if (connection === undefined || !acknowledges || place.epoch === 0) return
    for (const text of shown) this.#acknowledged.add(text)
    this.#run({ kind: 'acknowledged', connection, callbackId: undefined, ...place })
  }

  /** A connection ends; `isWritten`: the system had taken what nobody will read. */
  drop(index: number, isWritten: boolean): void {
    const person = this.people[index] as Person
    const { connection } = person
    if (connection === undefined) return
    const receipts = person.items.flatMap(({ receipt }) => (receipt === 0 ? [] : [receipt]))
    if (isWritten) for (const item of person.items) this.#noteWritten(item)
    this.#forget(person)
    if (receipts.length > 0) this.#run({ kind: 'written', receipts, completed: isWritten })
    this.#run({ kind: 'closed', connection })
  }

  work(count: number): void {
    for (const event of this.store.work(count)) this.#run(event)
  }

  tick(ms: number): void {
    this.#now += ms
    this.#run({ kind: 'tick' })
  }

  die(count: number): void {
    this.store.die(count)
    this.#run({ kind: 'storeChanged', isDown: true })
  }

  mend(): void {
    this.store.mood = 'well'
    this.#run({ kind: 'storeChanged', isDown: false })
  }

  #wasFull = false

  fill(): void {
    this.#wasFull = true
    if (this.store.mood === 'well') this.store.mood = 'full'
  }

  expire(): void {
    for (const sent of this.#sent) sent.mayBeGone = true
    this.store.expireAll()
  }

  restart(commits: number): void {
    this.store.crash(commits)
    // Killed while nothing at all could be written: see what the router can't do.
    if (this.store.isForgetful) for (const person of this.people) person.toldOfLoss = true
    for (const person of this.people) {
      this.#forget(person)
      if (!person.acknowledges) person.mayComeAgain = new Set(person.shownTexts)
    }
    this.#state = this.#start()
  }

  /** Lets everybody come back and everything come to its end; then says what of the promise does not hold. */
  finish(): readonly string[] {
    this.mend()
    for (let round = 0; round < 60; round++) {
      this.work(1000)
      this.tick(500)
      for (const index of this.people.keys()) {
        this.connect(index, true)
        this.work(1000)
        this.read(index, 1000)
        this.acknowledge(index)
        this.work(1000)
      }
      // One of a user's devices at a time, where the other one ends it.
      if (this.#options.sessionPolicy === 'replace') for (const index of this.people.keys()) this.#letIn(index)
      this.settleClosed()
      this.settleResends()
    }
    // As the upkeep of inboxes does: what was stored past its time.
    this.store.expire(1)
    this.#judge()
    return this.problems
  }

  #letIn(index: number): void {
    this.connect(index, true)
    for (let turn = 0; turn < 4; turn++) {
      this.work(1000)
      this.settleClosed()
      this.settleResends()
      this.read(index, 1000)
      this.acknowledge(index)
    }
    this.work(1000)
  }

  // What comes of it

  #isIn(person: Person): boolean {
    return person.connection !== undefined && this.#state.peers.get(person.connection)?.kind === 'session'
  }

  #forget(person: Person): void {
    if (person.connection !== undefined) this.#byConnection.delete(person.connection)
    person.connection = undefined
    person.items = []
  }

  #run(event: RouterEvent): void {
    this.#clock++
    this.log.push(JSON.stringify(event, (_, value: unknown) => (Buffer.isBuffer(value) ? '…' : value)).slice(0, 240))
    const lost: number[] = []
    for (const effect of step(this.#state, event, this.#now)) {
      if (isStoreEffect(effect)) this.store.ask(effect)
      if (effect.kind !== 'send') continue
      const person = this.#byConnection.get(effect.connection)
      if (person === undefined) {
        if ('receipt' in effect.message && effect.message.receipt !== 0) lost.push(effect.message.receipt)
      } else {
        this.#hand(person, effect.message)
      }
    }
    if (lost.length > 0) this.#run({ kind: 'written', receipts: lost, completed: false })
  }

  #hand(person: Person, message: AcceptorMessage): void {
    this.log.push(
      `   -> ${person.user}.${person.device} ${JSON.stringify({ ...message, frames: 'frames' in message ? Buffer.from(message.frames).toString() : '' })}`,
    )
    switch (message.kind) {
      case 'deliver':
        this.#hearAnswers(person, message.frames)
        person.items.push({
          frames: Buffer.from(message.frames).toString(),
          receipt: message.receipt,
          epoch: 0,
          seq: 0,
        })
        break
      case 'deliverNumbered': {
        const { receipt, epoch, seq } = message
        person.items.push({ frames: Buffer.from(message.frames).toString(), receipt, epoch, seq })
        break
      }
      case 'beginSession':
        this.#begin(person, Buffer.from(message.frames).toString())
        break
      case 'refuseLogin':
        this.#forget(person)
        break
      case 'close': {
        const { connection } = person
        const receipts = person.items.flatMap(({ receipt }) => (receipt === 0 ? [] : [receipt]))
        this.#forget(person)
        if (connection === undefined) break
        this.#later.push({ kind: 'written', receipts, completed: false }, { kind: 'closed', connection })
        break
      }
      default:
    }
  }

  readonly #later: RouterEvent[] = []

  /** Runs what connections that were closed have still to tell. */
  settleClosed(): void {
    for (const event of this.#later.splice(0)) this.#run(event)
  }

  #begin(person: Person, frames: string): void {
    const { Content } = JSON.parse(frames.slice(1, -1)) as { Content: string }
    const { Recovered, Epoch, Seq } = JSON.parse(Content) as { Recovered?: boolean; Epoch?: string; Seq?: number }
    person.knownSince = Math.min(person.knownSince, this.#clock)
    if (Recovered === false) person.toldOfLoss = true
    if (person.acknowledges && Epoch !== undefined && Seq !== undefined) {
      const place = { epoch: epochOf(Epoch) ?? 0, seq: Seq }
      if (place.epoch > person.cursor.epoch || (place.epoch === person.cursor.epoch && place.seq > person.cursor.seq))
        person.cursor = place
      person.place = person.hasResumed ? person.cursor : place
    }
    for (const sent of person.outbox) this.#resends.push([person, sent])
  }

  readonly #resends: [Person, Sent][] = []

  /** Sends again, in the old order, what has no answer. To be called after each event. */
  settleResends(): void {
    for (const [person, sent] of this.#resends.splice(0)) {
      if (sent.answer !== undefined || !this.#isIn(person)) continue
      sent.isResent = true
      this.#relay(person, [sent], true)
    }
  }

  #noteWritten({ frames }: Item): void {
    for (const text of textsIn(frames)) this.#written.add(text)
  }

  #receive(person: Person, item: Item): void {
    this.#noteWritten(item)
    let { seq } = item
    for (const text of textsIn(item.frames)) {
      const isKnown =
        item.epoch > 0 &&
        (item.epoch < person.cursor.epoch || (item.epoch === person.cursor.epoch && seq <= person.cursor.seq))
      if (item.epoch > 0) person.place = laterPosition(person.place, { epoch: item.epoch, seq })
      if (item.epoch > 0 && !isKnown) person.cursor = { epoch: item.epoch, seq }
      seq++
      if (isKnown) continue
      const sent = this.#sent.find((one) => one.text === text)
      const isSeen = person.shownTexts.has(text)
      if (isSeen && ((sent?.hasId ?? false) || person.mayComeAgain.has(text))) continue
      if (isSeen) this.problems.push(`${text} was shown twice to ${person.user}.${person.device}`)
      person.shown.push(text)
      person.shownTexts.add(text)
    }
  }

  #hearAnswers(person: Person, frames: Uint8Array): void {
    for (const body of Buffer.from(frames).toString().split(FRAME_END)) {
      if (body === '') continue
      const { CallbackID, MsgType, Content } = JSON.parse(body.slice(1)) as {
        CallbackID?: string
        MsgType?: string
        Content?: string
      }
      if (MsgType !== 'CommonResponse' || CallbackID === undefined || Content === undefined) continue
      const sent = this.#byCallback.get(CallbackID)
      if (sent === undefined || !sent.callbacks.includes(CallbackID)) {
        this.problems.push(`a second answer for ${CallbackID}`)
        continue
      }
      sent.callbacks = sent.callbacks.filter((id) => id !== CallbackID)
      const { Data, Code } = JSON.parse(Content) as { Data: { Status: string }; Code?: string }
      this.#checkAnswer(sent, Data.Status)
      person.outbox = person.outbox.filter((one) => one !== sent)
      if (sent.answer === undefined || sent.answer.startsWith('rejected'))
        sent.answer = Code === undefined ? Data.Status : `rejected ${Code}`
    }
  }

  #checkAnswer({ text, mayBeGone, answer }: Sent, status: string): void {
    // What goes past its time while a thread is replaced is told as missing to whoever comes then.
    if (status === 'delivered' && !mayBeGone && !this.#acknowledged.has(text))
      this.problems.push(`${text} is not delivered`)
    if (status === 'stored' && !mayBeGone && !this.#isCommitted(text)) this.problems.push(`${text} is not stored`)
    if (status === 'sent' && !this.#written.has(text)) this.problems.push(`${text} is not sent`)
    if (status === 'rejected' && (answer === 'delivered' || answer === 'stored'))
      this.problems.push(`${text} was ${answer}, and is rejected`)
  }

  #isCommitted(text: string): boolean {
    return this.store.committed.has(`\u0002${JSON.stringify({ m: text })}`)
  }

  // The promise

  #judge(): void {
    for (const sent of this.#sent) {
      const { answer, to, text, mayBeGone, isVolatile } = sent
      if (isVolatile && answer === 'stored') this.problems.push(`${text} is volatile and stored`)
      if ((answer !== 'delivered' && answer !== 'stored') || mayBeGone) continue
      const devices = this.people.filter(({ user }) => user === to)
      for (const device of devices) {
        if (!device.acknowledges || device.shownTexts.has(text) || device.toldOfLoss) continue
        // There was no room for it, and another device has it: see what the router can't do.
        if (answer === 'delivered' && devices.length > 1 && !this.#isCommitted(text)) continue
        if (device.knownSince < sent.sentAt || devices.length === 1) {
          this.problems.push(`${text} was ${answer} and never shown to ${device.user}.${device.device}`)
        }
      }
    }
    for (const person of this.people) this.#judgeOrder(person)
    for (const { user, acknowledges } of this.people) {
      const count = this.store.inboxes.get(user)?.count ?? 0
      if (acknowledges && count > 0) this.problems.push(`${count} messages are kept for ${user}, who has them all`)
    }
    if (this.#state.inbox.unanswered > 0)
      this.problems.push(`${this.#state.inbox.unanswered} messages without an answer`)
    const { windowBytes, storingBytes } = this.#state.inbox
    if (windowBytes !== 0 || storingBytes !== 0)
      this.problems.push(`${windowBytes} and ${storingBytes} bytes are left over`)
    for (const person of this.people) {
      if (person.outbox.length > 0)
        this.problems.push(`${person.user}.${person.device} waits for ${person.outbox[0]?.text}`)
    }
  }

  #judgeOrder(person: Person): void {
    const last = new Map<string, number>()
    for (const text of person.shown) {
      const sent = this.#sent.find((one) => one.text === text)
      // Volatile messages do not wait for what is stored; without ids a sender can't take up where it was.
      if (sent === undefined || sent.isVolatile) continue
      // What a full disk had refused is accepted when it comes again: after what was stored meanwhile.
      if (sent.isResent && this.#wasFull) continue
      const [pair = '', number = '0'] = text.split('#')
      const before = last.get(pair) ?? 0
      if (Number(number) < before)
        this.problems.push(`${text} came after #${before} to ${person.user}.${person.device}`)
      last.set(pair, Number(number))
    }
  }
}

function textsIn(frames: string): string[] {
  return frames
    .split(FRAME_END)
    .filter((frame) => frame.startsWith('\u0002{"m":'))
    .map((frame) => (JSON.parse(frame.slice(1)) as { m: string }).m)
}

function keyOf(text: string): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, 16)
}
