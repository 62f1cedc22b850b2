import { rmSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import type { HistoryRun } from '../../src/mailbox/history-messages.ts'
import { comparePositions } from '../../src/mailbox/position.ts'
import { type LocalStore, openLocalStore } from '../../src/store/local-store.ts'
import { clockToleranceMs } from '../../src/store/steady-clock.ts'
import { pastRun } from './history-fixtures.ts'

const dayMs = 86_400_000
const users = ['ann', 'bob', 'cid'] as const
const countMax = 7
const daysMax = 2

interface ModelMessage {
  readonly from: string
  readonly to: string
  readonly epoch: number
  readonly seq: number
  readonly time: number
  readonly position: number
}

/** A conversation as simple as it can be said. */
interface ModelConversation {
  messages: ModelMessage[]
  last: number
  readonly read: Map<string, number>
}

type Sent = { from: number; to: number; count: number }
type Step =
  | { kind: 'commit'; runs: Sent[] }
  | { kind: 'again'; back: number }
  | { kind: 'fail'; runs: Sent[] }
  | { kind: 'page'; user: number; with: number; before: number; after: number; limit: number; bytes: number }
  | { kind: 'read'; user: number; with: number; back: number }
  | { kind: 'age'; hours: number }
  | { kind: 'list'; user: number; after: number; limit: number }
  | { kind: 'restart' }
  | { kind: 'remove'; user: number }

const user = fc.nat(users.length - 1)
const runs = fc.array(fc.record({ from: user, to: user, count: fc.integer({ min: 1, max: 4 }) }), {
  minLength: 1,
  maxLength: 4,
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('commit' as const), runs }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('again' as const), back: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const), runs }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('page' as const),
      user,
      with: user,
      before: fc.nat(14),
      after: fc.nat(14),
      limit: fc.integer({ min: 1, max: 9 }),
      bytes: fc.integer({ min: 1, max: 200 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), user, with: user, back: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('age' as const), hours: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('list' as const), user, after: fc.nat(2), limit: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), user }) },
)

/** The store beside its model. */
class Pair {
  readonly #dataDir: string
  readonly #model = new Map<string, ModelConversation>()
  readonly #given = new Map<string, number>()
  readonly #sent: HistoryRun[] = []
  #store: LocalStore
  #now = 1_700_000_000_000
  #epoch = 1

  constructor(dataDir: string) {
    this.#dataDir = dataDir
    this.#store = this.#open()
  }

