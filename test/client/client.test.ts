import { once } from 'node:events'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { type Client, type ConnectOptions, connect, type IncomingMessage } from '../../src/client/index.ts'
import { except, FakeServer, type Script, usual } from './fake-server.ts'

const alice = { userId: 'alice', password: 'correct horse' }

/** A server and a client of it that is logged in; both are gone when the test ends. */
async function pair(
  t: Test,
  script: Script = usual,
  options: ConnectOptions = {},
): Promise<{ server: FakeServer; client: Client }> {
  const server = await FakeServer.tcp(script)
  t.teardown(() => server.close())
  const client = await connect({
    url: server.url,
    reconnect: { baseMs: 1, capMs: 5 },
    closeTimeoutMs: 500,
    ...options,
  })
  t.teardown(() => client.close())
  await client.login(alice)
  return { server, client }
}

/** The next event of a name. */
function next<Name extends 'connected' | 'disconnected' | 'reconnecting' | 'error' | 'closed' | 'message'>(
  client: Client,
  name: Name,
): Promise<unknown> {
  return new Promise((resolve) => {
    const stop = client.on(name, (event: unknown) => {
      stop()
      resolve(event)
    })
  })
}

t.test('a client logs in, sends, and is told what became of the message, over TCP and over WebSocket', async (t) => {
  for (const kind of ['tcp', 'webSocket'] as const) {
    const server = await FakeServer[kind]()
    const client = await connect({ url: server.url })
    t.equal(client.state, 'open')
    const login = await client.login(alice)
    t.match(login, { userId: 'alice', sessionId: 'session-0', role: 'user', token: 'token-1' })
    t.equal(client.state, 'online')
    t.match(await client.send('bob', 'hello ✓ 你好'), { status: 'sent', duplicate: false })
    const text = await server.message('TextMsgRequest')
    t.match(text, { ToUserId: 'bob', FromUserId: 'alice', content: { Message: 'hello ✓ 你好' } })
    await client.close()
    t.equal(client.state, 'closed')
    await server.close()
  }
})

t.test('the same client speaks GB18030 with other delimiters', async (t) => {
  // 你好 in GB18030.
  const bytes = Buffer.from([0xc4, 0xe3, 0xba, 0xc3])
  const seen: Buffer[] = []
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      seen.push(chunk)
      const id = /"CallbackID":"([^"]+)"/.exec(chunk.toString('latin1'))?.[1]
      const head = `{"MsgType":"AuthResponse","CallbackID":"${id}","Content":"{\\"Success\\":true,\\"UserId\\":\\"`
      socket.write(Buffer.concat([Buffer.of(0x1e), Buffer.from(head), bytes, Buffer.from('\\"}"}'), Buffer.of(0xff)]))
    })
    socket.on('error', () => {})
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = await connect({ host: '127.0.0.1', port, startByte: 0x1e, endByte: 0xff, charset: 'gb18030' })
  const login = await client.login({ userId: '你好', password: 'x' })
  t.equal(login.userId, '你好')
  const sent = Buffer.concat(seen)
  t.equal(sent[0], 0x1e)
  t.equal(sent.at(-1), 0xff)
  t.ok(sent.includes(bytes), 'the name went out in GB18030')
  await client.close()
  server.close()
})

t.test('answers find their requests in any order', async (t) => {
  const held: (() => void)[] = []
  const { client } = await pair(
    t,
    except({
      echo: (request, peer) => {
        held.push(() => peer.answer(request, 'CommonResponse', { Success: true, Data: request.content.n }))
        if (held.length === 3) for (const answer of held.reverse()) answer()
      },
    }),
  )
  const answers = await Promise.all([1, 2, 3].map((n) => client.request('echo', { n })))
  t.match(answers, [{ Data: 1 }, { Data: 2 }, { Data: 3 }])
})

