import t from 'tap'
import { ParleyError } from '../../src/client/errors.ts'
import { Handling } from '../../src/client/handling.ts'
import { Incoming, type MessageWork, typeName } from '../../src/client/incoming.ts'
import { type Listener, Listeners } from '../../src/client/listeners.ts'
import { type IncomingMessage, readMessage } from '../../src/client/message.ts'
import { MessageStream } from '../../src/client/message-stream.ts'
import type { Receipt } from '../../src/client/receipts.ts'

function message(type: string, from: string, content: unknown = {}): IncomingMessage {
  const read = readMessage(JSON.stringify({ MsgType: type, FromUserId: from, Content: JSON.stringify(content) }))
  if (read instanceof ParleyError) throw read
  return read
}

interface World {
  readonly incoming: Incoming
  readonly listeners: Listeners
  readonly stream: MessageStream
  readonly told: string[]
  readonly errors: string[]
  /** What became of each message that came, in order: handled or not, or undefined while somebody has it. */
  readonly ends: (boolean | undefined)[]
}

function world(work: MessageWork = () => undefined): World {
  const errors: string[] = []
  const ends: (boolean | undefined)[] = []
  const listeners = new Listeners(() => {})
  listeners.add('error', ({ code }: ParleyError) => errors.push(code))
  const stream = new MessageStream({ iteratorMessagesMax: 10, iteratorBytesMax: 1e6 })
  const take = (): { handling: Handling } => {
    const index = ends.push(undefined) - 1
    return { handling: new Handling((isHandled) => (ends[index] = isHandled)) }
  }
  const answer = ({ type }: IncomingMessage): boolean => type === 'Answer'
  const incoming = new Incoming({ listeners, stream, inbox: { take }, work, answer })
  return { incoming, listeners, stream, told: [], errors, ends }
}

/** Adds a handler as a client does. */
function listen({ incoming, listeners }: World, name: string, handler: Listener): () => void {
  const off = listeners.add(name, handler)
  const forget = incoming.handlerAdded(name, handler)
  return () => {
    off()
    forget()
  }
}

