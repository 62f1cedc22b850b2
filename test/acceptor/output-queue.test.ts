import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { OutputQueue } from '../../src/acceptor/output-queue.ts'

t.test('bytes leave as they came, and receipts are due in order, each with the write that held it', (t) => {
  const act = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ kind: fc.constant('append' as const), bytes: fc.uint8Array({ maxLength: 900 }) }),
    },
    { weight: 2, arbitrary: fc.constant({ kind: 'begin' as const }) },
    { weight: 2, arbitrary: fc.constant({ kind: 'completed' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'trim' as const }) },
  )
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), (acts) => {
      const queue = new OutputQueue()
      const put: Buffer[] = []
      const left: Buffer[] = []
      let nextReceipt = 1
      const due: number[] = []
      let writing: { bytes: Buffer; receipts: number } | undefined
      for (const one of acts) {
        if (one.kind === 'append') {
          const bytes = Buffer.from(one.bytes)
          put.push(Buffer.from(bytes))
          queue.append(bytes, nextReceipt++)
          // What was handed in may be used again by its owner.
          bytes.fill(0xff)
        } else if (one.kind === 'begin') {
          const bytes = queue.begin()
          if (bytes !== undefined) {
            assert.equal(writing, undefined, 'one write at a time')
            writing = { bytes, receipts: nextReceipt - 1 }
          }
        } else if (one.kind === 'completed' && writing !== undefined) {
          // Read only now: until it has completed nobody may touch it.
          left.push(Buffer.from(writing.bytes))
          due.push(...queue.completed())
          assert.equal(due.at(-1), writing.receipts)
          writing = undefined
        } else if (one.kind === 'trim') {
          queue.trim()
        }
        assert.equal(queue.isWriting(), writing !== undefined)
        const gone = Buffer.concat(left).length
        assert.equal(queue.waitingBytes(), Buffer.concat(put).length - gone)
      }
      const gone = Buffer.concat(left)
      assert.deepEqual(gone, Buffer.concat(put).subarray(0, gone.length))
      due.push(...queue.abandon())
      assert.deepEqual(
        due,
        Array.from({ length: nextReceipt - 1 }, (_, index) => index + 1),
      )
      assert.equal(queue.waitingBytes(), 0)
    }),
    { numRuns: 300 },
  )
  t.end()
})

t.test('what was gathered can be dropped, and the write under way goes on', (t) => {
  const queue = new OutputQueue()
  queue.append(Buffer.from('abc'), 1)
  t.equal(queue.begin()?.toString(), 'abc')
  queue.append(Buffer.from('def'), 2)
  t.strictSame(queue.dropGathered(), [2])
  t.equal(queue.waitingBytes(), 3)
  t.strictSame(queue.completed(), [1])
  t.equal(queue.begin(), undefined)
  t.end()
})

t.test('receipt 0 is none', (t) => {
  const queue = new OutputQueue()
  queue.append(Buffer.from('a'), 0)
  queue.begin()
  t.strictSame(queue.completed(), [])
  t.end()
})
