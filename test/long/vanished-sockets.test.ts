/** The promise of delivery to machines that vanish without a word: no end of the connection, only silence. */
import t from 'tap'
import { ParleyError } from '../../src/client/index.ts'
import { newSeed, randomOf } from '../mailbox/random.ts'
import { until } from '../system/support/deadline.ts'
import { startTcpProxy } from '../system/support/tcp-proxy.ts'
import { loadFlags, makeDataFolder } from './support/data-folder.ts'
import { idOf, Ledger, textOf } from './support/ledger.ts'
import { SdkReader } from './support/sdk-reader.ts'
import { startServerProcess } from './support/server-process.ts'

const heartbeatMs = 1000
/** The heartbeat, both ways, and ten seconds. */
const noticeMsMax = 2 * heartbeatMs + 10_000
const rounds = 3
const far = ['far0', 'far1', 'far2']
const near = ['near0', 'near1']

t.setTimeout(180_000)

t.test('machines vanish under load, and come back', { timeout: 180_000 }, async (t) => {
  const seed = newSeed()
  t.comment(`TEST_SEED=${seed}`)
  const random = randomOf(seed)
  const dataDir = await makeDataFolder(t, [...far, ...near])
  const heartbeat = { HEARTBEAT_AFTER_MS: `${heartbeatMs}`, HEARTBEAT_TIMEOUT_MS: `${heartbeatMs}` }
  const server = await startServerProcess(loadFlags(dataDir, heartbeat))
  const proxy = await startTcpProxy(t, server.port)
  const ledger = new Ledger()
  const logIn = (user: string, port: number): Promise<SdkReader> =>
    SdkReader.join({ ledger, port, heartbeatMs, reader: { user, device: 'desk' } })
  const farPeople = await Promise.all(far.map((user) => logIn(user, proxy.port)))
  const nearPeople = await Promise.all(near.map((user) => logIn(user, server.port)))
  const everybody = [...farPeople, ...nearPeople]
  let isSending = true
  t.teardown(async () => {
    isSending = false
    await Promise.all(everybody.map((one) => one.goAway()))
    await server.kill()
  })
  const talk = async ({ reader, client }: SdkReader): Promise<void> => {
    while (isSending) {
      const others = everybody.filter((other) => other.reader !== reader)
      const to = others[random(others.length)]?.reader.user ?? 'near0'
      const name = ledger.send(reader.user, to)
      const options = { clientMsgId: idOf(name), timeoutMs: Number.POSITIVE_INFINITY }
      try {
        const { status } = await client.send(to, textOf(name), options)
        if (status !== 'unconfirmed') ledger.answered(name, status)
      } catch (error) {
        ledger.rejected(name, error instanceof ParleyError ? error.code : String(error))
      }
      await new Promise((resolve) => setTimeout(resolve, random(20)))
    }
  }
  const loops = everybody.flatMap((one) => Array.from({ length: 8 }, () => talk(one)))
  const onlineUsers = async (): Promise<string[]> => {
    const page = await nearPeople[0]?.client.users({ prefix: 'far' })
    return page?.users.map(({ userId }) => userId) ?? []
  }
  const noticed: string[] = []
  for (let round = 0; round < rounds; round++) {
    const { delivered, stored } = ledger.answers
    await until(() => ledger.answers.delivered > delivered + 100 + random(200), 'a load that runs')
    const cutBefore = farPeople.map(({ disconnects }) => disconnects)
    proxy.vanish()
    const vanishedAt = performance.now()
    const elapsed = (): string => `${Math.round(performance.now() - vanishedAt)} ms`
    const left = noticeMsMax
    await Promise.all([
      until(async () => (await onlineUsers()).length === 0, 'the server notices', left).then(() =>
        noticed.push(`server ${elapsed()}`),
      ),
      until(() => farPeople.every((one, index) => one.disconnects > (cutBefore[index] ?? 0)), 'they notice', left).then(
        () => noticed.push(`clients ${elapsed()}`),
      ),
      until(() => ledger.answers.stored > stored + 50, 'what is for them is stored', left),
    ])
    proxy.comeBack()
    const backAt = performance.now()
    await until(() => farPeople.every(({ isOnline }) => isOnline), 'they are back')
    noticed.push(`back ${Math.round(performance.now() - backAt)} ms`)
  }
  isSending = false
  await Promise.all(loops)
  await until(() => ledger.owedCount() === 0, 'everything arrives', 30_000)
  const { delivered, stored } = ledger.answers
  t.comment(`${delivered} delivered, ${stored} stored; noticed after: ${noticed.join(', ')}`)
  t.same(ledger.faults().slice(0, 20), [])
  t.same(ledger.rejections, {})
  t.same(
    everybody.flatMap(({ complaints }) => complaints),
    [],
  )
  t.equal(
    nearPeople.reduce((sum, { disconnects }) => sum + disconnects, 0),
    0,
    'nobody else was cut',
  )
})
