import t, { type Test } from 'tap'
import type { PasswordCost } from '../../src/workers/password.ts'
import { WorkerPool, type WorkerPoolOptions } from '../../src/workers/pool.ts'
import type { PoolEvent } from '../../src/workers/pool-events.ts'
import type { ItemResult, PasswordResult } from '../../src/workers/tasks.ts'

const cost = { memoryKib: 64, passes: 1 }
const faultyFile = new URL('./faulty.worker.js', import.meta.url)

interface Bench {
  readonly pool: WorkerPool
  readonly events: PoolEvent[]
  /** Hands in an item whose password names a fault, or is sound and comes back as the hash. */
  readonly run: (password: string, signal?: AbortSignal) => Promise<ItemResult<PasswordResult>>
}

async function open(t: Test, options: Partial<WorkerPoolOptions> = {}): Promise<Bench> {
  const events: PoolEvent[] = []
  const pool = new WorkerPool({
    minThreads: 2,
    maxThreads: 2,
    maxQueue: 1000,
    idleTimeoutMs: 10_000,
    batchMax: 4,
    taskTimeoutMs: 5000,
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 },
    lanes: { passwords: { batchMax: 4 } },
    workerFile: faultyFile,
    onEvent: (event) => events.push(event),
    ...options,
  })
  t.teardown(() => pool.close(0))
  await pool.ready()
  const run = (password: string, signal?: AbortSignal): Promise<ItemResult<PasswordResult>> =>
    pool.run('passwords', { kind: 'hash', password, cost }, { signal })
  return { pool, events, run }
}

function outcome(result: ItemResult<PasswordResult>): string {
  return result.ok ? (result.value.hash ?? 'none') : result.error.code
}

