import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t from 'tap'
import { until, within } from './support/deadline.ts'
import { password, startTestServer, type TestServer } from './support/test-server.ts'
import { answerTo, bodyOf, errorOf, ofType, textFrom } from './support/wire-client.ts'

const users = ['amy', 'bob', 'carol']

t.test('the WebSocket listener', async (t) => {
  const server = await startTestServer(t, { users, settings: { FRAME_BYTES_MAX: '65536' } })
  const bob = await server.client('bob')

  await t.test('takes pages of this machine, programs without an origin, and no others', async (t) => {
    const port = server.port('ws')
    for (const origin of [undefined, `http://127.0.0.1:${port}`, 'http://localhost:8080', 'https://127.0.0.1']) {
      const client = await server.connectWebSocket(origin === undefined ? {} : { origin })
      t.match(await client.login('amy', { Password: password }), { Success: true }, origin ?? 'without an origin')
      client.destroy()
    }
    for (const origin of ['http://example.org', 'http://127.0.0.1.example.org', 'http://localhost.example', 'null']) {
      await t.rejects(server.connectWebSocket({ origin }), /403/, origin)
    }
  })

  await t.test('answers other paths and other requests like a web server', async (t) => {
    for (const path of ['/', '/ws/', '/wsx', '/../ws/x', '/WS']) {
      await t.rejects(server.connectWebSocket({ path }), /404/, path)
    }
    const client = await server.connectWebSocket({ path: '/ws?x=1' })
    client.destroy()
    const response = await fetch(`http://127.0.0.1:${server.port('ws')}/ws`)
    t.equal(response.status, 426)
    await response.text()
  })

  await t.test('offers no compression and no subprotocol', async (t) => {
    const { socket, head } = await rawUpgrade(server, 'Sec-WebSocket-Extensions: permessage-deflate\r\n')
    t.match(head, /^HTTP\/1\.1 101 /)
    t.notMatch(head, /Sec-WebSocket-(Extensions|Protocol)/i)
    socket.destroy()
  })

  await t.test('takes a message in fragments, up to a number of them', async (t) => {
    const amy = await server.webSocketClient('amy')
    const body = Buffer.from(bodyOf('TextMsgRequest', { Message: '你好 fragments' }, { ToUserId: 'bob' }))
    for (const count of [2, 64]) {
      const size = Math.ceil(body.length / count)
      for (let part = 0; part < count; part++) {
        const fin = part === count - 1
        amy.webSocket.send(body.subarray(part * size, (part + 1) * size), { fin, binary: false })
      }
      t.equal((await bob.take(textFrom('amy'), 'the text')).content.Message, '你好 fragments')
    }
    for (let part = 0; part < 66; part++) amy.webSocket.send('x', { fin: part === 65, binary: false })
    await amy.ended()
    t.equal(amy.closeCode, 1008)
  })

  await t.test('answers a long message, and ends at one that is far too long', async (t) => {
    const amy = await server.webSocketClient('amy')
    const text = (length: number): string =>
      bodyOf('TextMsgRequest', { Message: 'x'.repeat(length) }, { ToUserId: 'bob' })
    amy.sendBody(text(65_536))
    await amy.take(errorOf('frame_too_large'), 'the answer')
    amy.sendBody(text(250_000))
    await amy.take(errorOf('frame_too_large'), 'the answer')
    t.match(await amy.text('bob', 'x'.repeat(60_000)), { Success: true })
    amy.sendBody(text(270_000))
    await amy.ended()
    t.equal(amy.closeCode, 1009)
  })

  await t.test('before the login ends at much less', async (t) => {
    const stranger = await server.connectWebSocket()
    stranger.sendBody('x'.repeat(8193))
    await stranger.take(errorOf('frame_too_large'), 'the answer')
    const greedy = await server.connectWebSocket()
    for (let part = 0; part < 50; part++) greedy.webSocket.send('x'.repeat(4000), { fin: false, binary: false })
    await greedy.ended()
    t.equal(greedy.closeCode, 1009)
  })

  await t.test('takes one body a message: bytes of the delimiters make no second one', async (t) => {
    const amy = await server.webSocketClient('amy')
    const beat = (id: string): string => bodyOf('HeartbeatRequest', {}, { CallbackID: id })
    const bad = [
      `${beat('a')}\u0003\u0002${beat('b')}`,
      `\u0002${beat('a')}\u0003`,
      `${beat('a')}\u0003`,
      `\u0003${beat('a')}`,
    ]
    for (const body of bad) {
      const before = amy.messages.length
      amy.sendBody(body)
      await amy.settled()
      const came = amy.messages.slice(before, -2)
      t.equal(came.length, 1, JSON.stringify(body.slice(0, 10)))
      t.match(came[0]?.content.Code, /^bad_(frame|envelope)$/)
    }
    t.notOk(amy.messages.some(answerTo('b')))
    t.match(await amy.text('bob', 'still here'), { Success: true })
    amy.destroy()
  })

  await t.test('takes many messages in one write, also behind the login', async (t) => {
    const { socket, received } = await rawUpgrade(server, '')
    const login = bodyOf('AuthRequest', { UserId: 'carol', Password: password }, { CallbackID: 'login' })
    const texts = Array.from({ length: 100 }, (_, index) =>
      bodyOf('TextMsgRequest', { Message: `piped ${index}` }, { ToUserId: 'bob' }),
    )
    socket.write(Buffer.concat([login, ...texts].map((body) => maskedFrame(Buffer.from(body)))))
    const arrived = (): string[] => bob.messages.filter(textFrom('carol')).map(({ content }) => content.Message ?? '')
    await until(() => arrived().length === 100, 'the texts')
    t.strictSame(
      arrived(),
      texts.map((_, index) => `piped ${index}`),
    )
    t.ok(received().includes('AuthResponse'))
    socket.destroy()
  })

  await t.test('survives broken WebSocket frames and half upgrades', async (t) => {
    for (const bytes of ['ffffffffffffffff', '8105', '81ffffffffffffffffff', 'c18400000000', '8800', '0000']) {
      const { socket } = await rawUpgrade(server, '')
      socket.end(Buffer.from(bytes, 'hex'))
      await within(once(socket, 'close'), `the end after ${bytes}`)
    }
    const half = connect(server.port('ws'), '127.0.0.1')
    half.write('GET /ws HTTP/1.1\r\nHost: x\r\n')
    await once(half, 'connect')
    half.destroy()
    t.match(await (await server.webSocketClient('amy')).text('bob', 'fine'), { Success: true })
  })

  await t.test('binary messages that are no bodies are answered', async (t) => {
    const amy = await server.webSocketClient('amy')
    amy.webSocket.send(Buffer.from('c1', 'hex'), { binary: true })
    const answer = await amy.take(ofType('ErrorResponse'), 'the answer')
    t.match(answer.content, { Code: 'bad_frame' })
    t.match(await amy.text('bob', 'text goes on'), { Success: true })
    amy.destroy()
  })

  t.same(server.faults(), [])
})

