import t from 'tap'
import { ParleyError } from '../../src/client/errors.ts'
import { Incoming, type MessageWork, typeName } from '../../src/client/incoming.ts'
import { Listeners } from '../../src/client/listeners.ts'
import { type IncomingMessage, readMessage } from '../../src/client/message.ts'
import { MessageStream } from '../../src/client/message-stream.ts'

function message(type: string, from: string, content: unknown = {}): IncomingMessage {
  const read = readMessage(JSON.stringify({ MsgType: type, FromUserId: from, Content: JSON.stringify(content) }))
  if (read instanceof ParleyError) throw read
  return read
}

function start(work: MessageWork = () => undefined): { incoming: Incoming; told: string[]; errors: string[] } {
  const told: string[] = []
  const errors: string[] = []
  const listeners = new Listeners(() => {})
  listeners.add('message', ({ type, from }: IncomingMessage) => told.push(`${from} ${type}`))
  listeners.add('error', ({ code }: ParleyError) => errors.push(code))
  listeners.add(typeName('PresenceEvent'), () => told.push('presence'))
  const stream = new MessageStream({ iteratorMessagesMax: 10, iteratorBytesMax: 1e6 })
  return { incoming: new Incoming(listeners, stream, work), told, errors }
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
