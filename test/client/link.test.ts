import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { ParleyError } from '../../src/client/errors.ts'
import { Link } from '../../src/client/link.ts'
import { type ConnectOptions, readOptions } from '../../src/client/options.ts'
import { FakeServer, type Peer } from './fake-server.ts'

const never = new AbortController().signal

/** A link whose end is a promise. */
function makeLink(options: ConnectOptions): {
  link: Link
  lost: Promise<ParleyError>
  faults: string[]
  types: string[]
} {
  const faults: string[] = []
  const types: string[] = []
  let resolve = (_error: ParleyError): void => {}
  const lost = new Promise<ParleyError>((settle) => {
    resolve = settle
  })
  const link = new Link(readOptions(options), {
    message: (message) => void types.push(message.type),
    fault: (error) => void faults.push(error.code),
    drained: () => {},
    lost: resolve,
    heartbeat: () => {},
  })
  return { link, lost, faults, types }
}

async function endAfter(t: Tap, end: (peer: Peer) => void): Promise<ParleyError> {
  const server = await FakeServer.tcp()
  t.teardown(() => server.close())
  const { link, lost } = makeLink({ url: server.url })
  await link.open(never)
  await server.until('the connection', () => server.peers.length === 1)
  end(server.peer)
  const error = await lost
  await link.over
  return error
}

interface Tap {
  teardown(act: () => Promise<void>): void
}

function errorResponse(Code: string, FromUserId?: string): Parameters<Peer['send']>[0] {
  const content = { Code, Message: 'because', Retryable: false }
  return { MsgType: 'ErrorResponse', content, ...(FromUserId === undefined ? {} : { FromUserId }) }
}

t.test('the reason of the end is what the server said last', async (t) => {
  t.match(await endAfter(t, (peer) => peer.close('kicked')), { code: 'kicked', message: 'kicked' })
  t.match(await endAfter(t, (peer) => peer.cut()), { code: 'connection_lost', retryable: true })
})

t.test('a code that only ends connections stands, whatever comes after; others only as the last word', async (t) => {
  const followed = (code: string) => (peer: Peer) => {
    peer.send(errorResponse(code))
    peer.send({ MsgType: 'Own', FromUserId: 'bob' })
    peer.cut()
  }
  t.match(await endAfter(t, followed('replaced')), { code: 'replaced' })
  t.match(await endAfter(t, followed('server_busy')), { code: 'connection_lost' })
  t.match(await endAfter(t, followed('brand_new')), { code: 'connection_lost' })
})

t.test('a user who says that the session was ended is not believed', async (t) => {
  const forged = (peer: Peer) => {
    peer.send(errorResponse('kicked', 'mallory'))
    peer.cut()
  }
  t.match(await endAfter(t, forged), { code: 'connection_lost' })
})

t.test(
  'a server that refuses with its first breath makes the opening, or the end right after it, say so',
  async (t) => {
    const server = createServer((socket) => {
      const content = '{\\"Code\\":\\"server_busy\\",\\"Message\\":\\"Full.\\",\\"Retryable\\":true}'
      socket.end(`\x02{"MsgType":"ErrorResponse","Content":"${content}"}\x03`)
      socket.on('error', () => {})
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => void server.close())
    const { port } = server.address() as { port: number }
    const { link, lost } = makeLink({ port })
    await link.open(never).catch((error) => t.match(error, { code: 'server_busy' }))
    t.match(await lost, { code: 'server_busy', retryable: true })
  },
)

t.test('what can’t be read is told and does not end the link', async (t) => {
  const server = await FakeServer.tcp()
  t.teardown(() => server.close())
  const { link, faults, lost, types } = makeLink({ url: server.url })
  await link.open(never)
  await server.until('the connection', () => server.peers.length === 1)
  server.peer.raw(Buffer.from('\x02{\x03'))
  server.peer.send({ MsgType: 'Own', FromUserId: 'bob' })
  server.peer.cut()
  await lost
  t.same(faults, ['bad_envelope'])
  t.same(types, ['Own'])
})

t.test('an orderly end does not wait for ever for a peer that does not read', async (t) => {
  const server = await FakeServer.tcp()
  t.teardown(() => server.close())
  const { link } = makeLink({ url: server.url })
  await link.open(never)
  await server.until('the connection', () => server.peers.length === 1)
  server.peer.pause()
  for (let n = 0; n < 100; n++) link.send('x'.repeat(100_000))
  link.end()
  await link.over
})

t.test('a link without a connection takes nothing and has nothing unsent', async (t) => {
  const { link } = makeLink({ port: 1 })
  link.send('x')
  link.destroy()
  t.equal(link.unsentBytes, 0)
  await t.rejects(link.open(AbortSignal.abort(new ParleyError('closed'))), { code: 'closed' })
})
