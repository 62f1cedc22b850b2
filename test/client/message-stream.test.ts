import t from 'tap'
import { ParleyError } from '../../src/client/errors.ts'
import type { IncomingMessage } from '../../src/client/message.ts'
import { MessageStream } from '../../src/client/message-stream.ts'

const limits = { iteratorMessagesMax: 3, iteratorBytesMax: 100_000 }

function message(content: unknown, size = 0): IncomingMessage {
  return { type: 'Own', from: 'bob', content, envelope: { MsgType: 'Own', Content: 'x'.repeat(size) } }
}

async function contents(loop: AsyncIterable<IncomingMessage>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const each of loop) found.push(each.content)
  return found
}

t.test('every iterator gets every message from its beginning on', async (t) => {
  const stream = new MessageStream(limits)
  const first = stream.iterate()
  stream.push(message(1), false)
  const second = stream.iterate()
  stream.push(message(2), false)
  stream.end({ error: undefined })
  t.same(await contents(first), [1, 2])
  t.same(await contents(second), [2])
  t.same(await contents(stream.iterate()), [])
})

t.test('a call that waits gets the next message, and calls get them in order', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  const waiting = [loop.next(), loop.next(), loop.next()]
  stream.push(message(1), false)
  stream.push(message(2), false)
  stream.end({ error: undefined })
  t.match(await Promise.all(waiting), [{ value: { content: 1 } }, { value: { content: 2 } }, { done: true }])
})

t.test('the first iterator gets the latest of what nobody has had', async (t) => {
  const stream = new MessageStream(limits)
  stream.push(message('had by a handler'), true)
  for (const n of [1, 2, 3, 4]) stream.push(message(n), false)
  const loop = stream.iterate()
  const other = stream.iterate()
  stream.end({ error: undefined })
  t.same(await contents(loop), [2, 3, 4])
  t.same(await contents(other), [])
})

t.test('at the limit all is well; one over it the loop gets what it holds and then the error, once', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  const kept = stream.iterate()
  for (const n of [1, 2, 3]) stream.push(message(n), false)
  for (let n = 0; n < 3; n++) await kept.next()
  stream.push(message(4), false)
  stream.push(message(5), false)
  for (const n of [1, 2, 3]) t.match(await loop.next(), { value: { content: n } })
  await t.rejects(loop.next(), { code: 'iterator_overflow' })
  t.match(await loop.next(), { done: true })
  t.match(await kept.next(), { value: { content: 4 } }, 'the other loop goes on')
})

t.test('size counts as well as number', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  stream.push(message(1, 100_000), false)
  stream.push(message(2), false)
  t.match(await loop.next(), { value: { content: 1 } })
  await t.rejects(loop.next(), { code: 'iterator_overflow' })
})

t.test('an end with an error is thrown to all who wait or come later', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  const waiting = t.rejects(loop.next(), { code: 'kicked' })
  stream.end({ error: new ParleyError('kicked') })
  await waiting
  await t.rejects(stream.iterate().next(), { code: 'kicked' })
})

t.test('a loop that is left takes no more', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  stream.push(message(1), false)
  stream.push(message(2), false)
  for await (const _ of loop) break
  stream.push(message(3), false)
  t.match(await loop.next(), { done: true })
})

t.test('a long run keeps its order through the buffer', async (t) => {
  const stream = new MessageStream({ iteratorMessagesMax: 1000, iteratorBytesMax: 1e9 })
  const loop = stream.iterate()
  let pushed = 0
  let taken = 0
  for (let round = 0; round < 100; round++) {
    for (let n = 0; n < (round * 7) % 13; n++) stream.push(message(pushed++), false)
    for (let n = 0; n < (round * 5) % 11 && taken < pushed; n++) {
      const { value } = await loop.next()
      if (value?.content !== taken++) t.fail('out of order')
    }
  }
  t.ok(taken > 100)
})
