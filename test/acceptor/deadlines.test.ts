import t from 'tap'
import type { Connection } from '../../src/acceptor/connection.ts'
import { dueOf } from '../../src/acceptor/deadlines.ts'
import { connectionIn, sessionOf } from './fakes.ts'

const limits = { heartbeatAfterMs: 25_000, heartbeatTimeoutMs: 10_000 }

function inSession(changes: Partial<Connection> = {}): Connection {
  return Object.assign(connectionIn({ kind: 'session', session: sessionOf('ann') }), { lastHeardAt: 1000 }, changes)
}

t.test('a login has its deadline, and one that is being checked has none', async (t) => {
  t.equal(dueOf(connectionIn({ kind: 'greeting', deadline: 10 }), 9, limits), undefined)
  t.equal(dueOf(connectionIn({ kind: 'greeting', deadline: 10 }), 10, limits), 'auth_timeout')
  t.equal(dueOf(connectionIn({ kind: 'authenticating' }), 1e9, limits), undefined)
})

t.test('a connection that does not take its last bytes is cut', async (t) => {
  t.equal(dueOf(connectionIn({ kind: 'closing', deadline: 10 }), 9, limits), undefined)
  t.equal(dueOf(connectionIn({ kind: 'closing', deadline: 10 }), 10, limits), 'cut')
  t.equal(dueOf(connectionIn({ kind: 'closed' }), 1e9, limits), undefined)
})

t.test('a silent client is asked, and closed only when it has ever answered', async (t) => {
  t.equal(dueOf(inSession(), 25_999, limits), undefined)
  t.equal(dueOf(inSession(), 26_000, limits), 'ask')
  t.equal(dueOf(inSession({ probedAt: 26_000, answersHeartbeats: true }), 35_999, limits), undefined)
  t.equal(dueOf(inSession({ probedAt: 26_000, answersHeartbeats: true }), 36_000, limits), 'idle')
  t.equal(dueOf(inSession({ probedAt: 26_000 }), 36_000, limits), undefined)
  t.equal(dueOf(inSession({ probedAt: 26_000 }), 51_000, limits), 'listen')
})

t.test('a client to whom the server does not listen is not silent', async (t) => {
  t.equal(dueOf(inSession({ paused: true, probedAt: 1, answersHeartbeats: true }), 1e9, limits), 'listen')
})