function start(work?: MessageWork): World {
  const made = world(work)
  listen(made, 'message', ({ type, from }: IncomingMessage) => made.told.push(`${from} ${type}`))
  listen(made, typeName('PresenceEvent'), () => made.told.push('presence'))
  return made
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

t.test('messages are told at once; answers that are late and what users forge are not', async (t) => {
  const { incoming, told, errors } = start()
  incoming.take(message('A', 'bob'))
  incoming.take(message('CommonResponse', '', { Success: true }))
  incoming.take(message('PresenceEvent', 'bob', { UserId: 'x', Online: true }))
  incoming.take(message('PresenceEvent', '', { UserId: 'x', Online: true }))
  incoming.take(message('ErrorResponse', '', { Code: 'bad_frame' }))
  t.strictSame(told, ['bob A', 'presence'])
  t.strictSame(errors, ['bad_frame'])
})

t.test('what is worked on holds up its sender, and nobody else', async (t) => {
  let done = (_message: IncomingMessage | undefined): void => {}
  const work: MessageWork = ({ type }) => (type === 'Slow' ? new Promise((resolve) => (done = resolve)) : undefined)
  const { incoming, told } = start(work)
  incoming.take(message('Slow', 'bob'))
  incoming.take(message('B', 'bob'))
  incoming.take(message('C', 'carol'))
  await turn()
  t.strictSame(told, ['carol C'])
  done(message('Inside', 'bob'))
  await turn()
  t.strictSame(told, ['carol C', 'bob Inside', 'bob B'])
  incoming.take(message('D', 'bob'))
  t.equal(told.at(-1), 'bob D', 'at once again')
})

t.test('what comes to nothing, fails, or is forged inside is not told, and what follows is', async (t) => {
  const work: MessageWork = async ({ type }) => {
    if (type === 'Fails') throw new ParleyError('end_to_end_failed')
    if (type === 'Forged') return message('PresenceEvent', 'bob', { UserId: 'x', Online: true })
    return type === 'Again' ? undefined : message(type, 'bob')
  }
  const { incoming, told, errors } = start(work)
  for (const type of ['Fails', 'Forged', 'Again', 'Good']) incoming.take(message(type, 'bob'))
  await turn()
  t.strictSame(told, ['bob Good'])
  t.strictSame(errors, ['end_to_end_failed'])
})

t.test('no more wait than there is room for', async (t) => {
  const { incoming, errors } = start(() => new Promise(() => {}))
  for (let count = 0; count <= 10_000; count++) incoming.take(message('A', 'bob'))
  t.strictSame(errors, ['queue_full'])
})

t.test('a message is handled when all its handlers have ended, also those that fail', async (t) => {
  const made = world()
  let end = (): void => {}
  listen(made, typeName('A'), () => new Promise<void>((resolve) => (end = resolve)))
  listen(made, 'message', () => {
    throw new Error('on purpose')
  })
  made.incoming.take(message('A', 'bob'))
  made.incoming.take(message('B', 'bob'))
  await turn()
  t.same(made.ends, [undefined, true])
  end()
  await turn()
  t.same(made.ends, [true, true])
})

t.test(
  'what an application that handles other types has no handler for is done with, and still kept for a loop',
  async (t) => {
    const made = world()
    const off = listen(made, typeName('A'), () => {})
    made.incoming.take(message('B', 'bob'))
    t.same(made.ends, [true])
    t.match(made.stream.early, [{ message: { type: 'B' } }])
    off()
    off()
    made.incoming.take(message('A', 'bob'))
    t.same(made.ends, [true, undefined], 'nobody handles anything any more')
  },
)

t.test('what came before there was any handler goes to the first one', async (t) => {
  const made = world()
  made.incoming.take(message('A', 'bob', 1))
  made.incoming.take(message('B', 'bob', 2))
  t.same(made.ends, [undefined, undefined])
  const got: unknown[] = []
  listen(made, typeName('A'), (content: unknown) => got.push(content))
  listen(made, typeName('A'), async (content: unknown) => void got.push(content))
  t.same(got, [])
  await turn()
  t.same(got, [1, 1])
  t.same(made.ends, [true, true])
  t.match(made.stream.early, [{ message: { type: 'B' } }], 'a loop may still want it')
  listen(made, 'message', ({ type }: IncomingMessage) => got.push(type))
  await turn()
  t.same(got, [1, 1, 'B'])
  t.same(made.stream.early, [])
})

t.test('a listener to the server is no handler of messages', async (t) => {
  const made = world()
  listen(made, typeName('PresenceEvent'), () => {})
  made.incoming.take(message('A', 'bob'))
  t.same(made.ends, [undefined])
})

t.test('each item of a receipt is told, and what nobody listens to is done with', async (t) => {
  const made = world()
  const content = { ToUserId: 'bob', Status: 'read', Items: [{ MsgId: '1' }, { MsgId: '2' }] }
  made.incoming.take(message('ReceiptEvent', '', content))
  made.incoming.take(message('ReceiptEvent', 'bob', content))
  t.same(made.ends, [true, true])
  const got: unknown[] = []
  made.listeners.add('receipt', async ({ status, msgId }: Receipt) => void got.push(`${status} ${msgId}`))
  made.incoming.take(message('ReceiptEvent', '', content))
  await turn()
  t.same(got, ['read 1', 'read 2'])
  t.same(made.ends, [true, true, true])
})

t.test('what a user answers to a request is the request’s', async (t) => {
  const made = start()
  made.incoming.take(message('Answer', 'bob'))
  t.same(made.ends, [true])
  t.same(made.told, [])
})

t.test('what is worked on is handled after that, also when it fails', async (t) => {
  let fail = (_error: Error): void => {}
  const made = start(({ type }) => (type === 'Slow' ? new Promise((_, reject) => (fail = reject)) : undefined))
  made.incoming.take(message('Slow', 'bob'))
  made.incoming.take(message('B', 'bob'))
  t.same(made.ends, [undefined, undefined])
  fail(new ParleyError('end_to_end_failed'))
  await turn()
  t.same(made.ends, [true, true])
  t.same(made.errors, ['end_to_end_failed'])
})
