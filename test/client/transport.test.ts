import t from 'tap'
import type { ParleyError } from '../../src/client/errors.ts'
import { type Address, openTransport, type Transport, type TransportOptions } from '../../src/client/transport.ts'
import { FakeServer } from './fake-server.ts'

const options: TransportOptions = {
  signal: new AbortController().signal,
  startByte: 2,
  endByte: 3,
  charset: 'utf-8',
  frameBytesMax: 1000,
  unsentBytesMax: 1000,
}

function addressOf(server: FakeServer): Address {
  const { port, url } = server
  return url.startsWith('ws') ? { kind: 'websocket', url: `${url}/ws` } : { kind: 'tcp', host: '127.0.0.1', port }
}

for (const kind of ['tcp', 'webSocket'] as const) {
  t.test(`over ${kind} a transport carries bodies both ways, refuses what is too long, and ends once`, async (t) => {
    const server = await FakeServer[kind](() => {})
    t.teardown(() => server.close())
    const bodies: string[] = []
    const faults: ParleyError[] = []
    let ends = 0
    let resolveOver = (): void => {}
    const ended = new Promise<void>((resolve) => {
      resolveOver = resolve
    })
    const transport: Transport = await openTransport(addressOf(server), options, {
      body: (text) => void bodies.push(text),
      fault: (error) => void faults.push(error),
      drained: () => {},
      closed: () => {
        ends++
        resolveOver()
      },
    })
    transport.send('{"MsgType":"Own","Content":"\\"好\\""}')
    t.match(await server.message('Own'), { content: '好' })
    server.peer.send({ MsgType: 'First' })
    server.peer.send({ MsgType: 'Long', content: 'x'.repeat(1000) })
    server.peer.send({ MsgType: 'Last' })
    server.peer.cut()
    await ended
    // The package `ws` ends the connection at a message that is too long; elsewhere it is skipped.
    const isSkipped = kind === 'tcp' || 'WebSocket' in globalThis
    t.match(faults, isSkipped ? [{ code: 'frame_too_large' }] : [])
    t.match(bodies, isSkipped ? [/"First"/, /"Last"/] : [/"First"/])
    t.equal(bodies.length, isSkipped ? 2 : 1)
    transport.send('too late')
    transport.end()
    transport.destroy()
    t.equal(ends, 1)
  })

  t.test(`over ${kind} unsent bytes are counted, and their going is told`, async (t) => {
    const server = await FakeServer[kind](() => {})
    t.teardown(() => server.close())
    let told = (): void => {}
    const drained = new Promise<void>((resolve) => {
      told = resolve
    })
    const transport = await openTransport(addressOf(server), options, {
      body: () => {},
      fault: () => {},
      drained: () => {
        if (transport.unsentBytes < options.unsentBytesMax) told()
      },
      closed: () => {},
    })
    const body = `{"MsgType":"Own","Content":"\\"${'x'.repeat(100_000)}\\""}`
    for (let n = 0; n < 100; n++) transport.send(body)
    t.ok(transport.unsentBytes >= 1000)
    await drained
    await server.message('Own', 100)
    transport.destroy()
  })
}