  close(): void {
    this.#store.close()
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'commit': {
        const made = step.runs.map((sent) => this.#run(sent))
        same(this.#store.runBatch(made).history, { count: made.length, lost: 0 }, 'what became of the runs')
        for (const run of made) this.#take(run)
        return
      }
      case 'again': {
        const run = this.#sent.at(-1 - step.back)
        // Only what came last from its sender can come again.
        if (run === undefined || this.#sent.slice(-1 - step.back).filter((other) => isSameWay(other, run)).length > 1)
          return
        if (!this.#conversation(run.from, run.to).messages.some((message) => message.from === run.from)) return
        this.#store.runBatch([run])
        return
      }
      case 'fail': {
        const made = step.runs.map((sent) => this.#run(sent))
        // A run that can't be written undoes the commit; then each is written by itself.
        const broken = { ...this.#run({ from: 0, to: 1, count: 1 }), time: Number.NaN }
        same(this.#store.runBatch([...made, broken]).history, { count: made.length + 1, lost: 1 }, 'after a fault')
        for (const run of made) this.#take(run)
        return
      }
      case 'page':
        return this.#page(step)
      case 'read':
        return this.#markRead(users[step.user] as string, users[step.with] as string, step.back)
      case 'age': {
        this.#now += step.hours * 3_600_000
        for (let more = true; more; ) more = (await this.#store.call('retainHistory', { limit: 3 })).more
        for (const conversation of this.#model.values()) {
          conversation.messages = conversation.messages.filter(({ time }) => time >= this.#now - daysMax * dayMs)
        }
        return
      }
      case 'list':
        return this.#list(users[step.user] as string, ['', ...users][step.after] as string, step.limit + 1)
      case 'restart':
        this.#store.close()
        this.#store = this.#open()
        this.#epoch++
        this.#given.clear()
        return
      case 'remove': {
        const name = users[step.user] as string
        await this.#store.call('removeAccount', { userId: name })
        await this.#store.call('addAccount', { userId: name, passwordHash: 'h', role: 'user' })
        for (const key of this.#model.keys()) if (key.split('+').includes(name)) this.#model.delete(key)
        this.#sent.length = 0
        return
      }
      default:
        step satisfies never
    }
  }

  async addUsers(): Promise<void> {
    for (const userId of users) await this.#store.call('addAccount', { userId, passwordHash: 'h', role: 'user' })
  }

  async #page(step: Extract<Step, { kind: 'page' }>): Promise<void> {
    const name = users[step.user] as string
    const other = users[step.with] as string
    // 0 stands for a bound that is not given; only one of the two can be.
    const bound = step.before > 0 ? { before: step.before } : step.after > 0 ? { after: step.after } : {}
    const take = { user: name, with: other, limit: step.limit, bytesMax: step.bytes, ...bound }
    const given = await this.#store.call('readHistory', take)
    const visible = this.#visible(name, other)
    const candidates =
      'after' in bound
        ? visible.filter(({ position }) => position > step.after)
        : visible.filter(({ position }) => step.before === 0 || position < step.before).reverse()
    let bytes = 0
    const expected: ModelMessage[] = []
    for (const message of candidates) {
      const length = bodyOf(message).length
      if (expected.length === step.limit || (bytes > 0 && bytes + length > step.bytes)) break
      bytes += length
      expected.push(message)
    }
    same(given.more, expected.length < candidates.length, 'more')
    if (!('after' in bound)) expected.reverse()
    same(
      given.messages.map(({ body, ...message }) => ({ ...message, body: String(Buffer.from(body)) })),
      expected.map((message) => ({
        position: message.position,
        epoch: message.epoch,
        seq: message.seq,
        time: message.time,
        isOwn: message.from === name,
        body: bodyOf(message),
      })),
      'messages',
    )
    this.#compareState(given, name, other)
    same(given.damaged, 0, 'damaged')
  }

  async #markRead(name: string, other: string, back: number): Promise<void> {
    const conversation = this.#conversation(name, other)
    const seq = Math.max((this.#given.get(name) ?? 0) - back, 0)
    const place = { epoch: this.#epoch, seq }
    const given = await this.#store.call('markRead', { user: name, with: other, ...place })
    const found = conversation.messages.filter(
      (message) => name !== other && message.from === other && comparePositions(message, place) <= 0,
    )
    const read = Math.max(found.at(-1)?.position ?? 0, conversation.read.get(name) ?? 0)
    // What the count hides may be there still or not.
    const isHidden = read <= conversation.last - countMax
    if (!isHidden) same(given.moved, read > (conversation.read.get(name) ?? 0), 'moved')
    conversation.read.set(name, isHidden ? given.read : read)
    this.#compareState(given, name, other)
  }

  async #list(name: string, after: string, limit: number): Promise<void> {
    const given = await this.#store.call('listConversations', { user: name, after, limit })
    const partners = users.filter((other) => this.#model.has(keyOf(name, other)) && other > after)
    const page = partners.slice(0, limit)
    same(given.next, partners.length > limit ? page.at(-1) : undefined, 'next page')
    const expected = page.flatMap((other) => {
      const last = this.#conversation(name, other).messages.at(-1)
      if (last === undefined) return []
      return [{ userId: other, position: last.position, time: last.time, unread: this.#unread(name, other) }]
    })
    same(given.items, expected, 'conversations')
  }

  #compareState(given: { unread: number; read: number; readByOther: number }, name: string, other: string): void {
    const { read } = this.#conversation(name, other)
    same(given.unread, this.#unread(name, other), 'unread')
    same(given.read, read.get(name) ?? 0, 'read')
    same(given.readByOther, read.get(other) ?? 0, 'read by the other')
  }

  #unread(name: string, other: string): number {
    if (name === other) return 0
    const read = this.#conversation(name, other).read.get(name) ?? 0
    return this.#visible(name, other).filter(({ from, position }) => from === other && position > read).length
  }

  #visible(name: string, other: string): readonly ModelMessage[] {
    const { messages, last } = this.#conversation(name, other)
    return messages.filter(({ position }) => position > last - countMax)
  }

  #conversation(name: string, other: string): ModelConversation {
    return this.#model.get(keyOf(name, other)) ?? { messages: [], last: 0, read: new Map() }
  }

  #run({ from, to, count }: Sent): HistoryRun {
    const name = users[to] as string
    const seq = (this.#given.get(name) ?? 0) + 1
    this.#given.set(name, seq + count - 1)
    return pastRun(users[from] as string, name, { epoch: this.#epoch, seq, count, time: this.#now })
  }

  #take(run: HistoryRun): void {
    const { from, to, epoch, seq, count, time } = run
    const key = keyOf(from, to)
    const conversation = this.#conversation(from, to)
    this.#model.set(key, conversation)
    this.#sent.push(run)
    for (let index = 0; index < count; index++) {
      conversation.last++
      conversation.messages.push({ from, to, epoch, seq: seq + index, time, position: conversation.last })
    }
  }

  #open(): LocalStore {
    return openLocalStore({
      dataDir: this.#dataDir,
      now: () => this.#now,
      monotonic: () => this.#now,
      history: { daysMax, countMax },
    })
  }
}

t.test('the history does what a simple one does, over restarts, faults, ages and removed accounts', async (t) => {
  const folder = t.testdir()
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
      const dataDir = `${folder}/${run++}`
      const pair = new Pair(dataDir)
      try {
        await pair.addUsers()
        for (const one of steps) await pair.step(one)
      } finally {
        pair.close()
        rmSync(dataDir, { recursive: true })
      }
    }),
    { numRuns: 60 },
  )
})

t.test('several runs of one commit are one row, and a row does not grow without end', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir(), history: { daysMax: 1, countMax: undefined } })
  t.teardown(() => store.close())
  const works = Array.from({ length: 100 }, (_, index) =>
    pastRun('ann', 'bob', { epoch: 1, seq: 1 + index * 2, count: 2, time: Date.now() }),
  )
  store.runBatch(works)
  const page = await store.call('readHistory', { user: 'bob', with: 'ann', limit: 200, bytesMax: 1e6 })
  t.equal(page.messages.length, 200)
  t.equal(store.history().rowsWritten, 1)
  const long = { ...pastRun('ann', 'bob', { epoch: 1, seq: 500, count: 1, time: Date.now() }) }
  const frames = Buffer.alloc(200_000, 'x')
  frames[0] = 2
  frames[frames.length - 1] = 3
  store.runBatch([
    { ...long, frames },
    { ...long, seq: 501, frames },
  ])
  t.equal(store.history().rowsWritten, 3)
})

t.test('nothing is kept where the history is off', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir() })
  t.teardown(() => store.close())
  store.runBatch([pastRun('ann', 'bob', { epoch: 1, seq: 1, count: 1, time: Date.now() })])
  const page = await store.call('readHistory', { user: 'bob', with: 'ann', limit: 10, bytesMax: 1e6 })
  t.strictSame(page, { messages: [], more: false, damaged: 0, unread: 0, read: 0, readByOther: 0 })
  t.equal((await store.call('retainHistory', { limit: 10 })).more, false)
})