t.test('a refusal rejects with the code of the server', async (t) => {
  const { client } = await pair(
    t,
    except({
      TextMsgRequest: (request, peer) =>
        peer.answer(request, 'CommonResponse', {
          Success: false,
          Code: 'user_offline',
          Message: 'Bob is away.',
          Data: { Status: 'rejected' },
        }),
      BroadcastRequest: (request, peer) =>
        peer.answer(request, 'ErrorResponse', {
          Code: 'rate_limited',
          Message: 'Slow down.',
          Retryable: true,
          Detail: { RetryAfter: 2 },
        }),
    }),
  )
  await t.rejects(client.send('bob', 'hi'), {
    name: 'ParleyError',
    code: 'user_offline',
    message: 'Bob is away.',
    retryable: true,
  })
  await t.rejects(client.broadcast('hi'), { code: 'rate_limited', retryable: true, retryAfterMs: 2000 })
})

t.test('an answer forged by a user settles nothing and is delivered as that user’s message', async (t) => {
  const forged: string[] = []
  const { client } = await pair(
    t,
    except({
      TextMsgRequest: (request, peer) => {
        const { CallbackID } = request
        peer.send({
          MsgType: 'CommonResponse',
          FromUserId: 'mallory',
          CallbackID,
          content: { Success: true, Data: { Status: 'delivered' } },
        })
        peer.send({
          MsgType: 'ErrorResponse',
          FromUserId: 'mallory',
          CallbackID,
          content: { Code: 'kicked', Message: '', Retryable: false },
        })
        peer.send({ MsgType: 'Custom', FromUserId: 'mallory', CallbackID, content: { Success: true } })
        peer.send({ MsgType: 'closed', FromUserId: 'mallory', content: {} })
        usual(request, peer)
      },
    }),
  )
  client.on('message', (message) => void forged.push(`${message.from} ${message.type}`))
  client.on('closed', () => void forged.push('closed event'))
  client.on('ErrorResponse', () => void forged.push('error event'))
  t.match(await client.send('bob', 'hi'), { status: 'sent' })
  t.same(forged, ['mallory Custom', 'mallory closed'], 'types of the server are dropped, others are messages')
})

t.test('a request to a user is answered by that user alone, and fails by the word of the server', async (t) => {
  const { client } = await pair(
    t,
    except({
      Question: (request, peer) => {
        const { CallbackID, ToUserId } = request
        if (ToUserId === 'carol') {
          peer.answer(request, 'CommonResponse', { Success: false, Code: 'user_unknown' })
          return
        }
        peer.answer(request, 'CommonResponse', { Success: true, Data: { Status: 'sent' } })
        peer.send({ MsgType: 'Answer', FromUserId: 'mallory', CallbackID, content: { value: 'forged' } })
        peer.send({ MsgType: 'Answer', FromUserId: 'bob', CallbackID, content: { value: 42, Success: false } })
      },
    }),
  )
  t.match(await client.request('Question', {}, { to: 'bob' }), { value: 42 })
  await t.rejects(client.request('Question', {}, { to: 'carol' }), { code: 'user_unknown' })
})

t.test('a reply goes back to the sender with its CallbackID', async (t) => {
  const { server, client } = await pair(t)
  const message = next(client, 'message') as Promise<IncomingMessage>
  server.peer.send({ MsgType: 'Question', FromUserId: 'bob', CallbackID: 'bobs-7', content: { q: 1 } })
  const result = await client.reply(await message, 'Answer', { value: 42 })
  t.match(result, { status: 'sent' })
  t.match(await server.message('Answer'), {
    ToUserId: 'bob',
    FromUserId: 'alice',
    CallbackID: 'bobs-7',
    content: { value: 42 },
  })
})

t.test('a message without a CallbackID resolves once the connection has it', async (t) => {
  const { server, client } = await pair(t)
  t.match(await client.send('bob', 'hi', { callbackless: true }), { status: 'unconfirmed' })
  t.equal((await server.message('TextMsgRequest')).CallbackID, undefined)
})

t.test('a request that nobody answers ends by its time limit', async (t) => {
  const { client } = await pair(t, except({ TextMsgRequest: () => {} }))
  await t.rejects(client.send('bob', 'hi', { timeoutMs: 20 }), { code: 'timeout', retryable: true })
})

