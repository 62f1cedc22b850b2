/** A pool thread's entry that does its work, but for passwords that begin with `!`: those name a fault. */
import type {
  ItemResult,
  LaneName,
  Lanes,
  PasswordResult,
  PasswordTask,
  TaskBatch,
} from '../../../src/workers/tasks.ts'
import { laneHandlers, runBatch as runSoundBatch } from '../../../src/workers/tasks.worker.ts'

/** What Piscina calls. */
export function runBatch(batch: TaskBatch): readonly ItemResult<Lanes[LaneName]['give']>[] {
  if (batch.items.some((item) => 'password' in item && item.password === '!throw'))
    throw new Error('thrown outside the items')
  return runSoundBatch(batch, { ...laneHandlers, passwords: doItem })
}

function doItem(task: PasswordTask): PasswordResult {
  switch (task.password) {
    case '!throw-item':
      throw new Error('thrown by an item')
    case '!exit':
      process.exit(3)
      break
    case '!hang':
      for (;;);
    case '!memory':
      for (const hoard: number[][] = []; ; ) hoard.push(new Array(100_000).fill(0.5))
    default:
      return laneHandlers.passwords(task)
  }
}