t.test('a clock that jumps years ahead does not empty the history at once', async (t) => {
  const wall = { now: 1_700_000_000_000, passed: 0 }
  const store = openLocalStore({
    dataDir: t.testdir(),
    now: () => wall.now,
    monotonic: () => wall.passed,
    history: { daysMax: 1, countMax: undefined },
  })
  t.teardown(() => store.close())
  store.runBatch([pastRun('ann', 'bob', { epoch: 1, seq: 1, count: 1, time: wall.now })])
  wall.now += 365 * dayMs
  t.equal((await store.call('retainHistory', { limit: 10 })).removed, 0)
  wall.passed += dayMs + clockToleranceMs
  t.equal((await store.call('retainHistory', { limit: 10 })).removed, 1)
})

t.test('a message is found by its receiver and number', async (t) => {
  const store = openLocalStore({ dataDir: t.testdir(), history: { daysMax: 1, countMax: undefined } })
  t.teardown(() => store.close())
  const time = Date.now()
  store.runBatch([
    pastRun('ann', 'bob', { epoch: 1, seq: 1, count: 2, time }),
    pastRun('cid', 'bob', { epoch: 1, seq: 3, count: 2, time }),
    pastRun('ann', 'bob', { epoch: 1, seq: 5, count: 2, time }),
  ])
  t.strictSame(await store.call('findPast', { to: 'bob', epoch: 1, seq: 4 }), {
    from: 'cid',
    position: 2,
    time,
    isRead: false,
  })
  await store.call('markRead', { user: 'bob', with: 'ann', epoch: 1, seq: 6 })
  t.match(await store.call('findPast', { to: 'bob', epoch: 1, seq: 5 }), { from: 'ann', position: 3, isRead: true })
  t.equal(await store.call('findPast', { to: 'bob', epoch: 1, seq: 7 }), undefined)
  t.equal(await store.call('findPast', { to: 'ann', epoch: 1, seq: 1 }), undefined)
})

function same(given: unknown, expected: unknown, what: string): void {
  const [one, other] = [JSON.stringify(given), JSON.stringify(expected)]
  if (one !== other) throw new Error(`${what}: ${one} where the model has ${other}`)
}

function keyOf(one: string, other: string): string {
  return [one, other].sort().join('+')
}

function isSameWay(one: HistoryRun, other: HistoryRun): boolean {
  return one.from === other.from && one.to === other.to
}

function bodyOf({ from, to, epoch, seq }: ModelMessage): string {
  return `${from}>${to}:${epoch}:${seq}`
}