t.test('listed origins may come from elsewhere, and then no others', async (t) => {
  const settings = { WS_ORIGINS: 'https://chat.example.org,http://other.example:8080' }
  const server = await startTestServer(t, { users, settings })
  for (const origin of ['https://chat.example.org', 'http://other.example:8080']) {
    ;(await server.connectWebSocket({ origin })).destroy()
  }
  for (const origin of ['http://chat.example.org', 'https://chat.example.org:444', 'http://localhost']) {
    await t.rejects(server.connectWebSocket({ origin }), /403/, origin)
  }
})

/** Asks for a WebSocket over a bare socket. */
async function rawUpgrade(
  server: TestServer,
  headers: string,
): Promise<{ socket: Socket; head: string; received: () => string }> {
  const socket = connect(server.port('ws'), '127.0.0.1')
  let received = ''
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${headers}\r\n`,
  )
  await until(() => received.includes('\r\n\r\n'), 'the upgrade')
  return { socket, head: received, received: () => received }
}

/** A text message as RFC 6455, section 5.2, draws it, masked with zeros. */
function maskedFrame(body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head[0] = 0x81
  if (body.length < 126) {
    head[1] = 0x80 | body.length
    return Buffer.concat([head.subarray(0, 2), Buffer.alloc(4), body])
  }
  head[1] = 0x80 | 126
  head.writeUInt16BE(body.length, 2)
  return Buffer.concat([head, body])
}