t.test('a late answer to a request that timed out is nobody’s message', async (t) => {
  const messages: string[] = []
  const { server, client } = await pair(t, except({ TextMsgRequest: () => {} }))
  client.on('message', (message) => void messages.push(message.type))
  await t.rejects(client.send('bob', 'hi', { timeoutMs: 20 }), { code: 'timeout' })
  usual(await server.message('TextMsgRequest'), server.peer)
  server.peer.send({ MsgType: 'TextMsgRequest', FromUserId: 'bob', content: { Message: 'x' } })
  await next(client, 'message')
  t.same(messages, ['TextMsgRequest'])
})

t.test('users are listed page by page', async (t) => {
  const pages: Record<string, object> = {
    '': { Items: [{ Text: 'Ann', Value: 'ann' }], Total: 3, After: 'ann' },
    ann: { Items: [{ Text: 'bob', Value: 'bob' }], Total: 3, After: 'bob' },
    bob: { Items: [{ Text: 'cy', Value: 'cy' }], Total: 3 },
  }
  const { server, client } = await pair(
    t,
    except({
      UserListRequest: (request, peer) =>
        peer.answer(request, 'UserListResponse', pages[request.content.Data.After ?? '']),
    }),
  )
  t.same(await client.users({ prefix: 'a', limit: 1 }), {
    users: [{ userId: 'ann', text: 'Ann' }],
    total: 3,
    after: 'ann',
  })
  t.same((await server.message('UserListRequest')).content, { Data: { Prefix: 'a', Limit: 1 } })
  const names: string[] = []
  for await (const user of client.allUsers()) names.push(user.userId)
  t.same(names, ['ann', 'bob', 'cy'])
})

t.test('kick, broadcast and presence are asked for as the protocol has them', async (t) => {
  const { server, client } = await pair(t)
  await client.kick('mallory', { reason: 'spam', banSeconds: 60 })
  t.same((await server.message('KickRequest')).content, { UserId: 'mallory', Reason: 'spam', BanSeconds: 60 })
  await client.broadcast('all')
  t.same((await server.message('BroadcastRequest')).content, { Message: 'all' })
  await client.watchPresence(true)
  t.same((await server.message('CommonRequest')).content, { Command: 'presence', Data: { On: true } })
  const seen = new Promise((resolve) => client.on('PresenceEvent', (content) => resolve(content)))
  server.peer.send({ MsgType: 'PresenceEvent', content: { UserId: 'bob', Online: true } })
  t.same(await seen, { UserId: 'bob', Online: true })
})

t.test('handlers get the content and the envelope until they are taken off', async (t) => {
  const { server, client } = await pair(t)
  const seen: string[] = []
  const stop = client.on('TextMsgRequest', (content, message) => {
    seen.push(`${message.from}: ${content.Message} (${message.envelope.CreateTime})`)
  })
  const text = { MsgType: 'TextMsgRequest', FromUserId: 'bob', CreateTime: 5, content: { Message: 'one' } }
  server.peer.send(text)
  await next(client, 'message')
  stop()
  server.peer.send(text)
  await next(client, 'message')
  t.same(seen, ['bob: one (5)'])
})

t.test('a handler that throws is reported, and the others still run', async (t) => {
  const { server, client } = await pair(t)
  const wrong = new Error('mine')
  client.on('TextMsgRequest', () => {
    throw wrong
  })
  client.on('TextMsgRequest', async () => {
    throw wrong
  })
  const errors: unknown[] = []
  client.on('error', (error) => void errors.push(error.code, error.cause))
  const message = next(client, 'message')
  server.peer.send({ MsgType: 'TextMsgRequest', FromUserId: 'bob', content: { Message: 'x' } })
  await message
  await client.users()
  t.same(errors, ['handler_failed', wrong, 'handler_failed', wrong])
})

