import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { within } from './support/deadline.ts'
import { password, startTestServer } from './support/test-server.ts'
import { newCallbackId, type Received, type WireClient } from './support/wire-client.ts'

const names = Array.from({ length: 10 }, (_, index) => `user${index}`)
const users = [...names, 'away', 'changer', 'watcher']
const settings = { ACCEPTOR_THREADS: '1', USER_MESSAGES_PER_SECOND: '0' }

t.test('a drain answers everything that was read, tells the sessions, and lets no one in', async (t) => {
  const server = await startTestServer(t, { users, settings })
  const { running } = server
  const [tcpPort, wsPort] = [server.port(), server.port('ws')]
  const watcher = await server.client('watcher')
  const clients: WireClient[] = []
  for (const [index, name] of names.entries()) {
    clients.push(await (index % 2 === 0 ? server.client(name) : server.webSocketClient(name)))
  }
  const changer = await server.client('changer')
  const stranger = await server.connect()

  const asked: { client: WireClient; id: string }[] = []
  const ask = (client: WireClient, type: string, content: unknown, fields: object = {}): void => {
    const id = newCallbackId()
    client.send(type, content, { ...fields, CallbackID: id })
    asked.push({ client, id })
  }
  ask(changer, 'PasswordRequest', { OldPassword: password, NewPassword: 'another horse battery' })
  for (const client of clients) {
    for (let count = 0; count < 50; count++) {
      ask(client, 'TextMsgRequest', { Message: 'x' }, { ToUserId: names[count % names.length] })
      ask(client, 'TextMsgRequest', { Message: 'x' }, { ToUserId: 'away' })
      ask(client, 'TextMsgRequest', { Message: 'x' }, { ToUserId: `nobody${count}` })
      ask(client, 'UserListRequest', {})
    }
  }
  // Sockets are served in the order in which they became ready: then all of the above has been read.
  await watcher.request('HeartbeatRequest', {})
  await watcher.request('HeartbeatRequest', {})

  const drained = running.drain()
  t.equal(running.drain(), drained, 'asked again, it is the same drain')
  const everyone = [...clients, changer, watcher, stranger]
  for (const client of everyone) t.equal(await client.ended(), 'server_draining')
  for (const port of [tcpPort, wsPort]) {
    const socket = connect(port, '127.0.0.1')
    const [error] = await within(once(socket, 'error'), 'the refusal')
    t.match(error, { code: 'ECONNREFUSED' })
  }
  await within(drained, 'the drain')
  t.same(await running.ended, { code: 'drained' })

  const isAnswer = (id: string) => (message: Received) =>
    message.envelope.FromUserId === undefined && message.envelope.CallbackID === id
  const unanswered = asked.filter(({ client, id }) => client.messages.filter(isAnswer(id)).length !== 1)
  t.same(
    unanswered.map(({ client, id }) => [client.user, id]),
    [],
  )
  t.match(server.lines.at(-1), { message: 'drained', fields: { complete: true } })
  t.same(server.faults(), [])
})

t.test('a drain keeps its deadline whatever the clients do', async (t) => {
  const server = await startTestServer(t, { users, settings: { ...settings, DRAIN_TIMEOUT_MS: '2000' } })
  const deaf = await server.client('user0')
  deaf.pause()
  const sender = await server.client('user1')
  for (let count = 0; count < 400; count++) {
    sender.send('TextMsgRequest', { Message: 'x'.repeat(10_000) }, { ToUserId: 'user0', CallbackID: `m${count}` })
  }
  await sender.settled()
  // Logins that wait for their turn.
  const waiting = await Promise.all(Array.from({ length: 100 }, () => server.connect()))
  // The server has taken each of them in: those that are only in the kernel's queue are reset when the listener closes.
  await Promise.all(waiting.map((client) => client.request('HeartbeatRequest', {})))
  for (const client of waiting) client.send('AuthRequest', { UserId: 'user2', Password: password })
  await sender.request('HeartbeatRequest', {})
  const started = performance.now()
  await within(server.running.drain(), 'the drain')
  const tookMs = performance.now() - started
  t.ok(tookMs < 4000, `${Math.round(tookMs)} ms`)
  t.same(await server.running.ended, { code: 'drained' })
  t.equal(await sender.ended(), 'server_draining')
  const ends = await Promise.all(waiting.map((client) => client.ended()))
  t.same(
    ends.filter((code) => code !== 'server_draining' && code !== 'replaced'),
    [],
    'those who wait are told',
  )
})

t.test('an idle server drains at once', async (t) => {
  const server = await startTestServer(t, { users, settings })
  const amy = await server.client('user0')
  const started = performance.now()
  const drained = server.running.drain()
  t.equal(await amy.ended(), 'server_draining')
  await drained
  t.ok(performance.now() - started < 3000, `${Math.round(performance.now() - started)} ms`)
})
