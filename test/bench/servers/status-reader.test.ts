import t from 'tap'
import { pickStatus, StatusReader } from '../../../bench/servers/status-reader.ts'

t.test('figures are picked out of a status', async (t) => {
  const lanes = { passwords: { queued: 3, done: 10 }, signatures: { queued: 4, done: 5 } }
  const status = { sessions: 7, pool: { threads: 4, idleThreads: 1, lanes } }
  t.strictSame(pickStatus(status), { sessions: 7, poolThreads: 4, poolBusy: 3, poolQueued: 7, poolDone: 15 })
})

t.test('what a server does not say, or says in another way, is left out', async (t) => {
  t.strictSame(pickStatus({}), {})
  t.strictSame(pickStatus({ sessions: 'many', pool: null }), {})
  t.strictSame(pickStatus({ pool: { threads: 2, lanes: { passwords: 1 } } }), { poolThreads: 2 })
})

t.test('where no server runs there is no status', async (t) => {
  const reader = new StatusReader(t.testdir())
  t.equal(await reader.read(), undefined)
  reader.close()
})
