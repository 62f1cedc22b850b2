import { networkInterfaces } from 'node:os'
import t from 'tap'
import { until } from './support/deadline.ts'
import type { TcpClient } from './support/tcp-client.ts'
import { password, startTestServer } from './support/test-server.ts'
import { bodyOf, errorOf, ofType, textFrom } from './support/wire-client.ts'

const users = ['amy', 'bob', 'carol', ...Array.from({ length: 12 }, (_, index) => `user${index}`)]

t.test('limits on what a connection may do', async (t) => {
  const settings = { AUTH_TIMEOUT_MS: '2000', USER_MESSAGES_PER_SECOND: '50', FRAME_BYTES_MAX: '65536' }
  const server = await startTestServer(t, { users, settings })

  await t.test('a frame before the login has 8 KiB', async (t) => {
    const client = await server.connect()
    const login = (byteCount: number): string => {
      const empty = bodyOf('AuthRequest', { UserId: 'amy', Password: password }, { Padding: '' }).length
      return bodyOf('AuthRequest', { UserId: 'amy', Password: password }, { Padding: 'x'.repeat(byteCount - empty) })
    }
    client.sendBody(login(8193))
    const refused = await client.take(errorOf('frame_too_large'), 'the refusal')
    t.match(refused.content['Detail'], { BytesMax: 8192 })
    client.sendBody(login(8192))
    t.match((await client.take(ofType('AuthResponse'), 'the answer')).content, { Success: true })
    t.match(await client.text('amy', 'x'.repeat(9000)), { Success: true }, 'and more after it')
    client.destroy()
  })

  await t.test('a connection that does not log in is told so and closed', async (t) => {
    const silent = [await server.connect(), await server.connectWebSocket()]
    const chatty = await server.connect()
    const started = performance.now()
    // Other frames, and half a login, do not extend the deadline.
    chatty.send('HeartbeatRequest', {})
    chatty.sendBytes(Buffer.from('\u0002{"MsgType":"AuthRequest",'))
    for (const client of [...silent, chatty]) t.equal(await client.ended(), 'auth_timeout')
    const tookMs = performance.now() - started
    t.ok(tookMs > 1500 && tookMs < 6000, `after ${Math.round(tookMs)} ms`)
  })

  await t.test('more than twenty other messages before the login end the connection', async (t) => {
    const client = await server.connect()
    for (let count = 0; count < 30; count++) client.send('HeartbeatRequest', {})
    t.equal(await client.ended(), 'protocol_abuse')
    t.equal(client.messages.length, 22)
  })

  await t.test('ten failed logins end the connection', async (t) => {
    const client = await server.connect()
    for (let count = 0; count < 10; count++) {
      t.match(await client.login(`user${count}`, { Token: 'eyJ9.AAAA' }), { Success: false, Code: 'auth_failed' })
    }
    t.equal(await client.ended(), 'auth_failed')
  })

  await t.test('noise is answered, and too much of it ends the connection', async (t) => {
    const client = await server.client('bob')
    const other = await server.client('carol')
    client.sendBytes(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await client.take(errorOf('bad_frame'), 'the answer')
    t.match((await client.request('HeartbeatRequest', {})).envelope, { MsgType: 'HeartbeatResponse' })
    for (let count = 0; count < 40; count++) client.sendBytes(Buffer.alloc(32_768, 0x20))
    t.equal(await client.ended(), 'protocol_abuse')
    t.match((await other.request('HeartbeatRequest', {})).envelope, { MsgType: 'HeartbeatResponse' })
    other.destroy()
  })

  await t.test('a user who sends too fast is told so, each time, and others are not held up', async (t) => {
    const amy = await server.client('amy')
    const bob = await server.client('bob')
    let refusedCount = 0
    for (let count = 0; count < 300; count++) {
      amy.send('TextMsgRequest', { Message: String(count) }, { ToUserId: 'bob', CallbackID: `fast${count}` })
    }
    for (let count = 0; count < 300; count++) {
      const answer = await amy.take(({ envelope }) => envelope.CallbackID === `fast${count}`, 'the answer')
      if (answer.content.Code === 'rate_limited') {
        refusedCount++
        t.ok((answer.content.Data?.['RetryAfter'] as number) <= 1)
      }
    }
    t.ok(refusedCount >= 150 && refusedCount <= 200, `${refusedCount} of 300`)
    t.match(await bob.text('bob', 'mine'), { Success: true })
    await bob.take(textFrom('bob'), 'the text')
    const numbers = bob.messages.filter(textFrom('amy')).map(({ content }) => Number(content.Message))
    t.equal(numbers.length, 300 - refusedCount)
    t.strictSame(
      numbers,
      [...numbers].sort((a, b) => a - b),
    )
    await until(async () => (await amy.text('bob', 'later')).Success === true, 'an end of the limit')
    amy.destroy()
    bob.destroy()
  })

  await t.test('a flood of what can not be read is counted, and told in few words', async (t) => {
    const client = await server.client('carol')
    const frames = 5000
    client.sendBytes(Buffer.from('\u0002\u0003'.repeat(frames), 'latin1'))
    let told = 0
    let answers = 0
    while (told < frames) {
      const { content } = await client.take(
        ({ envelope }) => envelope.MsgType === 'ErrorResponse',
        `${told} of ${frames}`,
      )
      answers++
      told += content.Code === 'rate_limited' ? Number((content['Detail'] as { Count: number }).Count) : 1
    }
    t.equal(told, frames)
    t.ok(answers < 400, `${answers} answers`)
    t.match((await client.request('HeartbeatRequest', {})).envelope, { MsgType: 'HeartbeatResponse' })
  })

  t.same(server.faults(), [])
})

t.test('a client that has answered a heartbeat and falls silent is closed, one that never did is left', async (t) => {
  const settings = { HEARTBEAT_AFTER_MS: '1000', HEARTBEAT_TIMEOUT_MS: '1000' }
  const server = await startTestServer(t, { users, settings })
  const answers = await server.client('amy')
  const never = await server.client('bob')
  const busy = await server.client('carol')
  const heartbeats = (client: TcpClient): number => client.messages.filter(ofType('HeartbeatRequest')).length
  await answers.take(ofType('HeartbeatRequest'), 'the first question')
  answers.send('HeartbeatResponse', {})
  const questionBefore = heartbeats(busy)
  let isOver = false
  const ended = answers.ended().finally(() => {
    isOver = true
  })
  // Any frame counts as a sign of life.
  while (!isOver) {
    await busy.text('bob', 'x')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  t.equal(await ended, 'idle')
  t.equal(heartbeats(answers), 2)
  t.ok(heartbeats(busy) <= questionBefore + 1)
  await until(() => heartbeats(never) >= 2, 'another question to one that never answers')
  t.notOk(never.isEnded())
  t.match(await never.text('bob', 'still here'), { Success: true })
})

t.test('nobody who waits for the check of a password is thrown out by the deadline for logins', async (t) => {
  const server = await startTestServer(t, {
    users,
    settings: { AUTH_TIMEOUT_MS: '250', SESSION_POLICY: 'multi', USER_SESSIONS_MAX: '1000' },
  })
  const started = performance.now()
  const logins = Array.from({ length: 60 }, async () => {
    const client = await server.connect()
    return (await client.login('amy', { Password: password })).Code ?? 'ok'
  })
  t.same([...new Set(await Promise.all(logins))], ['ok'])
  t.comment(`the last waited ${Math.round(performance.now() - started)} ms`)
})

t.test(
  'a login that waits too long for the check of its password is told server_busy, and may try again',
  async (t) => {
    const settings = { LOGIN_QUEUE_MAX: '4', SESSION_POLICY: 'multi', USER_SESSIONS_MAX: '1000' }
    const server = await startTestServer(t, { users, settings })
    const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()))
    const answers = await Promise.all(clients.map((client) => client.login('amy', { Password: password })))
    const codes = answers.map(({ Code }) => Code ?? 'ok')
    t.ok(codes.filter((code) => code === 'ok').length >= 4)
    t.ok(codes.includes('server_busy'), 'the queue is full')
    for (const answer of answers) if (answer.Code !== undefined) t.ok((answer['RetryAfter'] as number) > 0)
    for (const [index, client] of clients.entries()) {
      if (codes[index] !== 'ok') t.match(await client.login('amy', { Password: password }), { Success: true })
    }
  },
)

