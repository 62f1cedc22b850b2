import { once } from 'node:events'
import { get } from 'node:http'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import type { Channel } from '../../src/acceptor/channel.ts'
import { type ListenerEvents, listen } from '../../src/acceptor/listeners.ts'
import type { ListenerOptions } from '../../src/acceptor/options.ts'
import { acceptorLimitsForTests } from './acceptor-world.ts'
import { delimiters, frameOfText } from './fakes.ts'

t.setTimeout(10_000)

interface Listening {
  readonly port: number
  readonly log: string[]
  readonly channels: Channel[]
  readonly until: (condition: () => boolean) => Promise<void>
  /** Places that are held by sockets that have not asked for a WebSocket. */
  readonly places: () => number
  readonly stop: () => void
}

async function start(
  t: Test,
  options: Partial<ListenerOptions> & { kind: 'tcp' | 'ws' },
  how: { refuse?: 'told' | 'cut'; placesMax?: number; bodyBytesMax?: number } = {},
): Promise<Listening> {
  const log: string[] = []
  const channels: Channel[] = []
  let wake = (): void => {}
  const note = (line: string): void => {
    log.push(line)
    wake()
  }
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
  }
  let port = 0
  let places = 0
  const events: ListenerEvents = {
    opened: () => {
      if (places >= (how.placesMax ?? 100)) return undefined
      places++
      note(`opened ${places}`)
      return () => {
        places--
        note(`given back ${places}`)
      }
    },
    connected: (peer) => {
      if (how.refuse !== undefined) {
        peer.refuse(how.refuse === 'told' ? frameOfText('busy') : undefined)
        return
      }
      channels.push(
        peer.make({
          received: (chunk) => note(`received ${chunk.toString('latin1')}`),
          overrun: () => note('overrun'),
          written: () => note('written'),
          closed: (end) => note(`closed ${end}`),
        }),
      )
      note('connected')
    },
    listening: (_listener, _host, taken) => {
      port = taken
      note('listening')
    },
    failed: (_listener, _host, _port, code) => note(`failed ${code}`),
    acceptFailed: () => {},
  }
  const full = options.kind === 'tcp' ? { charset: 'utf-8' as const } : { origins: [] }
  const listener = listen({ host: '127.0.0.1', port: 0, sharesPort: false, ...full, ...options } as ListenerOptions, {
    delimiters,
    limits: { ...acceptorLimitsForTests, lingerMs: 200, frameBytesBeforeLoginMax: how.bodyBytesMax ?? 8192 },
    events,
  })
  t.teardown(() => {
    listener.stop()
    for (const channel of channels) channel.destroy()
  })
  await until(() => log.length > 0)
  return { port, log, channels, until, places: () => places, stop: () => listener.stop() }
}

