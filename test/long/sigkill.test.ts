/** The promise of delivery, while the server is killed again and again. */
import { join } from 'node:path'
import t from 'tap'
import { databaseFileName } from '../../src/store/database-file.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { newSeed, randomOf } from '../mailbox/random.ts'
import { until } from '../system/support/deadline.ts'
import { loadFlags, makeDataFolder } from './support/data-folder.ts'
import { DeliveryLoad, loadUsers } from './support/delivery-load.ts'
import { Ledger } from './support/ledger.ts'
import { killWhileStarting, startServerProcess } from './support/server-process.ts'

const kills = Number(process.env['PARLEY_TEST_KILLS'] ?? 50)
const answersMin = kills * 2000
const readyMsMax = 3000

t.setTimeout(600_000)

t.test('50 times SIGKILL under load', { timeout: 600_000 }, async (t) => {
  const seed = newSeed()
  t.comment(`TEST_SEED=${seed}`)
  const random = randomOf(seed)
  const dataDir = await makeDataFolder(t, loadUsers)
  let server = await startServerProcess(loadFlags(dataDir))
  const flags = loadFlags(dataDir, { PORT: `${server.port}` })
  const ledger = new Ledger()
  const load = await DeliveryLoad.start({ ledger, random, port: server.port })
  t.teardown(async () => {
    await load.end()
    await server.kill()
  })
  const readyMs: number[] = []
  for (let kill = 0; kill < kills; kill++) {
    const enough = (answersMin * (kill + 1)) / kills - 1000 + random(2000)
    await until(() => ledger.answeredCount >= enough, `${Math.round(enough)} answers`, 60_000)
    await server.kill()
    if (random(10) === 0) await killWhileStarting(flags, random(600))
    server = await startServerProcess(flags)
    readyMs.push(Math.round(server.readyMs))
  }
  await until(() => ledger.answeredCount >= answersMin, `${answersMin} answers`, 60_000)
  await load.settle(60_000)
  const { delivered, stored, sent, rejected } = ledger.answers
  const kinds = `${delivered} delivered, ${stored} stored, ${sent} sent, ${rejected} rejected`
  t.comment(`${ledger.answeredCount} answers (${kinds}), ${ledger.shownCount} shown, ${load.disconnects} disconnects`)
  readyMs.sort((left, right) => left - right)
  t.comment(`ready after ${readyMs.join(' ')} ms`)
  t.comment(`${ledger.againCount} shown again by an application that was begun anew`)
  t.ok(ledger.answeredCount >= answersMin)
  t.same(ledger.faults().slice(0, 20), [], 'nothing is lost, shown twice or out of order')
  t.same(load.complaints().slice(0, 20), [], 'no client was told of a loss')
  t.same(ledger.rejections, {})
  t.ok((readyMs.at(-1) ?? 0) <= readyMsMax, `ready within ${readyMsMax} ms each time`)
  await load.end()
  t.equal(await server.stop(), 0)
  t.match(verifyDatabase(join(dataDir, databaseFileName)), { messages: 0, faults: [] }, 'nothing is left in the store')
})
