import t from 'tap'
import { until } from './support/deadline.ts'
import { startTestServer } from './support/test-server.ts'
import { textFrom, type WireClient } from './support/wire-client.ts'

const senders = Array.from({ length: 6 }, (_, index) => `sender${index}`)
const receivers = ['tcp-receiver', 'ws-receiver']
const messagesEach = 1500

t.test('messages of one sender to one receiver arrive once, and in their order, under load', async (t) => {
  const settings = { USER_MESSAGES_PER_SECOND: '0' }
  const server = await startTestServer(t, { users: [...senders, ...receivers], settings })
  const seen = new Map<string, number>()
  const wrong: string[] = []
  let arrived = 0
  const listen = (client: WireClient): void => {
    client.onMessage = (message) => {
      if (!senders.some((name) => textFrom(name)(message))) return undefined
      const way = `${message.envelope.FromUserId} to ${message.envelope.ToUserId}`
      const number = Number(message.content.Message)
      if (number !== (seen.get(way) ?? -1) + 1) wrong.push(`${way}: ${number} after ${seen.get(way)}`)
      seen.set(way, number)
      arrived++
      return 'kept'
    }
  }
  listen(await server.client('tcp-receiver'))
  listen(await server.webSocketClient('ws-receiver'))
  const clients = await Promise.all(
    senders.map((name, index) => (index % 2 === 0 ? server.client(name) : server.webSocketClient(name))),
  )
  // Runs to one receiver, changes of receiver, questions for an answer and other requests, all mixed.
  const asked = clients.map(() => new Set<string>())
  const answered = clients.map(() => new Map<string, number>())
  for (const [index, client] of clients.entries()) {
    client.onMessage = ({ envelope }) => {
      const id = envelope.CallbackID ?? ''
      if (envelope.FromUserId === undefined) answered[index]?.set(id, (answered[index]?.get(id) ?? 0) + 1)
      return 'kept'
    }
  }
  for (let number = 0; number < messagesEach; number++) {
    for (const [index, client] of clients.entries()) {
      for (const ToUserId of number % 7 < 3 ? receivers : [...receivers].reverse()) {
        const CallbackID = number % 5 === 0 ? `${ToUserId}${number}` : undefined
        const FromUserId = number % 3 === 0 ? client.user : undefined
        client.send('TextMsgRequest', { Message: String(number) }, { ToUserId, CallbackID, FromUserId })
        if (CallbackID !== undefined) asked[index]?.add(CallbackID)
      }
      if (number % 50 === 0) {
        client.send('UserListRequest', {}, { CallbackID: `list${number}` })
        asked[index]?.add(`list${number}`)
      }
    }
    if (number % 100 === 0) await new Promise(setImmediate)
  }
  const expected = senders.length * receivers.length * messagesEach
  await until(() => arrived >= expected, `${expected} messages`, 60_000)
  await until(
    () => asked.every((ids, index) => [...ids].every((id) => answered[index]?.has(id))),
    'an answer for all who asked',
  )
  t.equal(arrived, expected, 'none lost, none doubled')
  t.same(wrong.slice(0, 5), [], 'none out of order')
  for (const [index, ids] of asked.entries()) {
    const counts = [...(answered[index] ?? new Map<string, number>())]
    t.equal(counts.length, ids.size)
    t.same(
      counts.filter(([, count]) => count !== 1),
      [],
      'one answer each',
    )
  }
  t.same(server.faults(), [])
})
