import t from 'tap'
import { until } from './support/deadline.ts'
import { startTestServer } from './support/test-server.ts'
import { bodyOf, textFrom } from './support/wire-client.ts'

const users = ['slow', 'sender', 'amy', 'bob', 'slow-ws']
const settings = { FRAME_BYTES_MAX: '65536', OUTPUT_BYTES_MAX: '65536', USER_MESSAGES_PER_SECOND: '0' }
const text = 'x'.repeat(60_000)

t.test('a receiver that never reads is closed with slow_consumer, and nobody else feels it', async (t) => {
  const server = await startTestServer(t, { users, settings })
  const amy = await server.client('amy')
  const bob = await server.client('bob')
  const sender = await server.client('sender')

  for (const slow of [await server.client('slow'), await server.webSocketClient('slow-ws')]) {
    await t.test(slow.user, async (t) => {
      slow.pause()
      let sent = 0
      const answers = (): number => sender.messages.filter(isAnswer).length
      const isAnswer = ({ envelope }: { envelope: { CallbackID?: string } }): boolean =>
        envelope.CallbackID?.startsWith(slow.user) === true
      const refused = (): boolean =>
        sender.messages.some((message) => isAnswer(message) && message.content.Code !== undefined)
      // Fills what the kernels of both sides take, then the queue.
      while (!refused() && sent < 2000) {
        for (let count = 0; count < 5; count++) {
          sender.send('TextMsgRequest', { Message: text }, { ToUserId: slow.user, CallbackID: `${slow.user}${sent++}` })
        }
        await sender.settled()
        t.match(await amy.text('bob', 'meanwhile'), { Success: true })
        await bob.take(textFrom('amy'), 'the text')
      }
      t.ok(refused(), `told after ${sent} messages`)
      const closed = await server
        .line('connection closed', ({ fields }) => fields['user'] === slow.user)
        .catch(() => undefined)
      t.match(closed?.fields, { reason: 'slow_consumer' })
      await until(() => answers() === sent, 'an answer for each message')
      const codes = new Set(
        sender.messages.filter(isAnswer).map(({ content }) => content.Code ?? content.Data?.['Status']),
      )
      codes.delete('stored')
      t.strictSame([...codes].sort(), ['sent', 'user_offline'], 'and stored is what came when the slow one had gone')
      slow.resume()
      await slow.ended()
      t.match(await sender.text('amy', 'still here'), { Success: true })
    })
  }
})

t.test('a burst to a receiver that reads is no reason to close it', async (t) => {
  const limits = { ...settings, OUTPUT_BYTES_MAX: '131072' }
  const server = await startTestServer(t, { users, settings: limits })
  const sender = await server.client('sender')
  for (const receiver of [await server.client('amy'), await server.webSocketClient('bob')]) {
    const frame = (index: number): Buffer =>
      sender.frame(bodyOf('TextMsgRequest', { Message: `${index} ${'x'.repeat(1000)}` }, { ToUserId: receiver.user }))
    const count = 400
    sender.sendBytes(Buffer.concat(Array.from({ length: count }, (_, index) => frame(index))))
    await until(() => receiver.isEnded() || receiver.messages.filter(textFrom('sender')).length === count, 'the burst')
    t.notOk(receiver.isEnded(), `${receiver.user} is still there`)
  }
})

t.test('one that reads again in time finds the reason as the last message, and whole frames before it', async (t) => {
  const server = await startTestServer(t, { users, settings })
  const sender = await server.client('sender')
  const slow = await server.client('slow')
  slow.pause()
  let sent = 0
  const isRefused = (): boolean => sender.messages.some(({ content }) => content.Code === 'user_offline')
  while (!isRefused() && sent < 2000) {
    for (let count = 0; count < 5; count++) {
      const fields = { ToUserId: 'slow', FromUserId: 'sender', CallbackID: `m${sent}` }
      sender.send('TextMsgRequest', { Message: `${sent++} ${text}` }, fields)
    }
    await sender.settled()
  }
  slow.resume()
  t.equal(await slow.ended(), 'slow_consumer')
  t.match(slow.messages.at(-1)?.content, { Retryable: true })
  const numbers = slow.messages.filter(textFrom('sender')).map(({ content }) => Number(content.Message?.split(' ')[0]))
  t.strictSame(
    numbers,
    numbers.map((_, index) => index),
    'in order and without a gap',
  )
  t.same(server.faults(), [])
})
