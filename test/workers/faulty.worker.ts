/** A pool thread's entry with faults: a password that begins with `!` names what happens instead of hashing. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ItemResult, LaneName, Lanes, PasswordResult, PasswordTask, TaskBatch } from '../../src/workers/tasks.ts'
import { laneHandlers, runBatch as runSoundBatch } from '../../src/workers/tasks.worker.ts'

export async function runBatch(batch: TaskBatch): Promise<readonly ItemResult<Lanes[LaneName]['give']>[]> {
  const passwords = batch.items.map((item) => ('password' in item ? item.password : ''))
  if (passwords.includes('!reject')) throw new Error('thrown outside the items')
  if (passwords.includes('!uncaught')) {
    setImmediate(() => {
      throw new Error('thrown by nobody')
    })
    await sleep(10_000)
  }
  if (passwords.includes('!few')) return []
  if (passwords.includes('!slow')) await sleep(100)
  return runSoundBatch(batch, { ...laneHandlers, passwords: doItem })
}

function doItem(task: PasswordTask): PasswordResult {
  switch (task.password) {
    case '!throw':
      throw new Error('thrown by an item')
    case '!exit':
      process.exit(3)
      break
    case '!hang':
      for (;;);
    case '!memory':
      for (const hoard: number[][] = []; ; ) hoard.push(new Array(100_000).fill(0.5))
    default:
      return { matches: true, hash: task.password }
  }
}
