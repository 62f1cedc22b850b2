import t from 'tap'
import { Patience } from '../../src/workers/patience.ts'

t.test('a sleep within the patience lasts its time', async (t) => {
  const patience = new Patience(10_000, undefined)
  t.equal(await patience.sleep(1), true)
  t.equal(patience.signal.aborted, false)
  patience.end()
})

t.test('a sleep ends when the time is over', async (t) => {
  const patience = new Patience(1, undefined)
  t.equal(await patience.sleep(10_000), false)
  t.equal(patience.signal.aborted, true)
  t.equal(await patience.sleep(10_000), false, 'and no other begins')
})

t.test('a sleep ends when the caller gives up', async (t) => {
  const caller = new AbortController()
  const patience = new Patience(10_000, caller.signal)
  const slept = patience.sleep(10_000)
  caller.abort()
  t.equal(await slept, false)
  patience.end()
})

t.test('who gave up before has no patience', async (t) => {
  const patience = new Patience(10_000, AbortSignal.abort())
  t.equal(patience.signal.aborted, true)
  patience.end()
})

t.test('after its end the caller no longer matters', async (t) => {
  const caller = new AbortController()
  const patience = new Patience(10_000, caller.signal)
  patience.end()
  caller.abort()
  t.equal(patience.signal.aborted, false)
})
