import t from 'tap'
import type { HistoryRun } from '../../src/mailbox/history-messages.ts'
import { HistoryFeed } from '../../src/server/history-feed.ts'

function run(seq: number, bytes = 10): HistoryRun {
  return { from: 'ann', to: 'bob', epoch: 1, seq, count: 1, time: 0, frames: Buffer.alloc(bytes) }
}

t.test('runs go in their order, and again to another thread what had no answer', async (t) => {
  const given: number[] = []
  let isUp = true
  const remember = ({ seq }: HistoryRun): boolean => isUp && given.push(seq) > 0
  const feed = new HistoryFeed({ remember, waitingBytesMax: 100, onLost: () => {} })
  feed.take(run(1))
  feed.take(run(2))
  feed.onDone({ count: 1, lost: 0 })
  isUp = false
  feed.take(run(3))
  t.same(given, [1, 2])
  isUp = true
  feed.restart()
  t.same(given, [1, 2, 2, 3])
  feed.close()
})

t.test('what there is no room for is lost, and that is told once', async (t) => {
  let told = (_: number): void => {}
  const lost = new Promise<number>((resolve) => {
    told = resolve
  })
  const feed = new HistoryFeed({ remember: () => false, waitingBytesMax: 25, onLost: (messages) => told(messages) })
  for (let seq = 1; seq <= 4; seq++) feed.take(run(seq))
  // Timers of a feed keep no process alive.
  const alive = setInterval(() => {}, 1000)
  t.equal(await lost, 2)
  clearInterval(alive)
  feed.close()
})
