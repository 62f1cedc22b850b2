/** The promise of delivery while the disk fails: writes of the running server end with an I/O error, and later succeed again. */
import { join } from 'node:path'
import t from 'tap'
import { databaseFileName } from '../../src/store/database-file.ts'
import { verifyDatabase } from '../../src/store/verify.ts'
import { until } from '../system/support/deadline.ts'
import { loadFlags, makeDataFolder } from './support/data-folder.ts'
import { Ledger } from './support/ledger.ts'
import { SdkReader } from './support/sdk-reader.ts'
import { startServerProcess } from './support/server-process.ts'
import { limitFileSize, skipWithoutSizeLimit } from './support/size-limit.ts'
import { Talk } from './support/talk.ts'

const failingMs = Number(process.env['PARLEY_TEST_FAILING_MS'] ?? 20_000)
const resumeMsMax = 5000
const users = ['ann', 'amy', 'here', 'away', 'late']
/** Less than a page: nothing can be written into the database or its journal. */
const nothingBytes = 1024

t.setTimeout(300_000)

t.test('writes that fail under load, and then succeed again', { skip: skipWithoutSizeLimit }, async (t) => {
  const dataDir = await makeDataFolder(t, users)
  const path = join(dataDir, databaseFileName)
  const server = await startServerProcess(loadFlags(dataDir, { HISTORY: '30d,1000' }))
  const { pid } = server.child
  const ledger = new Ledger()
  const logIn = (user: string): Promise<SdkReader> =>
    SdkReader.join({ ledger, port: server.port, reader: { user, device: 'desk' } })
  const [ann, amy, here, away] = await Promise.all([logIn('ann'), logIn('amy'), logIn('here'), logIn('away')])
  await away.goAway()
  const talk = new Talk(ledger)
  t.teardown(async () => {
    talk.abandon()
    await Promise.all([ann, amy, here, away].map((one) => one.goAway()))
    await server.kill()
  })

  talk.begin([ann, amy], { away: 'away', here: 'here' })
  await until(() => ledger.answers.stored > 200 && ledger.answers.delivered > 20, 'a load that runs')
  t.same(ledger.rejections, {}, 'nothing was refused before')

  limitFileSize(pid, nothingBytes)
  const refusedCount = (): number =>
    (ledger.rejections['storage_failed'] ?? 0) + (ledger.rejections['storage_full'] ?? 0)
  await until(() => refusedCount() > 0, 'a refusal')
  const failingAt = performance.now()
  while (performance.now() - failingAt < failingMs) {
    const [delivered, refused] = [ledger.answers.delivered, refusedCount()]
    await until(() => ledger.answers.delivered > delivered + 20, 'messages to who is there')
    await until(() => refusedCount() > refused, 'refusals of what would have to be stored')
    await pause(Math.min(1000, failingMs / 10))
  }
  const { stored } = ledger.answers
  await pause(200)
  t.equal(ledger.answers.stored, stored, 'nothing is answered stored')
  t.equal(server.child.exitCode, null, 'the server is alive')
  t.equal(ann.disconnects + amy.disconnects + here.disconnects, 0, 'and nobody was cut')
  await t.rejects(logIn('late'), { code: 'storage_failed', retryable: true }, 'a device can not be noted')
  t.same(verifyDatabase(path).faults, [], 'the database is sound while writes fail')

  const liftedAt = performance.now()
  limitFileSize(pid, 'unlimited')
  await until(() => ledger.answers.stored > stored + 50, 'something stored again', 30_000)
  const resumeMs = Math.round(performance.now() - liftedAt)
  t.ok(resumeMs <= resumeMsMax, `stores again after ${resumeMs} ms`)
  await away.comeBack()
  await talk.stop()
  await until(() => ledger.owedCount() === 0, 'everything that was answered is shown', 60_000)
  const { delivered, sent, rejected } = ledger.answers
  t.comment(`${delivered} delivered, ${ledger.answers.stored} stored, ${sent} sent, ${rejected} rejected`)
  t.comment(`rejections: ${JSON.stringify(ledger.rejections)}; again after ${resumeMs} ms`)
  const codes = Object.keys(ledger.rejections).filter((code) => code !== 'storage_full' && code !== 'storage_failed')
  t.same(codes, [], 'senders are told what it is')
  t.same(ledger.faults().slice(0, 20), [], 'no false answer')
  t.same(
    [ann, amy, here].flatMap(({ complaints }) => complaints),
    [],
  )
  // Of what was refused with storage_failed nobody knows what became: its numbers are told as missing.
  t.match(away.complaints, [/^away\/desk: missing /])
  await Promise.all([ann, amy, here, away].map((one) => one.goAway()))
  t.equal(await server.stop(), 0)
  t.match(verifyDatabase(path), { messages: 0, faults: [] }, 'the database is sound')
})

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
