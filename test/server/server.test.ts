import { once } from 'node:events'
import { createServer } from 'node:net'
import t from 'tap'
import { type RunningServer, startServer } from '../../src/server/server.ts'
import { openLocalStore } from '../../src/store/local-store.ts'
import { shortFolder } from '../cli/short-folder.ts'
import { within } from '../system/support/deadline.ts'
import { recordingLog } from './recording-log.ts'
import { settingsForTests } from './settings-for-tests.ts'

t.setTimeout(60_000)

interface Outcome {
  readonly running: RunningServer
  readonly credentials: { userId: string; password: string }[]
}

async function start(
  dataDir: string,
  changes: Readonly<Record<string, string>> = {},
  firstOperator: () => void = () => {},
): Promise<Outcome> {
  const credentials: { userId: string; password: string }[] = []
  const running = await startServer({
    settings: settingsForTests(dataDir, changes),
    log: recordingLog().log,
    version: '0.0.0-test',
    firstOperator: (made) => {
      credentials.push(made)
      firstOperator()
    },
  })
  return { running, credentials }
}

t.test('it starts and stops, makes the first operator once, and draining twice is draining once', async (t) => {
  const dataDir = shortFolder(t)
  const first = await start(dataDir)
  t.match(first.running.addresses, [{ host: '127.0.0.1' }, { host: '127.0.0.1' }])
  t.match(first.credentials, [{ userId: 'operator', password: /^.{20}$/ }])
  const drained = first.running.drain()
  t.equal(first.running.drain(), drained)
  await within(drained, 'the drain')
  t.strictSame(await first.running.ended, { code: 'drained' })
  const second = await start(dataDir)
  t.strictSame(second.credentials, [])
  await within(second.running.drain(), 'the second drain')
})

t.test('a port that is taken gives its sentence, and nothing is left running', async (t) => {
  const dataDir = shortFolder(t)
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const { port } = taken.address() as { port: number }
  await t.rejects(start(dataDir, { WS_PORT: String(port) }), { code: 'port_taken', message: /PARLEY_WS_PORT/ })
  const { running } = await start(dataDir)
  await within(running.drain(), 'the drain')
})

t.test('a second server on the same data is refused, and the first one goes on', async (t) => {
  const dataDir = shortFolder(t)
  const { running } = await start(dataDir)
  await t.rejects(start(dataDir), { code: 'data_dir_in_use', message: /PARLEY_DATA_DIR/ })
  await within(running.drain(), 'the drain')
})

t.test('when nobody could be told the password of the first operator, the next start makes another', async (t) => {
  const dataDir = shortFolder(t)
  await t.rejects(
    start(dataDir, {}, () => {
      throw new Error('the disk is full')
    }),
    { code: 'failed', message: /disk is full/ },
  )
  const store = openLocalStore({ dataDir })
  t.equal(await store.call('countAccounts', {}), 0)
  store.close()
  const { running, credentials } = await start(dataDir)
  t.equal(credentials.length, 1)
  await within(running.drain(), 'the drain')
})
