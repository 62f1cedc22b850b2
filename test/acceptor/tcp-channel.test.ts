import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { TcpChannel } from '../../src/acceptor/tcp-channel.ts'
import { delimiters, frameOfText } from './fakes.ts'

interface Pair {
  readonly channel: TcpChannel
  readonly peer: Socket
  readonly events: string[]
  /** Resolves when the condition holds, looked at after each event. */
  readonly until: (condition: () => boolean) => Promise<void>
}

/** A channel and the socket of its peer. */
async function pair(t: Test): Promise<Pair> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const peer = connect(port, '127.0.0.1')
  peer.on('error', () => {})
  const [socket] = (await once(server, 'connection')) as [Socket]
  t.teardown(() => {
    peer.destroy()
    socket.destroy()
    server.close()
  })
  const events: string[] = []
  let wake = (): void => {}
  const note = (event: string): void => {
    events.push(event)
    wake()
  }
  const channel = new TcpChannel(
    socket,
    { delimiters, charset: 'utf-8', bodyBytesMax: 8192 },
    {
      received: (chunk) => note(`received ${chunk.length}`),
      overrun: () => note('overrun'),
      written: () => note('written'),
      closed: (how) => note(`closed ${how}`),
    },
  )
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  return { channel, peer, events, until }
}

t.setTimeout(10_000)

t.test('writes arrive and are reported when they have left', async (t) => {
  const { channel, peer, events, until } = await pair(t)
  channel.write(frameOfText('hello'))
  const [chunk] = (await once(peer, 'data')) as [Buffer]
  t.same(chunk, frameOfText('hello'))
  await until(() => events.includes('written'))
  t.equal(channel.address, '127.0.0.1')
})

t.test('a write that fails is not reported as written', async (t) => {
  const { channel, peer, events, until } = await pair(t)
  peer.pause()
  // More than the kernel takes, to a peer that does not read and then cuts the connection.
  channel.write(Buffer.alloc(32 * 2 ** 20, 'x'))
  peer.resetAndDestroy()
  await until(() => events.some((event) => event.startsWith('closed')))
  await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(events, ['closed lost'])
})

t.test('the end of the peer is told apart from a cut', async (t) => {
  const { peer, events, until } = await pair(t)
  peer.end()
  await until(() => events.length > 0)
  t.strictSame(events, ['closed peer'])
})

t.test('while it is paused nothing is received', async (t) => {
  const { channel, peer, events, until } = await pair(t)
  channel.pause()
  await new Promise<void>((resolve) => peer.write('abc', () => resolve()))
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  t.strictSame(events, [])
  channel.resume()
  await until(() => events.includes('received 3'))
})

t.test('end closes after what was written, destroy at once', async (t) => {
  const first = await pair(t)
  first.channel.write(frameOfText('bye'))
  first.channel.end()
  const [chunk] = (await once(first.peer, 'data')) as [Buffer]
  t.same(chunk, frameOfText('bye'))
  await first.until(() => first.events.includes('closed peer'))
  const second = await pair(t)
  second.channel.destroy()
  await second.until(() => second.events.includes('closed peer'))
})
