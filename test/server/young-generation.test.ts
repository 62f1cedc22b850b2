import { once } from 'node:events'
import { getHeapSpaceStatistics } from 'node:v8'
import { Worker } from 'node:worker_threads'
import t from 'tap'
import { keepYoungGeneration } from '../../src/server/young-generation.ts'

const mebibyte = 2 ** 20
/** What it may have grown to before; V8 would go on to 32. */
const bytesMax = 16 * mebibyte

function youngGenerationBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0
}

t.test('the young generation does not grow any more, though a thread has started', async (t) => {
  await once(new Worker('', { eval: true }), 'exit')
  keepYoungGeneration()
  const before = youngGenerationBytes()
  // What makes it grow is what survives.
  let kept: object[] = []
  for (let round = 0; round < 40; round++) {
    for (let count = 0; count < 50_000; count++) kept.push([count])
    if (round % 2 === 1) kept = kept.slice(kept.length / 2)
  }
  t.ok(kept.length > 0)
  t.ok(youngGenerationBytes() <= Math.max(before, bytesMax))
})
