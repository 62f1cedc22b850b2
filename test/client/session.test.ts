import t, { type Test } from 'tap'
import { type Client, type ConnectOptions, connect } from '../../src/client/index.ts'
import { except, FakeServer, type Received, type Script, usual } from './fake-server.ts'

const alice = { userId: 'alice', password: 'correct horse' }
const fast: ConnectOptions = { reconnect: { baseMs: 1, capMs: 5 }, closeTimeoutMs: 500 }

async function pair(
  t: Test,
  script: Script = usual,
  options: ConnectOptions = {},
): Promise<{ server: FakeServer; client: Client; events: string[] }> {
  const server = await FakeServer.tcp(script)
  t.teardown(() => server.close())
  const client = await connect({ url: server.url, ...fast, ...options })
  t.teardown(() => client.close())
  const events: string[] = []
  client.on('connected', ({ again }) => void events.push(again ? 'connected again' : 'connected'))
  client.on('disconnected', ({ error }) => void events.push(`disconnected ${error.code}`))
  client.on('reconnecting', ({ attempt }) => void events.push(`reconnecting ${attempt}`))
  client.on('closed', ({ error }) => void events.push(`closed ${error?.code}`))
  return { server, client, events }
}

function connectedAgain(client: Client): Promise<void> {
  return new Promise((resolve) =>
    client.on('connected', ({ again }) => {
      if (again) resolve()
    }),
  )
}

function closed(client: Client): Promise<string | undefined> {
  return new Promise((resolve) => client.on('closed', ({ error }) => resolve(error?.code)))
}

function logins(server: FakeServer): unknown[] {
  return server.received.filter((each) => each.MsgType === 'AuthRequest').map((each) => each.content)
}

function refuse(code: string, extra: object = {}): Script {
  return (request, peer) =>
    peer.answer(request, 'AuthResponse', { Success: false, Code: code, Message: code, ...extra })
}

t.test(
  'a lost connection is made again, with the token of the last login, and presence is asked for again',
  async (t) => {
    const { server, client, events } = await pair(t)
    await client.login(alice)
    await client.watchPresence(true)
    const again = connectedAgain(client)
    server.peer.cut()
    await again
    t.match(logins(server), [{ Password: 'correct horse' }, { UserId: 'alice', Token: 'token-1' }])
    t.equal(client.session?.token, 'token-2')
    t.equal((await server.message('CommonRequest', 2)).content.Command, 'presence')
    t.same(events, ['connected', 'disconnected connection_lost', 'reconnecting 1', 'connected again'])
  },
)

t.test('a request that waits when the connection is lost rejects, since its fate is unknown', async (t) => {
  const { server, client } = await pair(t, except({ UserListRequest: () => {} }))
  await client.login(alice)
  const asked = client.users()
  await server.message('UserListRequest')
  server.peer.cut()
  await t.rejects(asked, { code: 'connection_lost', cause: { code: 'connection_lost' } })
})

t.test('what is sent while the connection is away waits for it, and keeps its order', async (t) => {
  const { server, client } = await pair(t)
  await client.login(alice)
  const lost = new Promise<void>((resolve) => client.on('disconnected', () => resolve()))
  server.peer.cut()
  await lost
  const sent = [client.send('bob', '1'), client.send('bob', '2')]
  t.match(await Promise.all(sent), [{ status: 'sent' }, { status: 'sent' }])
  const texts = server.peer.received.filter((each) => each.MsgType === 'TextMsgRequest')
  t.same(
    texts.map((each) => each.content.Message),
    ['1', '2'],
  )
})

t.test('what waits for the connection waits no longer than its time, nor in any number', async (t) => {
  const { server, client } = await pair(t, usual, {
    reconnect: { baseMs: 60_000, capMs: 60_000 },
    random: () => 0.99,
    queuedMessagesMax: 1,
  })
  await client.login(alice)
  const lost = new Promise<void>((resolve) => client.on('disconnected', () => resolve()))
  server.peer.cut()
  await lost
  const first = t.rejects(client.send('bob', 'hi', { timeoutMs: 30 }), { code: 'timeout' })
  await t.rejects(client.send('bob', 'hi'), { code: 'queue_full' })
  await first
  const third = t.rejects(client.send('bob', 'hi'), { code: 'closed' }, 'the place is free again until the end')
  await client.close()
  await third
})

t.test('a token that is refused is followed by the password on the same connection', async (t) => {
  const { server, client } = await pair(
    t,
    except({
      AuthRequest: (request, peer) =>
        request.content.Token === undefined ? usual(request, peer) : refuse('auth_failed')(request, peer),
    }),
  )
  await client.login(alice)
  const again = connectedAgain(client)
  server.peer.cut()
  await again
  t.match(logins(server), [{ Password: 'correct horse' }, { Token: 'token-1' }, { Password: 'correct horse' }])
  t.equal(server.peers.length, 2)
})

t.test('a token that is refused without a password to fall back to ends the client', async (t) => {
  const { server, client } = await pair(
    t,
    except({
      AuthRequest: (request, peer) => (peer.index === 0 ? usual(request, peer) : refuse('auth_failed')(request, peer)),
    }),
  )
  await client.login({ userId: 'alice', token: 'token-0' })
  const end = closed(client)
  server.peer.cut()
  t.equal(await end, 'auth_failed')
})

t.test('after a change of password the new one logs in', async (t) => {
  const { server, client } = await pair(t)
  await client.login(alice)
  await client.changePassword({ oldPassword: 'correct horse', newPassword: 'battery staple' })
  t.same((await server.message('PasswordRequest')).content, {
    OldPassword: 'correct horse',
    NewPassword: 'battery staple',
  })
  const again = connectedAgain(client)
  server.peer.cut()
  await again
  t.match(logins(server)[1], { Password: 'battery staple', Token: undefined })
})