async function open(t: Test, port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

function upgrade(path: string, headers = ''): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${headers}\r\n`
  )
}

t.test('a port that is taken is reported by its code', async (t) => {
  const first = await start(t, { kind: 'tcp' })
  const second = await start(t, { kind: 'ws', port: first.port })
  t.strictSame(second.log, ['failed EADDRINUSE'])
})

t.test('a TCP peer that is refused is told why, also when it has sent something, and then closed', async (t) => {
  const { port } = await start(t, { kind: 'tcp' }, { refuse: 'told' })
  const socket = await open(t, port)
  socket.write(frameOfText('x'.repeat(5000)))
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  t.same(Buffer.concat(chunks), frameOfText('busy'))
})

t.test('a refused TCP peer that stays is cut after a while', async (t) => {
  const { port } = await start(t, { kind: 'tcp' }, { refuse: 'told' })
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  t.teardown(() => socket.destroy())
  socket.on('data', () => {})
  socket.on('error', () => {})
  await once(socket, 'end')
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      socket.write('x', (error) => {
        if (!error) return
        clearInterval(timer)
        resolve()
      })
    }, 20)
  })
})

t.test('a text message over WebSocket is one frame, and one written is one message', async (t) => {
  const { port, log, channels, until } = await start(t, { kind: 'ws' })
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  await once(client, 'open')
  client.send('hello')
  await until(() => log.includes('received \u0002hello\u0003'))
  const messages: string[] = []
  client.on('message', (data: Buffer) => messages.push(data.toString()))
  channels[0]?.write(Buffer.concat([frameOfText('one'), frameOfText('two')]))
  await until(() => log.includes('written'))
  channels[0]?.end()
  const [code] = (await once(client, 'close')) as [number]
  t.equal(code, 1000)
  t.strictSame(messages, ['one', 'two'])
  t.equal(log.filter((line) => line === 'written').length, 1)
})

t.test('a WebSocket that is refused is told why, and cut when it does not close', async (t) => {
  const { port } = await start(t, { kind: 'ws' }, { refuse: 'told' })
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  const [data] = (await once(client, 'message')) as [Buffer]
  t.equal(data.toString(), 'busy')
  const [code] = (await once(client, 'close')) as [number]
  t.equal(code, 1013)
  const silent = await open(t, port)
  silent.write(upgrade('/ws'))
  const begun = performance.now()
  silent.resume()
  await once(silent, 'close')
  t.ok(performance.now() - begun < 5000)
})

t.test('another path or a foreign page is refused, and its socket is not kept', async (t) => {
  for (const [path, headers, status] of [
    ['/', '', '404'],
    ['/ws/', '', '404'],
    ['/ws', 'Origin: https://evil.example\r\n', '403'],
  ] as const) {
    const { port, places, until } = await start(t, { kind: 'ws' })
    // It leaves its own half open, as somebody would who wants to use up sockets.
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    socket.on('error', () => {})
    t.teardown(() => socket.destroy())
    socket.write(upgrade(path, headers))
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    t.match(chunk.toString(), `HTTP/1.1 ${status}`)
    await until(() => places() === 0)
    t.pass('the place was given back')
  }
})

t.test('what is no upgrade is told what this port speaks', async (t) => {
  const { port } = await start(t, { kind: 'ws' })
  const status = await new Promise<number | undefined>((resolve) => {
    get({ port, host: '127.0.0.1', path: '/ws' }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
  })
  t.equal(status, 426)
})

t.test('a socket that only connects holds a place until it goes, and there are only so many', async (t) => {
  const { port, places, until } = await start(t, { kind: 'ws' }, { placesMax: 1 })
  const first = await open(t, port)
  await until(() => places() === 1)
  const second = await open(t, port)
  await once(second, 'close')
  first.destroy()
  await until(() => places() === 0)
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  await once(client, 'open')
  t.equal(places(), 0, 'a WebSocket has its place as a connection')
  client.terminate()
})

t.test('a message that grows far over the limit is reported while it is still coming', async (t) => {
  const { port, log, until, channels } = await start(t, { kind: 'ws' }, { bodyBytesMax: 1000 })
  const client = new WebSocket(`ws://127.0.0.1:${port}/ws`)
  client.on('error', () => {})
  await once(client, 'open')
  client.send('x'.repeat(60_000), { fin: false })
  client.send('x'.repeat(60_000), { fin: false })
  await until(() => log.includes('overrun'))
  channels[0]?.write(frameOfText('why'))
  channels[0]?.end()
  const [data] = (await once(client, 'message')) as [Buffer]
  t.equal(data.toString(), 'why')
  const [code] = (await once(client, 'close')) as [number]
  t.equal(code, 1009)
})

t.test('after stop nobody connects any more, and those who are there stay', async (t) => {
  const { port, log, until, stop } = await start(t, { kind: 'tcp' })
  const socket = await open(t, port)
  await until(() => log.includes('connected'))
  stop()
  const late = connect(port, '127.0.0.1')
  const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException]
  t.equal(error.code, 'ECONNREFUSED')
  socket.write('abc')
  await until(() => log.includes('received abc'))
})
