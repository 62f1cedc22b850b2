import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import t, { type Test } from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { WebSocketChannel } from '../../src/acceptor/websocket-channel.ts'
import { delimiters, frameOfText } from './fakes.ts'

t.setTimeout(10_000)

async function pair(t: Test): Promise<{
  channel: WebSocketChannel
  client: WebSocket
  events: string[]
  until: (condition: () => boolean) => Promise<void>
}> {
  const server = createServer()
  const webSockets = new WebSocketServer({ noServer: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const events: string[] = []
  let wake = (): void => {}
  const note = (event: string): void => {
    events.push(event)
    wake()
  }
  const client = new WebSocket(`ws://127.0.0.1:${port}`)
  client.on('error', () => {})
  const [request, socket, head] = (await once(server, 'upgrade')) as [IncomingMessage, Duplex, Buffer]
  const channel = await new Promise<WebSocketChannel>((resolve) => {
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      resolve(
        new WebSocketChannel(
          webSocket,
          { socket, address: '127.0.0.1', delimiters, bodyBytesMax: 100 },
          {
            received: (chunk) => note(`received ${chunk.toString('latin1')}`),
            overrun: () => note('overrun'),
            written: () => note('written'),
            closed: (how) => note(`closed ${how}`),
          },
        ),
      )
    })
  })
  await once(client, 'open')
  t.teardown(() => {
    client.terminate()
    channel.destroy()
    server.close()
  })
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { channel, client, events, until }
}

/** What reading a chunk gives, stopping after so many frames. */
function readAll(channel: WebSocketChannel, chunk: Buffer, framesMax = 100): { seen: string[]; consumed: number } {
  const seen: string[] = []
  let frames = 0
  const consumed = channel.read(chunk, {
    frame: (bytes, start, end) => {
      seen.push(bytes.toString('utf8', start, end))
      return ++frames < framesMax
    },
    noise: (byteCount) => {
      seen.push(`<${byteCount} noise>`)
    },
    truncated: () => {},
    tooLarge: () => {
      seen.push('<too large>')
    },
  })
  return { seen, consumed }
}

t.test('messages that were kept together are read one by one, and reading can stop in between', async (t) => {
  const { channel } = await pair(t)
  const chunk = Buffer.concat(['a', 'b', 'c'].map((body) => frameOfText(body)))
  t.strictSame(readAll(channel, chunk), { seen: ['a', 'b', 'c'], consumed: 9 })
  t.strictSame(readAll(channel, chunk, 2), { seen: ['a', 'b'], consumed: 6 })
})

t.test('a message over the limit is reported, and the next one is read', async (t) => {
  const { channel } = await pair(t)
  const chunk = Buffer.concat([frameOfText('x'.repeat(100)), frameOfText('x'.repeat(101)), frameOfText('b')])
  t.strictSame(readAll(channel, chunk).seen, ['x'.repeat(100), '<too large>', 'b'])
})

t.test('a message with a delimiter within is no JSON, and never two frames', async (t) => {
  const { channel, client, events, until } = await pair(t)
  client.send('{}\u0003\u0002{}')
  await until(() => events.length > 0)
  const [received = ''] = events
  const { seen } = readAll(channel, Buffer.from(received.slice('received '.length), 'latin1'))
  t.equal(seen.length, 1)
  t.not(seen[0], '{}')
})

t.test('what is written to a peer that has begun to close is not reported as written', async (t) => {
  const { channel, client, events, until } = await pair(t)
  channel.pause()
  client.close()
  // The peer's wish is read first, then something is written.
  channel.resume()
  await new Promise((resolve) => setTimeout(resolve, 50))
  if (!events.some((event) => event.startsWith('closed'))) channel.write(frameOfText('late'))
  await until(() => events.some((event) => event.startsWith('closed')))
  t.notOk(events.includes('written'))
})

t.test('while it is paused nothing is received', async (t) => {
  const { channel, client, events, until } = await pair(t)
  channel.pause()
  await new Promise<void>((resolve) => client.send('hello', () => resolve()))
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(events, [])
  channel.resume()
  await until(() => events.includes('received \u0002hello\u0003'))
})