/** Waits until something holds, looking every few milliseconds; fails after the deadline. */
async function until(what: () => boolean, deadlineMs: number): Promise<boolean> {
  const end = performance.now() + deadlineMs
  while (!what()) {
    if (performance.now() > end) return false
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return true
}

t.test('passwords are hashed and checked, and hashed anew where the cost changed', async (t) => {
  const { pool } = await open(t, { workerFile: new URL('../../src/workers/tasks.worker.js', import.meta.url) })
  const hashed = await pool.run('passwords', { kind: 'hash', password: 'secret', cost })
  const hash = (hashed.ok && hashed.value.hash) || ''
  t.match(hash, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
  const verify = (password: string, upgradeTo?: PasswordCost): Promise<ItemResult<PasswordResult>> =>
    pool.run('passwords', { kind: 'verify', password, hash, upgradeTo })
  t.strictSame(await verify('secret'), { ok: true, value: { matches: true, hash: undefined } })
  t.strictSame(await verify('other'), { ok: true, value: { matches: false, hash: undefined } })
  t.strictSame(await verify('secret', cost), { ok: true, value: { matches: true, hash: undefined } })
  t.match(await verify('secret', { memoryKib: 128, passes: 1 }), { value: { matches: true, hash: /m=128/ } })
  t.strictSame(await verify('other', { memoryKib: 128, passes: 1 }), {
    ok: true,
    value: { matches: false, hash: undefined },
  })
  const broken = await pool.run('passwords', { kind: 'verify', password: 'p', hash: 'x', upgradeTo: undefined })
  t.match(broken, { ok: false, error: { code: 'item_failed' } })
})

for (const [fault, cause] of [
  ['!exit', 'exited'],
  ['!hang', 'hung'],
  ['!memory', 'out_of_memory'],
  ['!uncaught', 'exited'],
] as const) {
  t.test(`under load, ${fault} costs one item, everybody is answered, and a new thread is there`, async (t) => {
    const { pool, events, run } = await open(t, fault === '!hang' ? { taskTimeoutMs: 1500 } : {})
    const passwords = Array.from({ length: 200 }, (_, index) => (index === 50 ? fault : `password${index}`))
    let sound = 0
    const lostAt: number[] = []
    const startedAt: number[] = []
    const watch = setInterval(() => {
      for (const event of events.splice(0)) {
        if (event.name === 'workerLost') lostAt.push(performance.now())
        if (event.name === 'workerStarted') startedAt.push(performance.now())
        all.push(event)
      }
    }, 1)
    const all: PoolEvent[] = []
    const results = await Promise.all(passwords.map((password) => run(password)))
    for (const [index, result] of results.entries()) {
      if (index === 50) t.equal(outcome(result), 'worker_lost')
      else if (outcome(result) === `password${index}`) sound++
    }
    t.equal(sound, 199)
    const replaced = (): boolean => lostAt.length === 2 && startedAt.some((at) => at >= (lostAt[1] ?? Infinity))
    t.ok(await until(replaced, 2000), 'a thread was started after the last loss')
    clearInterval(watch)
    for (const at of lostAt) {
      const next = startedAt.find((started) => started >= at) ?? Infinity
      t.ok(next - at < 1000, `after ${Math.round(next - at)} ms`)
    }
    t.match(
      all.filter((event) => event.name === 'workerLost'),
      [{ cause }, { cause }],
    )
    t.match(
      all.find((event) => event.name === 'taskRetried'),
      { lane: 'passwords', cause },
    )
    t.match(
      all.find((event) => event.name === 'itemGivenUp'),
      { lane: 'passwords', cause },
    )
    const stats = pool.stats()
    t.match(stats, { workersLost: 2, lanes: { passwords: { done: 199, failed: 1, queued: 0, batchesInFlight: 0 } } })
    t.ok(stats.lanes.passwords.retried >= 1 && stats.lanes.passwords.retried <= 4)
    t.equal(outcome(await run('afterwards')), 'afterwards')
  })
}

t.test('an item that throws harms no other and costs no thread', async (t) => {
  const { pool, events, run } = await open(t)
  const results = await Promise.all(['a', '!throw', 'b', '!throw', 'c'].map((password) => run(password)))
  t.strictSame(results.map(outcome), ['a', 'item_failed', 'b', 'item_failed', 'c'])
  t.match(pool.stats(), { workersLost: 0, lanes: { passwords: { done: 3, failed: 2, retried: 0 } } })
  t.strictSame(
    events.filter((event) => event.name !== 'workerStarted'),
    [],
  )
})

for (const fault of ['!reject', '!few']) {
  t.test(
    `a batch that fails outside its items (${fault}) is tried again item by item, by living threads`,
    async (t) => {
      const { pool, events, run } = await open(t)
      const results = await Promise.all(['a', 'b', fault, 'c'].map((password) => run(password)))
      t.strictSame(results.map(outcome), ['a', 'b', 'worker_lost', 'c'])
      t.equal(pool.stats().workersLost, 0)
      t.match(events.filter((event) => event.name === 'taskThrew').length, 2)
    },
  )
}

t.test('losing every thread over and over leaves nobody without an answer', async (t) => {
  const { pool, run } = await open(t)
  const passwords = Array.from({ length: 16 }, (_, index) => (index % 4 === 0 ? '!exit' : `password${index}`))
  const results = await Promise.all(passwords.map((password) => run(password)))
  t.equal(results.filter((result) => result.ok).length, 12)
  t.equal(results.filter((result) => outcome(result) === 'worker_lost').length, 4)
  t.ok(await until(() => pool.stats().idleThreads === 2, 1000))
})

t.test('a full queue refuses at once, and what had a place is done', async (t) => {
  const { pool, run } = await open(t, { lanes: { passwords: { batchMax: 1, queueMax: 3 } } })
  const results = await Promise.all(['!slow', 'b', 'c', 'd', 'e'].map((password) => run(password)))
  t.strictSame(results.map(outcome), ['!slow', 'b', 'c', 'server_busy', 'server_busy'])
  t.match(pool.stats(), { lanes: { passwords: { refused: 2, done: 3 } } })
})

t.test('an item taken back frees its place and is answered', async (t) => {
  const { pool, run } = await open(t, { lanes: { passwords: { concurrency: 1, batchMax: 1, queueMax: 2 } } })
  const controller = new AbortController()
  const first = run('!slow')
  await until(() => pool.stats().lanes.passwords.batchesInFlight === 1, 1000)
  const second = run('second', controller.signal)
  const third = run('third')
  t.equal(outcome(await run('no room')), 'server_busy')
  controller.abort()
  t.equal(outcome(await second), 'aborted')
  const fourth = run('fourth')
  t.strictSame((await Promise.all([first, third, fourth])).map(outcome), ['!slow', 'third', 'fourth'])
  t.equal(outcome(await run('late', AbortSignal.abort())), 'aborted')
})

t.test('an item taken back while a thread has it is answered at once', async (t) => {
  const { pool, run } = await open(t)
  const controller = new AbortController()
  const slow = run('!slow', controller.signal)
  await until(() => pool.stats().lanes.passwords.batchesInFlight === 1, 1000)
  controller.abort()
  t.equal(outcome(await slow), 'aborted')
  t.equal(pool.stats().workersLost, 0)
})

t.test('a lane keeps to its concurrency', async (t) => {
  const { pool, run } = await open(t, { lanes: { passwords: { concurrency: 1, batchMax: 1 } } })
  const runs = ['!slow', 'a', 'b'].map((password) => run(password))
  await until(() => pool.stats().lanes.passwords.batchesInFlight > 0, 1000)
  t.match(pool.stats().lanes.passwords, { batchesInFlight: 1, queued: 2 })
  await Promise.all(runs)
})

t.test('threads beyond the least end when they idle', async (t) => {
  const { pool, run } = await open(t, {
    minThreads: 1,
    maxThreads: 2,
    idleTimeoutMs: 50,
    lanes: { passwords: { batchMax: 1 } },
  })
  const load = Array.from({ length: 2 }, () => run('!slow'))
  await until(() => pool.stats().threads === 2, 1000)
  t.equal(pool.stats().threads, 2, 'another thread for what waits')
  await Promise.all(load)
  t.ok(await until(() => pool.stats().threads === 1, 2000))
  t.equal(pool.stats().workersLost, 0)
  t.equal(outcome(await run('again')), 'again')
})

t.test('close finishes what waits, refuses what comes, and gives one promise', async (t) => {
  const { pool, run } = await open(t)
  const runs = Array.from({ length: 20 }, (_, index) => run(`password${index}`))
  const closed = pool.close()
  t.equal(pool.close(), closed)
  t.equal(outcome(await run('late')), 'server_busy')
  t.ok((await Promise.all(runs)).every((result) => result.ok))
  await closed
  t.equal(pool.stats().threads, 0)
  await pool.close()
})

t.test('close with a deadline answers what is left', async (t) => {
  const { pool, run } = await open(t, { taskTimeoutMs: 60_000, lanes: { passwords: { batchMax: 1 } } })
  const runs = ['!hang', '!hang', 'a', 'b', 'c', 'd'].map((password) => run(password))
  await until(() => pool.stats().lanes.passwords.batchesInFlight === 2, 1000)
  await pool.close(50)
  const results = await Promise.all(runs)
  t.ok(results.every((result) => outcome(result) === 'server_busy'))
})

t.test('threads that can not start are an error at the start, and items are answered', async (t) => {
  const limits = { minThreads: 1, maxThreads: 2, maxQueue: 10, idleTimeoutMs: 1000, batchMax: 4 }
  const workerFile = new URL('./nowhere.worker.js', import.meta.url)
  const first = new WorkerPool({ ...limits, taskTimeoutMs: 10_000, workerFile })
  await t.rejects(first.ready(), /nowhere/)
  await first.close(0)
  const second = new WorkerPool({ ...limits, taskTimeoutMs: 200, workerFile })
  t.equal(outcome(await second.run('passwords', { kind: 'hash', password: 'p', cost })), 'worker_lost')
  await second.close(0)
})

t.test('the time in the queue is measured', async (t) => {
  const { pool, run } = await open(t)
  await Promise.all(Array.from({ length: 10 }, (_, index) => run(`password${index}`)))
  t.match(pool.stats().queueTimeUs, { count: 10 })
  t.ok(pool.stats().queueTimeUs.max > 0)
})
