import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import t from 'tap'
import type { ParleyError } from '../../src/client/errors.ts'
import { openTcpTransport } from '../../src/client/tcp-transport.ts'
import type { Transport, TransportOptions } from '../../src/client/transport.ts'

interface Scene {
  readonly transport: Transport
  readonly socket: Socket
  readonly bodies: string[]
  readonly faults: ParleyError[]
  /** Waits for so many bodies and faults in all. */
  heard(count: number): Promise<void>
}

async function open(t: { teardown(act: () => void): void }, more: Partial<TransportOptions> = {}): Promise<Scene> {
  const server = createServer().listen(0, '127.0.0.1')
  t.teardown(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const connected = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const bodies: string[] = []
  const faults: ParleyError[] = []
  let look = (): void => {}
  const transport = await openTcpTransport(
    { kind: 'tcp', host: '127.0.0.1', port },
    {
      signal: new AbortController().signal,
      startByte: 2,
      endByte: 3,
      charset: 'utf-8',
      frameBytesMax: 100,
      unsentBytesMax: 1000,
      ...more,
    },
    {
      body(text) {
        bodies.push(text)
        look()
      },
      fault(error) {
        faults.push(error)
        look()
      },
      drained() {},
      closed() {},
    },
  )
  const socket = await connected
  t.teardown(() => transport.destroy())
  const heard = (count: number): Promise<void> =>
    new Promise((resolve) => {
      look = () => {
        if (bodies.length + faults.length >= count) resolve()
      }
      look()
    })
  return { transport, socket, bodies, faults, heard }
}

t.test('what is sent in one turn is one write, in order', async (t) => {
  const { transport, socket } = await open(t)
  transport.send('one')
  await Promise.resolve().then(() => transport.send('zwei ü'))
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  // 02 "one" 03 02 "zwei ü" 03
  t.equal(chunk.toString('hex'), '026f6e6503027a77656920c3bc03')
})

t.test('delimiters above 0x7f are single bytes, too', async (t) => {
  const { transport, socket, bodies, heard } = await open(t, { startByte: 0xfe, endByte: 0xff })
  transport.send('ü')
  transport.send('b')
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  t.equal(chunk.toString('hex'), 'fec3bcfffe62ff')
  socket.write(chunk)
  await heard(2)
  t.same(bodies, ['ü', 'b'])
})

t.test('GB18030 goes both ways', async (t) => {
  const { transport, socket, bodies, heard } = await open(t, { charset: 'gb18030' })
  transport.send('你')
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  t.equal(chunk.toString('hex'), '02c4e303')
  socket.write(chunk)
  await heard(1)
  t.same(bodies, ['你'])
})

t.test('bytes that are not valid in the charset are a fault, not a body', async (t) => {
  for (const [charset, hex] of [
    ['utf-8', '02c4e303'],
    ['gb18030', '028103'],
  ] as const) {
    const { socket, bodies, faults, heard } = await open(t, { charset })
    socket.write(Buffer.from(`${hex}02617a03`, 'hex'))
    await heard(2)
    t.match(faults, [{ code: 'bad_frame' }])
    t.same(bodies, ['az'])
  }
})

t.test('noise, a cut frame and one over the limit are told, and the next frame is read', async (t) => {
  const { socket, bodies, faults, heard } = await open(t)
  socket.write(`noise\x02cut\x02${'x'.repeat(100)}\x03\x02${'x'.repeat(101)}\x03\x02last\x03`)
  await heard(5)
  t.same(
    faults.map((fault) => fault.code),
    ['bad_frame', 'bad_frame', 'frame_too_large'],
  )
  t.same(bodies, ['x'.repeat(100), 'last'])
})

t.test('delimiters that can’t serve are refused before connecting', async (t) => {
  await t.rejects(open(t, { startByte: 0x41 }), { code: 'bad_argument', message: /start byte/ })
})
