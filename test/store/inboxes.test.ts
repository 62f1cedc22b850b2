import { rmSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import { limits } from '../../src/config/limits.ts'
import type { TicketedRun } from '../../src/mailbox/inbox-codec.ts'
import type { InboxPolicy, NotedRun } from '../../src/mailbox/inbox-messages.ts'
import { beginning, type Position } from '../../src/mailbox/position.ts'
import type { StoreReply } from '../../src/mailbox/store-messages.ts'
import { segmentBytesMax } from '../../src/store/inbox-group.ts'
import { devicesPerUserMax, segmentsMax } from '../../src/store/inboxes.ts'
import { inboxSettingsDefault, type LocalStore, openLocalStore } from '../../src/store/local-store.ts'
import { spaceReserveBytes } from '../../src/store/space-reserve.ts'
import { clockToleranceMs } from '../../src/store/steady-clock.ts'
import { frameBytes, framesOf, ModelInbox } from './inbox-model.ts'

const hour = 3_600_000
const messagesMax = 10
const users = ['ann', 'bob'] as const
const devices = ['', 'phone', 'desk'] as const
const noBytes = new Uint8Array(0)

/** What happens in one commit, or to the store. */
type Step =
  | { kind: 'append'; user: number; gap: number; count: number; hours: number; noted: boolean }
  | { kind: 'appendAgain'; nth: number }
  | { kind: 'ack' | 'written'; user: number; device: number; back: number }
  | { kind: 'open'; user: number; device: number }
  | { kind: 'expire'; hours: number }
  | { kind: 'forget'; hours: number }
  | { kind: 'restart' }
  | { kind: 'fail'; user: number; count: number }

const user = fc.nat(users.length - 1)
const device = fc.nat(devices.length - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      user,
      gap: fc.nat(2),
      count: fc.integer({ min: 1, max: 5 }),
      hours: fc.integer({ min: 1, max: 4 }),
      noted: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('appendAgain' as const), nth: fc.nat(20) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('ack' as const, 'written' as const), user, device, back: fc.nat(8) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('open' as const), user, device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), hours: fc.integer({ min: 0, max: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), hours: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('fail' as const), user, count: fc.integer({ min: 1, max: 5 }) }),
  },
)

/** The store beside its model. */
class Pair {
  readonly #dataDir: string
  readonly #policy: InboxPolicy
  readonly #model = users.map(() => new ModelInbox())
  readonly #last = users.map(() => 0)
  readonly #runs: { user: number; run: TicketedRun; noted: boolean }[] = []
  #store: LocalStore
  #now = 1_000_000_000
  #epoch = 0
  #ticket = 0

  constructor(dataDir: string, policy: InboxPolicy) {
    this.#dataDir = dataDir
    this.#policy = policy
    this.#store = this.#open()
  }

  close(): void {
    this.#store.close()
  }

  async step(step: Step): Promise<void> {
    switch (step.kind) {
      case 'append': {
        const seq = (this.#last[step.user] ?? 0) + 1 + step.gap
        this.#last[step.user] = seq + step.count - 1
        const run = this.#run(step.user, seq, step)
        this.#runs.push({ user: step.user, run, noted: step.noted })
        return this.#append(step.user, run, step.noted)
      }
      case 'appendAgain': {
        const again = this.#runs[step.nth]
        if (again === undefined) return
        return this.#append(again.user, { ...again.run, ticket: this.#ticket++ }, again.noted)
      }
      case 'ack':
      case 'written':
        return this.#acknowledge(step.kind, step.user, step.kind === 'ack' ? step.device : 0, step.back)
      case 'open': {
        const name = devices[step.device] as string
        const model = this.#modelOf(step.user)
        const before = model.devices.get(name)
        const given = await this.#store.call('openInbox', {
          user: this.#name(step.user),
          device: name,
          acknowledges: true,
        })
        model.see(name, this.#now)
        same(given.missing, before?.missing ?? 0, 'missing')
        same(given.recovered, (before?.missing ?? 0) === 0, 'recovered')
        same(given.count, model.after(before?.cursor ?? model.floor).length, 'waiting at the login')
        return
      }
      case 'expire': {
        this.#now += step.hours * hour
        const expected = this.#model.reduce((sum, model) => sum + model.expire(this.#now), 0)
        let removed = 0
        for (let more = true; more; ) {
          const given = await this.#store.call('expire', { limit: 3 })
          removed += countOf(given.removed)
          more = given.more
        }
        same(removed, expected, 'expired')
        return
      }
      case 'forget': {
        const before = this.#now - step.hours * hour
        const expected = this.#model.reduce((sum, model) => sum + model.forget(before), 0)
        const given = await this.#store.call('forgetDevices', { before, limit: 100 })
        same(given.forgotten, expected, 'forgotten')
        return
      }
      case 'restart':
        this.#store.close()
        this.#store = this.#open()
        return
      case 'fail': {
        // A call that throws within the commit undoes all of it; then everything is done again singly.
        const run = {
          ...this.#run(step.user, 1_000_000, { count: step.count, hours: 1, noted: false }),
          ids: new Uint8Array(1),
        }
        const { appended } = this.#store.runBatch([run])
        same(
          appended?.refused[0]?.code ?? 'storage_failed',
          this.#modelOf(step.user).messages.length >= messagesMax && this.#policy === 'reject'
            ? 'inbox_full'
            : 'storage_failed',
          'a run that is wrong',
        )
      }
    }
  }