for (const code of ['kicked', 'banned', 'replaced', 'account_changed', 'auth_failed', 'protocol_abuse']) {
  t.test(`there is no coming back after ${code}`, async (t) => {
    const { server, client, events } = await pair(t)
    await client.login(alice)
    const end = closed(client)
    server.peer.close(code)
    t.equal(await end, code)
    t.same(events, ['connected', `disconnected ${code}`, `closed ${code}`])
    t.equal(server.peers.length, 1)
  })
}

for (const code of ['server_draining', 'idle', 'slow_consumer', 'server_busy', 'internal_error', 'a_new_code']) {
  t.test(`the client comes back after ${code}`, async (t) => {
    const { server, client, events } = await pair(t)
    await client.login(alice)
    const again = connectedAgain(client)
    server.peer.close(code, { Retryable: true })
    await again
    t.equal(events[1], `disconnected ${code}`)
  })
}

t.test('an error of a single message is not taken for the reason of a later loss', async (t) => {
  const { server, client, events } = await pair(t)
  await client.login(alice)
  const again = connectedAgain(client)
  server.peer.close('bad_content')
  await again
  t.equal(events[1], 'disconnected connection_lost')
})

t.test('a server that is busy or stopping at the login is tried again, after the time it asks for', async (t) => {
  const answers: Script[] = [usual, refuse('server_busy', { RetryAfter: 0.05 }), refuse('server_draining'), usual]
  const { server, client } = await pair(
    t,
    except({ AuthRequest: (request, peer) => answers[peer.index]?.(request, peer) }),
  )
  const delays: number[] = []
  client.on('reconnecting', ({ delayMs }) => void delays.push(delayMs))
  await client.login(alice)
  const again = connectedAgain(client)
  server.peer.cut()
  await again
  t.equal(server.peers.length, 4)
  t.equal(delays[1], 50)
})

t.test('a server that is away is tried again until the tries are used up', async (t) => {
  const { server, client, events } = await pair(t, usual, { reconnect: { baseMs: 1, capMs: 2, attemptsMax: 3 } })
  await client.login(alice)
  const end = closed(client)
  await server.close().catch(() => {})
  t.equal(await end, 'connect_failed')
  t.same(events.slice(2), ['reconnecting 1', 'reconnecting 2', 'reconnecting 3', 'closed connect_failed'])
})

t.test('a client that was told not to comes back never', async (t) => {
  const { server, client } = await pair(t, usual, { reconnect: false })
  await client.login(alice)
  const end = closed(client)
  server.peer.cut()
  t.equal(await end, 'connection_lost')
})

t.test('a login that is refused leaves the connection open for another', async (t) => {
  const { server, client } = await pair(
    t,
    except({
      AuthRequest: (request, peer) =>
        request.content.Password === 'wrong' ? refuse('auth_failed')(request, peer) : usual(request, peer),
    }),
  )
  await t.rejects(client.login({ userId: 'alice', password: 'wrong' }), { code: 'auth_failed' })
  t.equal(client.state, 'open')
  await client.login(alice, { register: true })
  t.equal(server.peers.length, 1)
  t.match(logins(server)[1], { Register: true, Version: 1 })
})

t.test('a login during which the server ends the connection says why', async (t) => {
  const { client } = await pair(t, except({ AuthRequest: (_request, peer) => peer.close('server_draining') }))
  await t.rejects(client.login(alice), { code: 'server_draining' })
  t.equal(client.state, 'closed')
})

t.test('a login that nobody answers closes the client, for it may yet succeed', async (t) => {
  const { client } = await pair(t, except({ AuthRequest: () => {} }), { loginTimeoutMs: 20 })
  await t.rejects(client.login(alice), { code: 'timeout' })
  t.equal(client.state, 'closed')
})

t.test('a connection that ends before a login closes the client with the reason', async (t) => {
  const { server, client } = await pair(t)
  const end = closed(client)
  await server.until('the connection', () => server.peers.length === 1)
  server.peer.close('auth_timeout', { Retryable: true })
  t.equal(await end, 'auth_timeout')
})

t.test('requests before the login are sent, those during it wait for it', async (t) => {
  let hold: (() => void) | undefined
  const { server, client } = await pair(
    t,
    except({
      AuthRequest: (request: Received, peer) => {
        hold = () => usual(request, peer)
      },
    }),
  )
  await client.users()
  const login = client.login(alice)
  const sent = client.send('bob', 'hi')
  await server.message('AuthRequest')
  t.equal(server.received.length, 2)
  hold?.()
  await login
  await sent
})

t.test('a handler may close the client at any event', async (t) => {
  for (const name of ['disconnected', 'reconnecting', 'connected'] as const) {
    const { server, client, events } = await pair(t)
    if (name !== 'connected') await client.login(alice)
    client.on(name, () => void client.close())
    const end = closed(client)
    if (name === 'connected') await client.login(alice)
    else server.peer.cut()
    t.equal(await end, undefined, name)
    await client.close()
    t.equal(events.at(-1), 'closed undefined')
    t.equal(server.peers.length, 1)
  }
})

t.test('a close while the next connection is being made ends at once', async (t) => {
  const { server, client } = await pair(
    t,
    except({ AuthRequest: (request, peer) => peer.index === 0 && usual(request, peer) }),
  )
  await client.login(alice)
  server.peer.cut()
  await server.message('AuthRequest', 2)
  t.equal(client.state, 'loggingIn')
  await client.close()
  await server.until('the end', () => server.peers.every((peer) => peer.isClosed))
})
