/** The promise of delivery, while threads of the server are ended again and again. */
import { join } from 'node:path'
import t from 'tap'
import { databaseFileName } from '../../src/store/database-file.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { newSeed, randomOf } from '../mailbox/random.ts'
import { until } from '../system/support/deadline.ts'
import { loadFlags, makeDataFolder } from './support/data-folder.ts'
import { DeliveryLoad, loadUsers } from './support/delivery-load.ts'
import { Ledger } from './support/ledger.ts'
import { startServerProcess, type ThreadName } from './support/server-process.ts'

/** A thread that dies more often than this in a row ends the server. */
const deathsEach = 5
const lives = 3
const answersPerDeath = 1000

t.setTimeout(600_000)

t.test('the storage thread, a worker, the acceptor thread die under load', { timeout: 600_000 }, async (t) => {
  const seed = newSeed()
  t.comment(`TEST_SEED=${seed}`)
  const random = randomOf(seed)
  const dataDir = await makeDataFolder(t, loadUsers)
  const settings = { ACCEPTOR_THREADS: '1', POOL_MIN_THREADS: '2' }
  let server = await startServerProcess(loadFlags(dataDir, settings))
  const flags = loadFlags(dataDir, { ...settings, PORT: `${server.port}` })
  const ledger = new Ledger()
  const load = await DeliveryLoad.start({ ledger, random, port: server.port })
  t.teardown(async () => {
    await load.end()
    await server.kill()
  })
  const answered = (count: number): Promise<void> => {
    const enough = ledger.answeredCount + count
    return until(() => ledger.answeredCount >= enough, `${enough} answers`, 60_000)
  }
  const cutByOthers: string[] = []
  for (let life = 0; life < lives; life++) {
    for (const thread of shuffled(threadsOfALife(), random)) {
      const { disconnects } = load
      const { stored } = ledger.answers
      await answered(random(answersPerDeath))
      server.terminate(thread)
      await answered(answersPerDeath)
      await until(() => ledger.answers.stored > stored, 'something stored', 30_000)
      const cut = load.disconnects - disconnects
      if (thread === 'acceptor') t.ok(cut > 0, `its end cuts ${cut} connections`)
      else if (cut > 0) cutByOthers.push(`${thread}: ${cut}`)
      t.equal(server.child.exitCode, null, `alive after the end of ${thread}`)
    }
    if (life + 1 === lives) break
    t.equal(await server.stop(), 0, 'drained under load')
    server = await startServerProcess(flags)
    await answered(answersPerDeath)
  }
  await load.settle(60_000)
  const { delivered, stored, sent, rejected } = ledger.answers
  const kinds = `${delivered} delivered, ${stored} stored, ${sent} sent, ${rejected} rejected`
  t.comment(`${ledger.answeredCount} answers (${kinds}), ${ledger.shownCount} shown, ${load.disconnects} disconnects`)
  t.comment(`rejections: ${JSON.stringify(ledger.rejections)}; ${ledger.againCount} shown again`)
  t.same(cutByOthers, [], 'the storage thread and the pool cut no connection')
  t.same(ledger.faults().slice(0, 20), [], 'nothing is lost, shown twice or out of order')
  t.same(load.complaints().slice(0, 20), [], 'no client was told of a loss')
  await load.end()
  t.equal(await server.stop(), 0)
  t.match(verifyDatabase(join(dataDir, databaseFileName)), { messages: 0, faults: [] }, 'nothing is left in the store')
})

function threadsOfALife(): ThreadName[] {
  return (['store', 'acceptor', 'pool'] as const).flatMap((thread) => Array.from({ length: deathsEach }, () => thread))
}

function shuffled<Item>(items: readonly Item[], random: (count: number) => number): Item[] {
  const left = [...items]
  return items.flatMap(() => left.splice(random(left.length), 1))
}
