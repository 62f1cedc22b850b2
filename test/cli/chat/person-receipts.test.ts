import t from 'tap'
import { lossText, PersonReceipts, statusText } from '../../../src/cli/chat/person-receipts.ts'
import { type Client, type IncomingMessage, ParleyError, type SendResult } from '../../../src/client/index.ts'

/** As much of a client as receipts need. */
function world(read: (message: IncomingMessage) => Promise<void> = async () => {}) {
  const handlers = new Map<string, (event: never) => void>()
  const asked: unknown[] = []
  const client = {
    state: 'online',
    on: (name: string, handler: (event: never) => void) => handlers.set(name, handler),
    read: (message: IncomingMessage) => {
      asked.push(message.envelope.MsgId)
      return read(message)
    },
  }
  const lines: string[] = []
  const receipts = new PersonReceipts(client as unknown as Client, {
    note: (text) => void lines.push(text),
    warn: (text) => void lines.push(`! ${text}`),
  })
  const emit = (name: string, event: object): void => handlers.get(name)?.(event as never)
  return { client, receipts, lines, asked, emit }
}

function result(msgId: string | undefined): SendResult {
  return { status: 'stored', msgId, clientMsgId: 'c', duplicate: false }
}

function message(from: string, msgId: string | undefined): IncomingMessage {
  const envelope = { MsgType: 'TextMsgRequest', ...(msgId === undefined ? {} : { MsgId: msgId }) }
  return { type: 'TextMsgRequest', from, content: { Message: 'x' }, envelope }
}

t.test('what became of a message is shown by marks', async (t) => {
  t.same(
    (['stored', 'delivered', 'sent'] as const).map((status) => statusText({ status })),
    ['✓ stored', '✓✓ delivered', 'sent'],
  )
})

t.test('what is missing is counted where that is known', async (t) => {
  const upTo = { epoch: 'e1', seq: 9 }
  t.match(lossText({ count: 1, after: undefined, upTo }), /^One message for you is missing/)
  t.match(lossText({ count: 3, after: undefined, upTo }), /^3 messages for you are missing/)
  const { lines, emit } = world()
  emit('missing', { count: undefined, after: undefined, upTo })
  t.match(lines, [/^! Messages for you are missing/])
})

t.test('receipts say which message they are of', async (t) => {
  const { receipts, lines, emit } = world()
  receipts.sent(result('1'), 'hello bob, how are you this evening?')
  receipts.sent(result('2'), 'short\x1b[2J')
  receipts.sent(result(undefined), 'nothing can come of it')
  emit('receipt', { to: 'bob', status: 'delivered', msgId: '1' })
  emit('receipt', { to: 'bob', status: 'read', msgId: '2' })
  emit('receipt', { to: 'bob', status: 'expired', msgId: 'of yesterday' })
  emit('receipt', { to: 'b\x1b', status: 'dropped', msgId: '2' })
  t.same(lines, [
    '✓✓ bob has got "hello bob, how are you t…"',
    '✓✓ bob has read "short␛[2J"',
    '! a message to bob has expired before it was delivered.',
    '! "short␛[2J" to b␛ was dropped: too much waits for b␛.',
  ])
})

t.test('what was shown is told to have been read, the last of each sender, one at a time', async (t) => {
  let answer = (): void => {}
  const { receipts, asked } = world(() => new Promise((resolve) => (answer = resolve)))
  receipts.shown(message('bob', '1'))
  receipts.shown(message('bob', '2'))
  receipts.shown(message('bob', '3'))
  receipts.shown(message('carol', '4'))
  receipts.shown(message('', '5'))
  receipts.shown(message('bob', undefined))
  t.same(asked, ['1'])
  answer()
  await new Promise((resolve) => setImmediate(resolve))
  t.same(asked, ['1', '3'])
  answer()
  await new Promise((resolve) => setImmediate(resolve))
  t.same(asked, ['1', '3', '4'])
})

t.test('a server that does not know of reading is asked once', async (t) => {
  const { receipts, asked } = world(() => Promise.reject(new ParleyError('unknown_type')))
  receipts.shown(message('bob', '1'))
  await new Promise((resolve) => setImmediate(resolve))
  receipts.shown(message('bob', '2'))
  t.same(asked, ['1'])
  const lost = world(() => Promise.reject(new ParleyError('connection_lost')))
  lost.client.state = 'waiting'
  lost.receipts.shown(message('bob', '1'))
  await new Promise((resolve) => setImmediate(resolve))
  lost.receipts.shown(message('bob', '2'))
  t.same(lost.asked, ['1', '2'])
})