t.test('a loop over the client gets what came before it began, and ends with the client', async (t) => {
  const { server, client } = await pair(t)
  for (const Message of ['1', '2', '3']) {
    server.peer.send({ MsgType: 'TextMsgRequest', FromUserId: 'bob', content: { Message } })
  }
  await client.users()
  const texts: unknown[] = []
  for await (const message of client) {
    texts.push(message.content)
    if (texts.length === 3) server.peer.send({ MsgType: 'Own', FromUserId: 'bob', content: 4 })
    if (texts.length === 4) void client.close()
  }
  t.same(texts, [{ Message: '1' }, { Message: '2' }, { Message: '3' }, 4])
})

t.test('a loop that is too slow gets what it has room for, then is told', async (t) => {
  const { server, client } = await pair(t, usual, { iteratorMessagesMax: 2 })
  const loop = client[Symbol.asyncIterator]()
  for (const Message of ['1', '2', '3']) {
    server.peer.send({ MsgType: 'TextMsgRequest', FromUserId: 'bob', content: { Message } })
  }
  await client.users()
  t.match(await loop.next(), { done: false, value: { content: { Message: '1' } } })
  t.match(await loop.next(), { done: false, value: { content: { Message: '2' } } })
  await t.rejects(loop.next(), { code: 'iterator_overflow' })
  t.match(await loop.next(), { done: true })
  t.equal(client.state, 'online', 'the client lives on')
})

t.test('frames that are cut at every byte are read the same', async (t) => {
  const body = '{"MsgType":"TextMsgRequest","FromUserId":"bob","Content":"{\\"Message\\":\\"你好 ✓\\"}"}'
  const frame = Buffer.from(`\x02${body}\x03`)
  const { server, client } = await pair(t)
  const loop = client[Symbol.asyncIterator]()
  for (let cut = 1; cut < frame.length; cut++) {
    server.peer.raw(frame.subarray(0, cut))
    // An answer in between would end the frame, so the wire itself says when the first part is there.
    await new Promise((resolve) => setImmediate(resolve))
    server.peer.raw(frame.subarray(cut))
    const { value } = await loop.next()
    t.same(value?.content, { Message: '你好 ✓' }, `cut at ${cut}`)
  }
})

t.test('what can’t be read is reported and skipped', async (t) => {
  const { server, client } = await pair(t)
  const codes: string[] = []
  client.on('error', (error) => void codes.push(error.code))
  const peer = server.peer
  peer.raw(Buffer.from('noise\x02not json\x03\x02{"MsgType":7}\x03\x02\xff\x03', 'latin1'))
  peer.raw(Buffer.from('\x02{"MsgType":"TextMsgRequest","FromUserId":"bob","Content":"{}"}\x03'))
  peer.raw(Buffer.from('\x02{"MsgType":"TextMsgRequest","FromUserId":["bob"],"Content":"{\\"Message\\":\\"\\"}"}\x03'))
  await client.users()
  t.same(codes, ['bad_frame', 'bad_envelope', 'bad_envelope', 'bad_frame', 'bad_content', 'bad_envelope'])
})

t.test('heartbeats of the server are answered with their CallbackID', async (t) => {
  const { server } = await pair(t)
  server.peer.send({ MsgType: 'HeartbeatRequest', CallbackID: 'beat-1' })
  t.match(await server.message('HeartbeatResponse'), { CallbackID: 'beat-1', content: {} })
})

t.test('a peer that is silent is asked, and left when it stays silent', async (t) => {
  const { server, client } = await pair(t, except({ HeartbeatRequest: () => {} }), {
    heartbeatIntervalMs: 20,
    heartbeatTimeoutMs: 20,
  })
  const lost = next(client, 'disconnected')
  await server.message('HeartbeatRequest')
  t.match(await lost, { error: { code: 'connection_lost' } })
})

t.test('close waits for what is being sent, and is always the same promise', async (t) => {
  const { server, client } = await pair(t)
  const sent = Array.from({ length: 20 }, (_, n) => client.send('bob', `${n}`))
  const closed = client.close()
  t.equal(client.close(), closed)
  t.equal(client.drain(), closed)
  await t.rejects(client.send('bob', 'too late'), { code: 'closed' })
  await closed
  t.same(new Set((await Promise.all(sent)).map((each) => each.status)), new Set(['sent']))
  t.equal(server.received.filter((each) => each.MsgType === 'TextMsgRequest').length, 20)
  await server.until('the end', () => server.peer.isClosed)
})

