/** The promise of delivery on a disk that is full for a while. */
import { join } from 'node:path'
import t from 'tap'
import { databaseFileName } from '../../src/store/database-file.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { until } from '../system/support/deadline.ts'
import { skipUnless } from '../system/support/outside-program.ts'
import { loadFlags, makeDataFolder } from './support/data-folder.ts'
import { Ledger } from './support/ledger.ts'
import { SdkReader } from './support/sdk-reader.ts'
import { startServerProcess } from './support/server-process.ts'
import { SmallDisk } from './support/small-disk.ts'
import { Talk } from './support/talk.ts'

const MEBIBYTE = 2 ** 20
const fullMs = Number(process.env['PARLEY_TEST_FULL_MS'] ?? 60_000)
const resumeMsMax = 5000
const users = ['ann', 'amy', 'here', 'away', 'visitor']

t.setTimeout(300_000)

const disk = SmallDisk.mount(48 * MEBIBYTE)
const skip = skipUnless(disk !== undefined, 'a tmpfs can not be mounted: run this as root on Linux')

t.test('a full disk under load, and room again', { skip, timeout: 300_000 }, async (t) => {
  if (disk === undefined) return
  const dataDir = join(disk.folder, 'data')
  await makeDataFolder(t, users, dataDir)
  const server = await startServerProcess(loadFlags(dataDir))
  const ledger = new Ledger()
  const logIn = (user: string): Promise<SdkReader> =>
    SdkReader.join({ ledger, port: server.port, reader: { user, device: 'desk' } })
  const [ann, amy, here, away] = await Promise.all([logIn('ann'), logIn('amy'), logIn('here'), logIn('away')])
  const visitor = await logIn('visitor')
  await visitor.goAway()
  const talk = new Talk(ledger)
  t.teardown(async () => {
    talk.abandon()
    await Promise.all([ann, amy, here, away, visitor].map((one) => one?.goAway()))
    await server.kill()
    disk.unmount()
  })
  await away.goAway()

  talk.begin([ann, amy], { away: 'away', here: 'here' })
  await until(() => ledger.answers.stored > 200 && ledger.answers.delivered > 20, 'a load that runs')
  const roomLeft = ledger.rejections
  disk.fill(2 * MEBIBYTE)
  await until(() => (ledger.rejections['storage_full'] ?? 0) > 0, 'storage_full', 60_000)
  t.same(roomLeft, {}, 'nothing was refused while there was room')

  const fullAt = performance.now()
  while (performance.now() - fullAt < fullMs) {
    const { delivered } = ledger.answers
    const refused = ledger.rejections['storage_full'] ?? 0
    await until(() => ledger.answers.delivered > delivered + 20, 'messages to who is there')
    await until(() => (ledger.rejections['storage_full'] ?? 0) > refused, 'refusals of what would have to be stored')
    await visitor.comeBack()
    await visitor.goAway()
    await pause(Math.min(1000, fullMs / 10))
  }
  t.equal(server.child.exitCode, null, 'the server is alive')
  t.equal(ann.disconnects + amy.disconnects + here.disconnects, 0, 'and nobody was cut')
  t.same(verifyDatabase(join(dataDir, databaseFileName)).faults, [], 'the database is sound while the disk is full')

  const { stored } = ledger.answers
  const emptiedAt = performance.now()
  disk.empty()
  await until(() => ledger.answers.stored > stored + 50, 'something stored again', 30_000)
  const resumeMs = Math.round(performance.now() - emptiedAt)
  t.ok(resumeMs <= resumeMsMax, `stores again after ${resumeMs} ms`)
  await away.comeBack()
  await talk.stop()
  await until(() => ledger.owedCount() === 0, 'everything that was answered is shown', 60_000)
  const { delivered, sent, rejected } = ledger.answers
  t.comment(`${delivered} delivered, ${ledger.answers.stored} stored, ${sent} sent, ${rejected} rejected`)
  t.comment(`rejections: ${JSON.stringify(ledger.rejections)}`)
  const codes = Object.keys(ledger.rejections).filter((code) => code !== 'storage_full' && code !== 'storage_failed')
  t.same(codes, [], 'senders are told what it is')
  t.same(ledger.faults().slice(0, 20), [], 'no false answer')
  t.same(
    [ann, amy, here, away, visitor].flatMap(({ complaints }) => complaints),
    [],
  )
  await Promise.all([ann, amy, here, away].map((one) => one.goAway()))
  t.equal(await server.stop(), 0)
  t.match(verifyDatabase(join(dataDir, databaseFileName)), { messages: 0, faults: [] }, 'the database is sound')
})

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