  /** Everything that can be read is what the model has. */
  async compare(): Promise<void> {
    for (const [index, model] of this.#model.entries()) {
      const found: string[] = []
      let after: Position = beginning
      for (let more = true; more; ) {
        const read = await this.#store.call('readInbox', { user: this.#name(index), after, bytesMax: frameBytes * 3 })
        for (const { epoch, seq, count, frames } of read.segments) {
          same(Buffer.from(frames).toString(), framesOf(this.#name(index), { epoch, seq }, count).toString(), 'frames')
          for (let number = 0; number < count; number++) found.push(`${epoch}:${seq + number}`)
        }
        after = read.end
        more = read.more
        same(read.damaged.length, 0, 'damaged')
      }
      same(found.join(), model.messages.map(({ epoch, seq }) => `${epoch}:${seq}`).join(), 'messages')
    }
    const counts = await this.#store.call('countInboxes', {})
    const messages = this.#model.reduce((sum, model) => sum + model.messages.length, 0)
    same(counts.messages, messages, 'count')
    same(counts.bytes, messages * frameBytes, 'bytes')
  }

  #open(): LocalStore {
    const store = openLocalStore({
      dataDir: this.#dataDir,
      now: () => this.#now,
      monotonic: () => this.#now,
      inboxes: { ...inboxSettingsDefault, messagesMax, policy: this.#policy },
    })
    const [reply] = store.runBatch([{ id: 1, call: 'openEpoch', take: {} }]).replies
    const given = giveOf(reply) as { epoch: number; damage: readonly string[] }
    same(given.damage.join(), '', 'damage')
    same(given.epoch, this.#epoch + 1, 'epoch')
    this.#epoch = given.epoch
    this.#last.fill(0)
    // What the floor was without a device or a drop that says so is not known after a restart.
    for (const model of this.#model) {
      model.floor = beginning
      model.settle()
    }
    return store
  }

  #run(index: number, seq: number, options: { count: number; hours: number; noted: boolean }): TicketedRun {
    const { count, hours, noted } = options
    const name = this.#name(index)
    return {
      user: name,
      epoch: this.#epoch,
      seq,
      count,
      expires: this.#now + hours * hour,
      note: noted ? Buffer.from(`note ${seq}`) : noBytes,
      ids: noBytes,
      frames: framesOf(name, { epoch: this.#epoch, seq }, count),
      ticket: this.#ticket++,
    }
  }

  #append(index: number, run: TicketedRun, noted: boolean): void {
    const { epoch, seq, count, expires } = run
    const dropsOldest = this.#policy === 'drop_oldest'
    const expected = this.#modelOf(index).append({ epoch, seq, count, expires, noted }, messagesMax, dropsOldest)
    const { appended } = this.#store.runBatch([run])
    same(appended?.refused[0]?.from, expected.refusedFrom, 'refused from')
    same(countOf(appended?.removed ?? []), expected.removed, 'dropped')
  }

  async #acknowledge(kind: 'ack' | 'written', index: number, deviceIndex: number, back: number): Promise<void> {
    const name = devices[deviceIndex] as string
    const place = { epoch: this.#epoch, seq: Math.max((this.#last[index] ?? 0) - back, 0) }
    const expected = this.#modelOf(index).acknowledge(name, place, this.#now, kind === 'ack')
    if (kind === 'written') {
      await this.#store.call('noteWritten', { written: [{ user: this.#name(index), ...place }] })
      return
    }
    const acknowledgements = [{ user: this.#name(index), device: name, ...place }]
    const given = await this.#store.call('acknowledge', { acknowledgements })
    same(countOf(given.delivered), expected, 'delivered')
  }

  #modelOf(index: number): ModelInbox {
    return this.#model[index] as ModelInbox
  }

  #name(index: number): string {
    return users[index] as string
  }
}

function giveOf(reply: StoreReply | undefined): unknown {
  if (reply === undefined || 'error' in reply) throw new Error(JSON.stringify(reply))
  return reply.give
}

function countOf(runs: readonly NotedRun[]): number {
  return runs.reduce((sum, run) => sum + run.to - run.from + 1, 0)
}

function same(found: unknown, expected: unknown, what: string): void {
  if (found !== expected) throw new Error(`${what}: found ${found}, expected ${expected}`)
}

for (const policy of ['reject', 'drop_oldest'] as const) {
  t.test(`inboxes do what a plain list of messages does (${policy})`, async (t) => {
    const dataDir = t.testdir()
    let folder = 0
    const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const own = `${dataDir}/${folder++}`
      const pair = new Pair(own, policy)
      try {
        for (const step of steps) {
          await pair.step(step)
          await pair.compare()
        }
      } finally {
        pair.close()
        rmSync(own, { recursive: true, force: true })
      }
    })
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 2 ** 31)
    await fc.assert(property, { numRuns: Number(process.env['TEST_RUNS'] ?? 60), seed })
    t.pass(`seed ${seed}`)
  })
}

t.test('the limits are those that operators are told of', async (t) => {
  t.equal(segmentsMax, limits.inboxSegmentsMax.value)
  t.equal(segmentBytesMax, limits.inboxSegmentBytesMax.value)
  t.equal(devicesPerUserMax, limits.devicesPerUserMax.value)
  t.equal(spaceReserveBytes, limits.spaceReserveBytes.value)
  t.equal(clockToleranceMs, limits.clockToleranceMs.value)
})
