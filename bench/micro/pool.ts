/**
 * What a thread of the worker pool costs: its memory while it rests, and how much later two password checks are done
 * when the second thread has to be started for them. Run: `node build/bench/micro/pool.js`.
 */

import { hashPassword } from '../../src/workers/password.ts'
import { WorkerPool } from '../../src/workers/pool.ts'
import { readProcessMemory } from '../proc-stat.ts'
import { spreadOf } from '../statistics.ts'

const sizes = [
  [1, 2],
  [2, 2],
  [8, 8],
] as const
const rounds = 9
const idleTimeoutMs = 300
const restMs = 900
const password = 'only for benchmarks'
const hash = hashPassword(password, { memoryKib: 19_456, passes: 2 })

for (const [minThreads, maxThreads] of sizes) {
  const before = residentMebibytes()
  const pool = new WorkerPool({
    minThreads,
    maxThreads,
    maxQueue: 100,
    idleTimeoutMs,
    batchMax: 64,
    taskTimeoutMs: 10_000,
  })
  await pool.ready()
  await sleep(restMs)
  const memory = residentMebibytes() - before
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    await sleep(restMs)
    const began = performance.now()
    const check = { kind: 'verify', password, hash, upgradeTo: undefined } as const
    await Promise.all([pool.run('passwords', check), pool.run('passwords', check)])
    times.push(performance.now() - began)
  }
  const spread = spreadOf(times) ?? { median: 0, lowest: 0, highest: 0 }
  const [median, lowest, highest] = [spread.median, spread.lowest, spread.highest].map((time) => time.toFixed(0))
  console.log(
    `${minThreads} to ${maxThreads} threads: ${memory.toFixed(0)} MiB at rest; two checks after a rest ${median} ms (${lowest}–${highest})`,
  )
  await pool.close()
}

function residentMebibytes(): number {
  return (readProcessMemory(process.pid)?.residentBytes ?? 0) / 2 ** 20
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
