import { readdirSync, readFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import t from 'tap'
import { WorkerPool } from '../../src/workers/pool.ts'
import { stepBack } from '../../src/workers/thread-priority.ts'

function prioritiesOfThreads(): number[] {
  return readdirSync('/proc/self/task').map((thread) => {
    const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')
    // Behind the name, which may hold anything: proc(5) counts the niceness as the 19th field.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
}

const skip = process.platform === 'linux' ? false : 'only Linux has priorities of threads'

t.test("the pool's threads step back, and no other", { skip }, async (t) => {
  const own = getPriority()
  const before = prioritiesOfThreads()
  t.ok(before.every((priority) => priority === own))
  const pool = new WorkerPool({
    minThreads: 1,
    maxThreads: 1,
    maxQueue: 1,
    idleTimeoutMs: 1000,
    batchMax: 1,
    taskTimeoutMs: 10_000,
  })
  t.teardown(() => pool.close())
  await pool.ready()
  const back = prioritiesOfThreads().filter((priority) => priority !== own)
  t.same(back, own === 19 ? [] : [Math.min(19, own + 5)])
  t.equal(getPriority(), own)
})

t.test('a main thread stays where it is', async (t) => {
  const own = getPriority()
  stepBack()
  t.equal(getPriority(), own)
})
