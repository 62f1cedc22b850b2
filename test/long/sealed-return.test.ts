import { mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import net, { type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { type Client, connect } from '../../src/client/index.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { hashPassword } from '../../src/workers/password.ts'
import { within } from '../system/support/deadline.ts'
import { password } from '../system/support/test-server.ts'
import { startProber } from './support/prober.ts'
import { startServerProcess } from './support/server-process.ts'

const clientCount = 2000
const atOnce = 100
const sessionsEach = 1000
const users = ['crowd0', 'crowd1', 'ping', 'pong']
/** What was promised for two cores. */
const backMsMax = 5_000
const othersP99MsMax = 100

t.setTimeout(300_000)

/** Every socket that the clients of this process open. */
const sockets = new Set<Socket>()
const createConnection = net.createConnection as (...take: unknown[]) => Socket
net.createConnection = ((...take: unknown[]) => {
  const socket = createConnection(...take)
  sockets.add(socket)
  socket.once('close', () => sockets.delete(socket))
  return socket
}) as typeof net.createConnection
syncBuiltinESMExports()

t.test(
  '2,000 sealed clients that lose their connections at once are back with tickets',
  { timeout: 300_000 },
  async (t) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-test-'))
    const store = openLocalStore({ dataDir })
    const passwordHash = hashPassword(password, { memoryKib: 19_456, passes: 2 })
    await store.call('importAccounts', { accounts: users.map((userId) => ({ userId, passwordHash, role: 'user' })) })
    store.close()
    const server = await startServerProcess({
      PARLEY_PORT: '0',
      PARLEY_WS_PORT: '0',
      PARLEY_DATA_DIR: dataDir,
      PARLEY_SESSION_POLICY: 'multi',
      PARLEY_USER_SESSIONS_MAX: '1024',
    })
    const clients: Client[] = []
    t.teardown(async () => {
      await Promise.all(clients.map((client) => client.close()))
      await server.stop()
      rmSync(dataDir, { recursive: true, force: true })
    })
    const tokens = await Promise.all(users.slice(0, 2).map((userId) => tokenOf(server.port, userId)))
    const startedAt = performance.now()
    while (clients.length < clientCount) {
      const begun = clients.length
      const more = Array.from({ length: atOnce }, async (_, index) => {
        const which = Math.floor((begun + index) / sessionsEach)
        const client = await connect({ port: server.port, seal: true, reconnect: { baseMs: 1 } })
        await client.login({ userId: users[which] ?? '', token: tokens[which] ?? '' })
        return client
      })
      clients.push(...(await Promise.all(more)))
    }
    t.comment(`${clientCount} full handshakes, ${atOnce} at a time: ${Math.round(performance.now() - startedAt)} ms`)
    const prober = await startProber(server.port, ['ping', 'pong'], password)
    t.teardown(() => prober.stop())
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const before = await prober.read()

    const back = clients.map((client) => new Promise((resolve) => client.on('connected', resolve)))
    const cutAt = performance.now()
    for (const socket of sockets) socket.destroy()
    await within(Promise.all(back), 'all clients are back', 60_000)
    const backMs = performance.now() - cutAt
    const meanwhile = await prober.read()
    t.comment(`all back after ${Math.round(backMs)} ms`)
    t.comment(`others before: ${JSON.stringify(before)}, meanwhile: ${JSON.stringify(meanwhile)}`)
    t.equal(clients.filter((client) => client.sealed?.resumed).length, clientCount, 'all of them with tickets')
    t.ok(backMs < backMsMax, `within ${backMsMax} ms`)
    t.ok(meanwhile.p99 < othersP99MsMax, `the p99 of others stays under ${othersP99MsMax} ms`)
  },
)

async function tokenOf(port: number, userId: string): Promise<string> {
  const client = await connect({ port, seal: true })
  const { token = '' } = await client.login({ userId, password })
  await client.close()
  return token
}
