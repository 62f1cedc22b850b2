import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { WebSocket } from 'ws'
import type { ParleyError } from '../../src/client/errors.ts'
import type { TransportOptions } from '../../src/client/transport.ts'
import { openWebSocketTransport } from '../../src/client/websocket-transport.ts'
import { FakeServer } from './fake-server.ts'

function options(signal: AbortSignal = new AbortController().signal): TransportOptions {
  return { signal, startByte: 2, endByte: 3, charset: 'utf-8', frameBytesMax: 100, unsentBytesMax: 1000 }
}

/** The platform's `WebSocket` as a page has it: without `terminate`, and without limits. */
function usePlatformWebSocket(t: { teardown(act: () => void): void }): void {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')
  class PlatformWebSocket extends WebSocket {
    override terminate = undefined as never
  }
  Object.defineProperty(globalThis, 'WebSocket', { value: PlatformWebSocket, configurable: true, writable: true })
  t.teardown(() => {
    if (before === undefined) Reflect.deleteProperty(globalThis, 'WebSocket')
    else Object.defineProperty(globalThis, 'WebSocket', before)
  })
}

t.test('the platform’s WebSocket is used where there is one', async (t) => {
  usePlatformWebSocket(t)
  const server = await FakeServer.webSocket(() => {})
  t.teardown(() => server.close())
  const bodies: string[] = []
  const faults: ParleyError[] = []
  let ended = (_cause: unknown): void => {}
  const over = new Promise<unknown>((resolve) => {
    ended = resolve
  })
  const address = { kind: 'websocket', url: `${server.url}/ws` } as const
  const transport = await openWebSocketTransport(address, options(), {
    body: (text) => void bodies.push(text),
    fault: (error) => void faults.push(error),
    drained: () => {},
    closed: ended,
  })
  server.peer.raw(Buffer.from('binary'))
  server.peer.send({ MsgType: 'Long', content: 'x'.repeat(100) })
  server.peer.send({ MsgType: 'Own' })
  transport.send('{"MsgType":"Mine","Content":"7"}')
  t.match(await server.message('Mine'), { content: 7 })
  transport.end()
  t.equal(await over, undefined)
  t.match(faults, [{ code: 'bad_frame' }, { code: 'frame_too_large' }])
  t.match(bodies, [/"Own"/])
})

t.test('an end without the closing handshake is over at once for the owner', async (t) => {
  usePlatformWebSocket(t)
  const server = await FakeServer.webSocket(() => {})
  t.teardown(() => server.close())
  const address = { kind: 'websocket', url: `${server.url}/ws` } as const
  await new Promise<void>((resolve, reject) => {
    openWebSocketTransport(address, options(), {
      body() {},
      fault() {},
      drained() {},
      closed: () => resolve(),
    }).then((transport) => transport.destroy(), reject)
  })
})

t.test('a server that is no WebSocket server, or takes too long, is an error', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', (chunk) => {
      if (!chunk.includes('/silent')) socket.end('HTTP/1.1 404 Not Found\r\n\r\n')
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const events = { body() {}, fault() {}, drained() {}, closed: () => t.fail('it was never open') }
  const url = `ws://127.0.0.1:${port}`
  await t.rejects(openWebSocketTransport({ kind: 'websocket', url }, options(), events))
  const abort = new AbortController()
  const opening = openWebSocketTransport({ kind: 'websocket', url: `${url}/silent` }, options(abort.signal), events)
  setTimeout(() => abort.abort(new Error('too long')), 20)
  await t.rejects(opening, { message: 'too long' })
  server.close()
})
