import t from 'tap'
import { LaneQueue } from '../../src/workers/lane-queue.ts'

function queueOf(...entries: string[]): LaneQueue<string> {
  const queue = new LaneQueue<string>({ concurrency: 2, batchMax: 3, queueMax: 7 })
  for (const entry of entries) queue.push(entry)
  return queue
}

t.test('batches come out in order, none over its limit', async (t) => {
  const queue = queueOf('a', 'b', 'c', 'd')
  t.strictSame(queue.takeBatch(1), ['a', 'b', 'c'])
  t.strictSame(queue.takeBatch(1), ['d'])
  t.strictSame(queue.takeBatch(1), [])
})

t.test('what waits is spread over those who can take', async (t) => {
  const queue = queueOf('a', 'b', 'c')
  t.strictSame(queue.takeBatch(2), ['a', 'b'])
  t.strictSame(queue.takeBatch(1), ['c'])
})

t.test('a full queue takes no more, and second tries have their place anyway', async (t) => {
  const queue = queueOf('1', '2', '3', '4', '5', '6')
  t.equal(queue.push('7'), true)
  t.equal(queue.push('8'), false)
  queue.pushAlone(['x', 'y'])
  t.equal(queue.size, 9)
  t.strictSame(queue.takeBatch(1), ['x'], 'second tries go first and alone')
  t.strictSame(queue.takeBatch(1), ['y'])
  t.strictSame(queue.takeBatch(1), ['1', '2', '3'])
})

t.test('an entry can be taken out wherever it waits', async (t) => {
  const queue = queueOf('a', 'b', 'c')
  queue.pushAlone(['x'])
  t.equal(queue.remove('b'), true)
  t.equal(queue.remove('x'), true)
  t.equal(queue.remove('b'), false)
  t.strictSame(queue.takeBatch(1), ['a', 'c'])
})
