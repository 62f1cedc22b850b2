import t from 'tap'
import type { Store } from '../../src/mailbox/store-messages.ts'
import { keepHistory } from '../../src/server/history-upkeep.ts'

t.test('bites follow each other while there is more, and a fault ends nothing', async (t) => {
  let calls = 0
  let finish = (): void => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const call = async (): Promise<{ removed: number; more: boolean }> => {
    calls++
    if (calls === 2) throw new Error('the disk fails')
    if (calls === 3) finish()
    return { removed: 1, more: calls === 1 }
  }
  const stop = keepHistory({ call } as unknown as Store, { everyMs: 1, rows: 5 })
  const alive = setInterval(() => {}, 1000)
  await finished
  stop()
  clearInterval(alive)
  t.equal(calls, 3)
})