t.test('above the limit on connections a newcomer is told server_busy', async (t) => {
  const settings = { CONNECTIONS_MAX: '4', ACCEPTOR_THREADS: '1' }
  const server = await startTestServer(t, { users, settings })
  const inside = [await server.client('amy'), await server.webSocketClient('bob'), await server.client('carol')]
  const last = await server.connect()
  const tcp = await server.connect()
  t.equal(await tcp.ended(), 'server_busy')
  const ws = await server.connectWebSocket()
  t.equal(await ws.ended(), 'server_busy')
  t.equal(ws.closeCode, 1013)
  for (const client of inside) t.match(await client.text('amy', 'x'), { Success: true })
  last.destroy()
  await until(async () => {
    const next = await server.connect()
    return (await next.login('user1', { Password: password }).catch(() => undefined))?.Success === true
  }, 'a place')
  t.same(server.faults(), [])
})

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address
const skip = outside === undefined && 'this machine has no address but loopback'

t.test('above the limit on connections of one address a newcomer is told server_busy', { skip }, async (t) => {
  const settings = {
    ADDRESS_CONNECTIONS_MAX: '2',
    HOST: '0.0.0.0',
    INSECURE: 'on',
    MIN_SECURITY: 'plain',
    ACCEPTOR_THREADS: '1',
  }
  const server = await startTestServer(t, { users, settings })
  const host = outside ?? ''
  const first = await server.connect({ host })
  const second = await server.connect({ host })
  const third = await server.connect({ host })
  t.equal(await third.ended(), 'server_busy')
  t.match(await first.login('amy', { Password: password }), { Success: true })
  t.match(await second.login('bob', { Password: password }), { Success: true })
  await server.client('carol')
  second.destroy()
  await until(async () => {
    const next = await server.connect({ host })
    return (await next.login('bob', { Password: password }).catch(() => undefined))?.Success === true
  }, 'a place')
})
