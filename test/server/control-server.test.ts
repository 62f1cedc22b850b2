import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import {
  type ControlEvent,
  type ControlHandlers,
  type ControlLimits,
  type ControlServer,
  startControlServer,
} from '../../src/server/control-server.ts'
import { shortFolder } from '../cli/short-folder.ts'

const limits: ControlLimits = { lineBytesMax: 4096, connectionsMax: 4, idleMs: 60_000 }
const account = { userId: 'bob', role: 'user', disabled: false, bannedUntil: 0, createdAt: 5 } as const

const shownKeys = {
  identity: 'i',
  identityKey: { kty: 'RSA', n: 'n', e: 'AQAB' },
  handshake: { thumbprint: 'h', notBefore: 0, notAfter: 1 },
  rotations: [],
  suites: [1, 2],
} as const

function handlersWith(changes: Partial<ControlHandlers> = {}): ControlHandlers {
  return {
    status: () => ({ version: '1.2.3', pid: 1, uptimeS: 2, sessions: 3 }),
    who: () => ({ items: ['ann', 'bob'], total: 2 }),
    kick: async () => ({ sessions: 1 }),
    send: async () => ({ status: 'sent' }),
    broadcast: async () => ({ receivers: 2 }),
    history: async () => ({ items: [], more: false, unread: 0, read: 0, readByOther: 0 }),
    explain: async () => ({ known: false, steps: [] }),
    keysShow: () => shownKeys,
    keysRotate: async () => shownKeys,
    pendingKeys: async () => [],
    approveKey: async ({ thumbprint }) => ({ thumbprint }),
    // The fake store answers every call alike; the tests ask only what that fits.
    store: (async () => ({ ...account, passwordHash: 'hidden', generation: 1 })) as ControlHandlers['store'],
    ...changes,
  }
}

interface Started {
  readonly server: ControlServer
  readonly events: ControlEvent[]
  readonly path: string
}

async function start(
  t: Test,
  changes: { handlers?: Partial<ControlHandlers>; limits?: Partial<ControlLimits>; path?: string } = {},
): Promise<Started> {
  const events: ControlEvent[] = []
  const path = changes.path ?? join(shortFolder(t), 's')
  const server = await startControlServer({
    path,
    handlers: handlersWith(changes.handlers),
    limits: { ...limits, ...changes.limits },
    onEvent: (event) => events.push(event),
  })
  t.teardown(() => server.close())
  return { server, events, path }
}