t.test('close gives up on a server that does not answer', async (t) => {
  const { client } = await pair(t, except({ TextMsgRequest: () => {} }), { closeTimeoutMs: 30 })
  const sent = client.send('bob', 'hi')
  const rejected = t.rejects(sent, { code: 'closed' })
  await client.close()
  await rejected
})

t.test('what is over the limit of unsent bytes waits, in order, and the queue has a limit of its own', async (t) => {
  const { server, client } = await pair(t, usual, {
    unsentBytesMax: 64 * 1024,
    queuedMessagesMax: 120,
    requestTimeoutMs: 20_000,
  })
  server.peer.pause()
  const text = 'x'.repeat(256 * 1024)
  const results: Promise<unknown>[] = []
  // The kernel's buffers take some megabytes before anything waits here.
  for (let n = 0; n < 200; n++) {
    results.push(client.send('bob', `${n} ${text}`).catch((error: { code: string }) => error.code))
  }
  server.peer.resume()
  const codes = await Promise.all(results)
  const full = codes.filter((code) => code === 'queue_full').length
  t.ok(full > 0, `${full} had no room`)
  const numbers = server.received
    .filter((each) => each.MsgType === 'TextMsgRequest')
    .map((each) => Number.parseInt(each.content.Message, 10))
  t.equal(numbers.length, 200 - full)
  t.same(
    numbers,
    [...numbers].sort((a, b) => a - b),
    'in order',
  )
})

t.test('a server that can’t be reached is connect_failed', async (t) => {
  const server = await FakeServer.tcp()
  await server.close()
  await t.rejects(connect({ url: server.url }), { code: 'connect_failed', retryable: true })
  await t.rejects(connect({ url: `ws://127.0.0.1:${server.port}` }), { code: 'connect_failed' })
})

t.test('a server that takes the connection and says nothing is connect_failed on WebSocket', async (t) => {
  const server = await FakeServer.tcp(() => {})
  t.teardown(() => server.close())
  await t.rejects(connect({ url: `ws://127.0.0.1:${server.port}`, connectTimeoutMs: 50 }), { code: 'connect_failed' })
})

t.test('connecting can be given up', async (t) => {
  const server = await FakeServer.tcp(() => {})
  t.teardown(() => server.close())
  const abort = new AbortController()
  const connecting = connect({ url: `ws://127.0.0.1:${server.port}`, signal: abort.signal })
  abort.abort(new Error('changed my mind'))
  await t.rejects(connecting, { message: 'changed my mind' })
  await t.rejects(connect({ url: server.url, signal: AbortSignal.abort() }), { name: 'AbortError' })
})

t.test('what a closed client is asked is rejected with the reason of the end', async (t) => {
  const { server, client } = await pair(t)
  const closed = next(client, 'closed')
  server.peer.close('kicked')
  t.match(await closed, { error: { code: 'kicked' } })
  await t.rejects(client.send('bob', 'hi'), { code: 'closed', cause: { code: 'kicked' } })
  await t.rejects(client.login(alice), { code: 'closed' })
  await client.close()
})

t.test('arguments that can’t be used are refused at once', async (t) => {
  const { client } = await pair(t, usual, { frameBytesMax: 1000 })
  await t.rejects(client.send('', 'hi'), { code: 'bad_argument' })
  await t.rejects(client.request('Own', {}, { to: 'alice' }), { code: 'bad_argument' })
  await t.rejects(client.send('bob', 'x'.repeat(1000)), { code: 'frame_too_large' })
  await t.rejects(client.login(alice), { code: 'bad_state' })
  await t.rejects(connect({ url: 'http://localhost' }), { code: 'bad_argument' })
  await t.rejects(connect({ port: 1, startByte: 2, endByte: 2 }), { code: 'bad_argument' })
})
