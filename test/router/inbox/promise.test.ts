import fc from 'fast-check'
import t from 'tap'
import { PromiseWorld } from './promise-world.ts'

const runs = Number(process.env.PROMISE_RUNS ?? 1000)
const seed = Number(process.env.PROMISE_SEED ?? Math.floor(Math.random() * 2 ** 31))
const path = process.env.PROMISE_PATH

/** One thing that happens. */
class Happening implements fc.Command<object, PromiseWorld> {
  readonly #name: string
  readonly #act: (world: PromiseWorld) => void

  constructor(name: string, act: (world: PromiseWorld) => void) {
    this.#name = name
    this.#act = act
  }

  check(): boolean {
    return true
  }

  run(_: object, world: PromiseWorld): void {
    world.log.push(`# ${this.#name}`)
    this.#act(world)
    world.settleClosed()
    world.settleResends()
    if (world.problems.length > 0) throw new Error(`${world.problems.join('; ')}`)
  }

  toString(): string {
    return this.#name
  }
}

const person = fc.nat({ max: 4 })
const receiver = fc.constantFrom('ann', 'bob', 'cat', 'dan', 'bob', 'ann', 'nobody')
const few = fc.nat({ max: 6 })

function happening<Values extends unknown[]>(
  name: string,
  arbitraries: { [Index in keyof Values]: fc.Arbitrary<Values[Index]> },
  act: (world: PromiseWorld, ...values: Values) => void,
): fc.Arbitrary<Happening> {
  return fc
    .tuple<Values>(...arbitraries)
    .map((values) => new Happening(`${name}(${values.join(', ')})`, (world) => act(world, ...values)))
}

const connect = happening<[number, boolean]>('connect', [person, fc.boolean()], (world, index, resumes) =>
  world.connect(index, resumes),
)
const send = happening<[number, string, number, boolean, boolean, boolean]>(
  'send',
  [person, receiver, fc.integer({ min: 1, max: 3 }), fc.boolean(), fc.boolean(), fc.boolean()],
  (world, index, to, count, hasId, isVolatile, asks) =>
    world.send(index, to, { count, hasId, isVolatile: isVolatile && count === 1 && !hasId, asks }),
)
const read = happening<[number, number]>('read', [person, few], (world, index, count) => world.read(index, count))
const acknowledge = happening<[number]>('acknowledge', [person], (world, index) => world.acknowledge(index))
const drop = happening<[number, boolean]>('drop', [person, fc.boolean()], (world, index, isWritten) =>
  world.drop(index, isWritten),
)
const work = happening<[number]>('work', [few], (world, count) => world.work(count))
const tick = happening<[number]>('tick', [fc.constantFrom(100, 500, 3000)], (world, ms) => world.tick(ms))
const fill = happening<[]>('fill', [], (world) => world.fill())
const die = happening<[number]>('die', [few], (world, count) => world.die(count))
const mend = happening<[]>('mend', [], (world) => world.mend())
const restart = happening<[number]>('restart', [few], (world, count) => world.restart(count))
const expire = happening<[]>('expire', [], (world) => world.expire())

const often = [connect, send, send, read, acknowledge, work, work]
const everything = [...often, ...often, ...often, drop, drop, tick, tick, fill, die, mend, mend, restart, expire]

t.test(`what was answered is true and stays true (PROMISE_SEED=${seed})`, async (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom('replace' as const, 'multi' as const),
      fc.constantFrom(4, 1000),
      fc.commands(everything, { maxCommands: 80, size: 'max' }),
      (policy, messagesMax, happenings) => {
        const world = new PromiseWorld(policy, messagesMax)
        try {
          fc.modelRun(() => ({ model: {}, real: world }), happenings)
          const problems = world.finish()
          if (problems.length > 0) throw new Error(problems.join('; '))
        } catch (error) {
          if (process.env.PROMISE_LOG !== undefined) console.error(world.log.join('\n'))
          throw error
        }
      },
    ),
    { numRuns: runs, seed, ...(path === undefined ? {} : { path }) },
  )
  t.pass(`${runs} runs`)
})
