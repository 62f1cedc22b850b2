/** Receipts over an end of the server: who asked for them before gets them after. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type Client, connect, type Receipt } from '../../src/client/index.ts'
import { databaseFileName } from '../../src/store/database-file.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { until } from '../system/support/deadline.ts'
import { password } from '../system/support/test-server.ts'
import { loadFlags, makeDataFolder } from './support/data-folder.ts'
import { startServerProcess } from './support/server-process.ts'

async function person(t: Test, port: number, userId: string, options: object = {}): Promise<Client> {
  const client = await connect({ url: `parley://127.0.0.1:${port}`, ...options })
  t.teardown(() => client.close())
  await client.login({ userId, password })
  return client
}

for (const how of ['stopped', 'killed'] as const) {
  for (const history of ['off', '30d,100']) {
    t.test(
      `a server is ${how}, with the history ${history}, before the receiver comes: the sender gets both receipts, once`,
      async (t) => {
        const dataDir = await makeDataFolder(t, ['alice', 'bob'])
        const flags = loadFlags(dataDir, { HISTORY: history })
        const first = await startServerProcess(flags)
        t.teardown(() => first.kill())
        const before = await person(t, first.port, 'alice', { receipts: true, deviceId: 'phone' })
        const sent = await before.send('bob', 'hello')
        t.equal(sent.status, 'stored')
        const { msgId = '' } = sent
        await before.close()
        if (how === 'killed') await first.kill()
        else await first.stop()

        const second = await startServerProcess(flags)
        t.teardown(() => second.kill())
        const bob = await person(t, second.port, 'bob')
        const arrived = new Promise<void>((resolve) => bob.on('TextMsgRequest', () => resolve()))
        await arrived
        await bob.request('ReadRequest', { UserId: 'alice', MsgId: msgId })
        const stored = (): number => verifyDatabase(join(dataDir, databaseFileName)).messages
        await until(() => stored() === 2, 'both receipts on the disk')
        if (how === 'killed') await second.kill()
        else await second.stop()

        const third = await startServerProcess(flags)
        t.teardown(() => third.stop())
        const receipts: Receipt[] = []
        const alice = await connect({ url: `parley://127.0.0.1:${third.port}`, receipts: true, deviceId: 'phone' })
        t.teardown(() => alice.close())
        alice.on('receipt', (receipt) => void receipts.push(receipt))
        await alice.login({ userId: 'alice', password })
        await until(() => receipts.length >= 2, 'two receipts')
        // What was stored comes before what is sent now.
        await alice.send('alice', 'to myself')
        // The client acknowledges a moment after the handler has run, and the request may be faster.
        t.match(
          receipts.sort((one, other) => (one.status < other.status ? -1 : 1)),
          [
            { to: 'bob', status: 'delivered', msgId },
            { to: 'bob', status: 'read', msgId },
          ],
        )
        t.equal(receipts.length, 2)
      },
    )
  }
}
