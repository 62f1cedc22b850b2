import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { connectControl } from '../../src/cli/control-client.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { hashPassword } from '../../src/workers/password.ts'
import { TcpClient } from '../system/support/tcp-client.ts'
import { password } from '../system/support/test-server.ts'
import { startServerProcess } from './support/server-process.ts'

const silentCount = 500
const deafCount = 200
const talkerCount = 1300
const textsEach = 20
const floodText = 'x'.repeat(60_000)
const MEBIBYTE = 2 ** 20
/** What docs/LIMITS.md allows for a client that does not read, with the default settings. */
const deafBytesMax = 2 * (MEBIBYTE + MEBIBYTE)
/** And for all the others together: sockets, sessions, the queue of logins, garbage that is not collected yet. */
const restBytesMax = 256 * MEBIBYTE

const names = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

t.setTimeout(300_000)

t.test('2,000 connections at once, 500 of which never log in and 200 never read', { timeout: 300_000 }, async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-test-'))
  const store = openLocalStore({ dataDir })
  const passwordHash = hashPassword(password, { memoryKib: 19_456, passes: 2 })
  const users = [...names('deaf', deafCount), ...names('talker', talkerCount), 'flooder0', 'flooder1']
  await store.call('importAccounts', { accounts: users.map((userId) => ({ userId, passwordHash, role: 'user' })) })
  store.close()
  const server = await startServerProcess({ PARLEY_PORT: '0', PARLEY_WS_PORT: '0', PARLEY_DATA_DIR: dataDir })
  const control = await connectControl(dataDir)
  if (control === undefined) throw new Error('there is no control socket')
  const status = () => control.call('status', {})
  let peakBytes = 0
  const measure = async (what: string): Promise<number> => {
    const { memory } = (await status()) as unknown as { memory: { rssBytes: number } }
    peakBytes = Math.max(peakBytes, memory.rssBytes)
    if (what !== '') t.comment(`memory ${what}: ${Math.round(memory.rssBytes / MEBIBYTE)} MiB`)
    return memory.rssBytes
  }
  const sampler = setInterval(() => void measure('').catch(() => {}), 250)
  const clients: TcpClient[] = []
  t.teardown(async () => {
    clearInterval(sampler)
    for (const client of clients) client.destroy()
    control.close()
    await server.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })
  const baseBytes = await measure('at the start')

  const connect = async (): Promise<TcpClient> => {
    const client = await TcpClient.connect(server.port)
    clients.push(client)
    return client
  }
  const startedAt = performance.now()
  const seconds = (): string => ((performance.now() - startedAt) / 1000).toFixed(1)
  const connected = await Promise.all([
    Promise.all(names('silent', silentCount).map(connect)),
    Promise.all(names('deaf', deafCount).map(connect)),
    Promise.all(names('talker', talkerCount).map(connect)),
  ])
  const [silent, deaf, talkers] = connected
  t.comment(`${clients.length} connections after ${seconds()} s`)
  const silentGone = Promise.all(silent.map((client) => client.ended(15_000)))

  await t.test('everyone who logs in is let in, however long the check takes', async (t) => {
    const all = [
      ...deaf.map((client, index) => [client, `deaf${index}`] as const),
      ...talkers.map((client, index) => [client, `talker${index}`] as const),
    ]
    const logins = all.map(async ([client, user]) => {
      const answer = client.take(({ envelope }) => envelope.MsgType === 'AuthResponse', 'the login', 60_000)
      client.send('AuthRequest', { UserId: user, Password: password })
      const { content } = await answer
      client.user = user
      return content.Code ?? 'ok'
    })
    const codes = await Promise.all(logins)
    t.same(
      codes.filter((code) => code !== 'ok'),
      [],
    )
    t.comment(`${codes.length} logins after ${seconds()} s`)
  })
  await measure('after the logins')

  await t.test('those who never log in are gone in 15 s, and told why', async (t) => {
    t.same([...new Set(await silentGone)], ['auth_timeout'])
  })

  await t.test('the others are served, while 200 who never read are flooded', async (t) => {
    for (const client of deaf) client.pause()
    const talk = Promise.all(
      talkers.map(async (client, index) => {
        const statuses: unknown[] = []
        for (let count = 0; count < textsEach; count++) {
          const { content } = await client.request(
            'TextMsgRequest',
            { Message: `${count}` },
            { ToUserId: `talker${index ^ 1}` },
          )
          statuses.push(content.Data?.['Status'])
        }
        return statuses.every((status) => status === 'sent')
      }),
    )
    const flooders = await Promise.all([connect(), connect()])
    for (const [index, client] of flooders.entries()) {
      t.match(await client.login(`flooder${index}`, { Password: password }), { Success: true })
    }
    const flood = Promise.all(
      flooders.map(async (client, index) => {
        let closedCount = 0
        for (let first = index; first < deafCount; first += flooders.length) {
          let isOpen = true
          for (let round = 0; round < 200 && isOpen; round++) {
            const batch = Array.from({ length: 4 }, () => client.text(`deaf${first}`, floodText))
            isOpen =
              (await client.request('UserListRequest', { Data: { Prefix: `deaf${first}`, Limit: 1 } })).content[
                'Total'
              ] !== 0
            // Those that are written only later are answered at the end of the receiver.
            void Promise.all(batch).catch(() => {})
            const isRefused = client.messages.some(({ content }) => content.Code === 'user_offline')
            if (isRefused) {
              client.messages.length = 0
              isOpen = false
            }
          }
          if (!isOpen) closedCount++
        }
        return closedCount
      }),
    )
    t.ok((await talk).every(Boolean), `${talkerCount * textsEach} texts are delivered`)
    t.comment(`texts delivered after ${seconds()} s`)
    t.equal(
      (await flood).reduce((sum, count) => sum + count, 0),
      deafCount,
      'all who do not read are closed',
    )
    t.comment(`flooded after ${seconds()} s`)
  })
  await measure('after the flood')

  t.comment(`memory at the peak: ${Math.round(peakBytes / MEBIBYTE)} MiB`)
  const allowedBytes = baseBytes + deafCount * deafBytesMax + restBytesMax
  t.ok(peakBytes < allowedBytes, `at most ${Math.round(allowedBytes / MEBIBYTE)} MiB`)
  t.same(
    talkers.flatMap(({ faults }) => faults),
    [],
  )
  t.equal(talkers.filter((client) => client.isEnded()).length, 0, 'nobody else was disconnected')
  for (const client of clients) client.destroy()
  t.equal(await server.stop(), 0)
})
