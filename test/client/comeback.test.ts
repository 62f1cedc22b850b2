import t from 'tap'
import { comebackDelayMs, nextAttempt } from '../../src/client/comeback.ts'
import { ParleyError } from '../../src/client/errors.ts'
import { Link } from '../../src/client/link.ts'
import { readOptions } from '../../src/client/options.ts'

const options = readOptions({ reconnect: { baseMs: 100, capMs: 1000, attemptsMax: 3 }, random: () => 0.5 })

t.test('tries are counted until a connection has lasted', async (t) => {
  const link = new Link(options, { message() {}, fault() {}, drained() {}, lost() {}, heartbeat() {} })
  t.equal(nextAttempt({ kind: 'online', link, attempt: 4, since: Date.now() }), 5)
  t.equal(nextAttempt({ kind: 'online', link, attempt: 4, since: Date.now() - 60_000 }), 1)
  t.equal(nextAttempt({ kind: 'loggingIn', link, attempt: 2 }), 3)
  t.equal(nextAttempt({ kind: 'loggingIn', link, attempt: 0 }), undefined, 'the first login is the application’s')
  t.equal(nextAttempt({ kind: 'open', link }), undefined)
  t.equal(nextAttempt({ kind: 'closed', error: undefined }), undefined)
})

t.test('the wait grows, and is never shorter than the server asks', async (t) => {
  const lost = new ParleyError('connection_lost')
  t.same(
    [1, 2, 3, 4].map((attempt) => comebackDelayMs(options, attempt, lost)),
    [50, 100, 200, undefined],
  )
  t.equal(comebackDelayMs(options, 1, new ParleyError('server_busy', { retryAfterMs: 5000 })), 5000)
})

t.test('some reasons are final', async (t) => {
  for (const code of ['kicked', 'banned', 'replaced', 'account_changed', 'auth_failed']) {
    t.equal(comebackDelayMs(options, 1, new ParleyError(code, { retryable: true })), undefined, code)
  }
  t.equal(comebackDelayMs(options, 1, new ParleyError('protocol_abuse')), undefined)
  t.equal(comebackDelayMs({ ...options, reconnect: undefined }, 1, new ParleyError('connection_lost')), undefined)
})