async function open(t: Test, path: string): Promise<Socket> {
  const socket = connect(path)
  socket.on('error', () => {})
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Writes text and gives what comes back until the other side ends. */
async function ask(t: Test, path: string, text: string): Promise<unknown[]> {
  const socket = await open(t, path)
  socket.end(text)
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  const lines = Buffer.concat(chunks).toString().split('\n').filter(Boolean)
  return lines.map((line) => JSON.parse(line))
}

t.test('requests of a connection are answered in their order', async (t) => {
  const { path, events } = await start(t)
  const replies = await ask(
    t,
    path,
    '{"id":1,"call":"status","take":{}}\n{"id":2,"call":"who","take":{"limit":5}}\n{"id":3,"call":"kick","take":{"userId":"bob"}}\n',
  )
  t.same(replies, [
    { id: 1, give: { version: '1.2.3', pid: 1, uptimeS: 2, sessions: 3 } },
    { id: 2, give: { items: ['ann', 'bob'], total: 2 } },
    { id: 3, give: { sessions: 1 } },
  ])
  t.same(events, [
    { name: 'listening', path },
    { name: 'called', call: 'status', userId: undefined },
    { name: 'called', call: 'who', userId: undefined },
    { name: 'called', call: 'kick', userId: 'bob' },
  ])
})

t.test('an account is found without its hash', async (t) => {
  const { path } = await start(t)
  t.same(await ask(t, path, '{"id":1,"call":"findAccount","take":{"userId":"bob"}}\n'), [{ id: 1, give: account }])
})

t.test('nothing found is null', async (t) => {
  const { path } = await start(t, { handlers: { store: (async () => undefined) as ControlHandlers['store'] } })
  t.same(await ask(t, path, '{"id":1,"call":"findAccount","take":{"userId":"bob"}}\n'), [{ id: 1, give: null }])
})

t.test('a wrong request is answered and the connection goes on', async (t) => {
  const { path } = await start(t)
  const replies = await ask(
    t,
    path,
    'what?\n{"id":2,"call":"tokenKey","take":{}}\n{"id":3,"call":"broadcast","take":{"message":"hi"}}\n',
  )
  t.match(replies, [
    { id: 0, error: { code: 'bad_request' } },
    { id: 2, error: { code: 'unknown_call' } },
    { id: 3, give: { receivers: 2 } },
  ])
})

t.test('a refusal of a handler goes through with its code; a mistake does not show its text', async (t) => {
  const { path, events } = await start(t, {
    handlers: {
      kick: () => Promise.reject(Object.assign(new Error('There is no bob.'), { code: 'user_unknown' })),
      send: () => Promise.reject(Object.assign(new Error('inner'), { code: 'ENOENT' })),
    },
  })
  const replies = await ask(
    t,
    path,
    '{"id":1,"call":"kick","take":{"userId":"bob"}}\n{"id":2,"call":"send","take":{"to":"bob","message":"x"}}\n',
  )
  t.same(replies[0], { id: 1, error: { code: 'user_unknown', message: 'There is no bob.' } })
  t.match(replies[1], { id: 2, error: { code: 'internal_error' } })
  t.notMatch(JSON.stringify(replies[1]), /inner/)
  t.match(events.slice(1), [
    { name: 'refused', call: 'kick', code: 'user_unknown' },
    { name: 'failed', call: 'send', error: { message: 'inner' } },
  ])
})

t.test('a line that is too long ends the connection with a sentence', async (t) => {
  const { path } = await start(t, { limits: { lineBytesMax: 100 } })
  t.match(await ask(t, path, `${'x'.repeat(101)}`), [{ id: 0, error: { code: 'bad_request', message: /100 bytes/ } }])
})

t.test('only the owner may use the socket', { skip: process.platform === 'win32' }, async (t) => {
  const { path } = await start(t)
  t.equal(statSync(path).mode & 0o777, 0o600)
})

t.test('connections above the limit are closed', async (t) => {
  const { path, events } = await start(t, { limits: { connectionsMax: 1 } })
  await open(t, path)
  const second = await open(t, path)
  if (!second.closed) await once(second, 'close')
  t.match(events.at(-1), { name: 'connectionRefused' })
})

t.test('a connection that asks nothing is closed', async (t) => {
  const { path } = await start(t, { limits: { idleMs: 20 } })
  const socket = await open(t, path)
  if (!socket.closed) await once(socket, 'close')
  t.pass('closed')
})

t.test('closing lets a request come to its end, and removes the socket', async (t) => {
  const asked = deferred()
  const answer = deferred()
  const { server, path } = await start(t, {
    handlers: {
      broadcast: async () => {
        asked.resolve()
        await answer.promise
        return { receivers: 9 }
      },
    },
  })
  const idle = await open(t, path)
  const replies = ask(t, path, '{"id":1,"call":"broadcast","take":{"message":"x"}}\n')
  await asked.promise
  const closed = server.close()
  t.equal(server.close(), closed, 'closing twice is closing once')
  if (!idle.closed) await once(idle, 'close')
  answer.resolve()
  t.same(await replies, [{ id: 1, give: { receivers: 9 } }])
  await closed
  t.throws(() => statSync(path))
})

t.test('something in its place that is no socket is left alone', { skip: process.platform === 'win32' }, async (t) => {
  const path = join(shortFolder(t), 's')
  writeFileSync(path, 'mine')
  await t.rejects(start(t, { path }), { code: 'control_failed', message: /no socket/ })
})

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
