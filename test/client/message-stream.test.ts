import t from 'tap'
import { ParleyError } from '../../src/client/errors.ts'
import { Handling } from '../../src/client/handling.ts'
import type { IncomingMessage } from '../../src/client/message.ts'
import { MessageStream } from '../../src/client/message-stream.ts'

const limits = { iteratorMessagesMax: 3, iteratorBytesMax: 100_000 }

function message(content: unknown, size = 0): IncomingMessage {
  return { type: 'Own', from: 'bob', content, envelope: { MsgType: 'Own', Content: 'x'.repeat(size) } }
}

function push(stream: MessageStream, message: IncomingMessage, isClaimed: boolean, handling?: Handling): void {
  stream.push({ message, isClaimed, handling })
}

async function contents(loop: AsyncIterable<IncomingMessage>): Promise<unknown[]> {
  const found: unknown[] = []
  for await (const each of loop) found.push(each.content)
  return found
}

t.test('every iterator gets every message from its beginning on', async (t) => {
  const stream = new MessageStream(limits)
  const first = stream.iterate()
  push(stream, message(1), false)
  const second = stream.iterate()
  push(stream, message(2), false)
  stream.end({ error: undefined })
  t.same(await contents(first), [1, 2])
  t.same(await contents(second), [2])
  t.same(await contents(stream.iterate()), [])
})

t.test('a call that waits gets the next message, and calls get them in order', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  const waiting = [loop.next(), loop.next(), loop.next()]
  push(stream, message(1), false)
  push(stream, message(2), false)
  stream.end({ error: undefined })
  t.match(await Promise.all(waiting), [{ value: { content: 1 } }, { value: { content: 2 } }, { done: true }])
})

t.test('the first iterator gets the latest of what nobody has had', async (t) => {
  const stream = new MessageStream(limits)
  push(stream, message('had by a handler'), true)
  for (const n of [1, 2, 3, 4]) push(stream, message(n), false)
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
  for (const n of [1, 2, 3]) push(stream, message(n), false)
  for (let n = 0; n < 3; n++) await kept.next()
  push(stream, message(4), false)
  push(stream, message(5), false)
  for (const n of [1, 2, 3]) t.match(await loop.next(), { value: { content: n } })
  await t.rejects(loop.next(), { code: 'iterator_overflow' })
  t.match(await loop.next(), { done: true })
  t.match(await kept.next(), { value: { content: 4 } }, 'the other loop goes on')
})

t.test('size counts as well as number', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  push(stream, message(1, 100_000), false)
  push(stream, message(2), false)
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
  push(stream, message(1), false)
  push(stream, message(2), false)
  for await (const _ of loop) break
  push(stream, message(3), false)
  t.match(await loop.next(), { done: true })
})

t.test('a long run keeps its order through the buffer', async (t) => {
  const stream = new MessageStream({ iteratorMessagesMax: 1000, iteratorBytesMax: 1e9 })
  const loop = stream.iterate()
  let pushed = 0
  let taken = 0
  for (let round = 0; round < 100; round++) {
    for (let n = 0; n < (round * 7) % 13; n++) push(stream, message(pushed++), false)
    for (let n = 0; n < (round * 5) % 11 && taken < pushed; n++) {
      const { value } = await loop.next()
      if (value?.content !== taken++) t.fail('out of order')
    }
  }
  t.ok(taken > 100)
})

/** A message whose handling the test watches: `undefined` while somebody has it. */
function watched(stream: MessageStream, content: unknown, isClaimed = false): () => boolean | undefined {
  let end: boolean | undefined
  const handling = new Handling((isHandled) => {
    end = isHandled
  })
  push(stream, message(content), isClaimed, handling)
  // Whoever gave it to the stream has no use for it.
  handling.release(false)
  return () => end
}

t.test('a message is handled when the loop asks for the next one, or ends', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  const first = watched(stream, 1)
  const second = watched(stream, 2)
  await loop.next()
  t.equal(first(), undefined)
  await loop.next()
  t.same([first(), second()], [true, undefined])
  await loop.return?.()
  t.equal(second(), true)
  const waiting = stream.iterate()
  const taking = waiting.next()
  const third = watched(stream, 3)
  await taking
  t.equal(third(), undefined)
  void waiting.next()
  t.equal(third(), true)
})

t.test('every loop has to be done with a message', async (t) => {
  const stream = new MessageStream(limits)
  const [one, other] = [stream.iterate(), stream.iterate()]
  const handled = watched(stream, 1)
  await one.next()
  void one.next()
  await other.next()
  t.equal(handled(), undefined)
  await other.return?.()
  t.equal(handled(), true)
})

t.test('what a loop leaves is for the next one; where there is none it waits', async (t) => {
  const stream = new MessageStream(limits)
  const loop = stream.iterate()
  const first = watched(stream, 1)
  const second = watched(stream, 2)
  const claimed = watched(stream, 'had by a handler', true)
  await loop.next()
  await loop.return?.()
  t.same([first(), second(), claimed()], [true, undefined, false])
  const third = watched(stream, 3)
  const next = stream.iterate()
  t.match(await next.next(), { value: { content: 2 } })
  t.match(await next.next(), { value: { content: 3 } })
  t.same([second(), third()], [true, undefined])
})

t.test('what there is no room for was handled by nobody', async (t) => {
  const stream = new MessageStream(limits)
  const early = [1, 2, 3, 4].map((n) => watched(stream, n))
  t.same(
    early.map((end) => end()),
    [false, undefined, undefined, undefined],
  )
  const loop = stream.iterate()
  const over = watched(stream, 5)
  t.equal(over(), false)
  for (let count = 0; count < 3; count++) await loop.next()
  await t.rejects(loop.next(), { code: 'iterator_overflow' })
})

t.test('what is kept can be taken by somebody else, or be kept without anybody waiting', async (t) => {
  const stream = new MessageStream(limits)
  const [first, second] = [watched(stream, 1), watched(stream, 2)]
  const [one, two] = stream.early
  if (one === undefined || two === undefined) throw new Error('nothing is kept')
  stream.dropEarly(one)
  stream.settleEarly(two)
  t.same([first(), second()], [false, true])
  stream.dropEarly(one)
  stream.settleEarly(two)
  t.match(stream.early, [{ message: { content: 2 } }])
})
