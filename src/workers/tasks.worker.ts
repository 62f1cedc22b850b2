/** The entry of a pool thread: does batches of items. Keeps no state between them. Runs on: the pool's threads. */

import { answerTerminal, type ServerExchangeResult } from '../security/server-handshake.ts'
import { hashPassword, needsRehash, verifyPassword } from './password.ts'
import { doSignatureTask } from './signatures.ts'
import type { ItemResult, LaneHandlers, LaneName, Lanes, PasswordResult, PasswordTask, TaskBatch } from './tasks.ts'
import { stepBack } from './thread-priority.ts'

stepBack()

/** What the threads can do. */
export const laneHandlers: LaneHandlers = {
  passwords: doPasswordTask,
  keyExchange: (input) => compact(answerTerminal(input)),
  signatures: doSignatureTask,
}

/**
 * Does a batch, one result an item in the same order. An item whose handler throws gets an error and harms no other.
 * Piscina calls this with the batch alone; a test's own entry may pass handlers with faults.
 */
export function runBatch<Name extends LaneName>(
  batch: TaskBatch<Name>,
  handlers: LaneHandlers = laneHandlers,
): readonly ItemResult<Lanes[Name]['give']>[] {
  const handle: (take: Lanes[Name]['take']) => Lanes[Name]['give'] = handlers[batch.lane]
  return batch.items.map((item) => {
    try {
      return { ok: true, value: handle(item) }
    } catch (error) {
      return { ok: false, error: { code: 'item_failed', message: error instanceof Error ? error.message : 'unknown' } }
    }
  })
}

/** With bytes in memory of their own: a view of Node's pool would take all of that to the other thread. */
function compact(answer: ServerExchangeResult): ServerExchangeResult {
  if (!answer.ok) return answer
  const { body3, okm, transcriptHash } = answer
  return {
    ...answer,
    body3: new Uint8Array(body3),
    okm: new Uint8Array(okm),
    transcriptHash: new Uint8Array(transcriptHash),
  }
}

function doPasswordTask(task: PasswordTask): PasswordResult {
  switch (task.kind) {
    case 'hash':
      return { matches: true, hash: hashPassword(task.password, task.cost) }
    case 'verify': {
      const matches = verifyPassword(task.password, task.hash)
      const upgrade = matches && task.upgradeTo !== undefined && needsRehash(task.hash, task.upgradeTo)
      return { matches, hash: upgrade ? hashPassword(task.password, task.upgradeTo) : undefined }
    }
  }
}
