import t from 'tap'
import { EventLog } from '../../src/server/event-log.ts'
import { recordingLog } from './recording-log.ts'

t.test('ends of connections are told at the level that their reason deserves', (t) => {
  const { log, lines } = recordingLog()
  const events = new EventLog(log)
  const closed = {
    name: 'connectionClosed',
    connection: 1,
    address: 'a',
    user: 'ann',
    detail: undefined,
    receivedBytes: 1,
    sentBytes: 2,
  } as const
  events.acceptor({ ...closed, reason: 'peer' })
  events.acceptor({ ...closed, reason: 'slow_consumer' })
  t.strictSame(
    lines.map(({ level, fields }) => [level, fields['reason']]),
    [
      ['debug', 'peer'],
      ['info', 'slow_consumer'],
    ],
  )
  t.end()
})

t.test('every event has its line, but the counters', (t) => {
  const { log, lines } = recordingLog()
  const events = new EventLog(log)
  events.acceptor({ name: 'listening', listener: 'tcp', host: 'h', port: 1 })
  events.acceptor({ name: 'refused', address: 'a', reason: 'server_busy' })
  events.acceptor({ name: 'acceptPaused', reason: 'EMFILE' })
  events.acceptor({ name: 'quiesced' })
  events.acceptor({ name: 'counters', counters: {} as never })
  events.router({ kind: 'observed', name: 'kicked', user: 'ann', connection: 1, detail: '' })
  events.router({ kind: 'observed', name: 'sessionBegan', user: 'ann', connection: 1, detail: '' })
  events.router({ kind: 'observed', name: 'storedDamaged', user: 'ann', connection: 1, detail: 'e1, 1 to 2' })
  events.authenticator({ name: 'loginRefused', userId: 'ann', address: 'a', code: 'auth_failed', tookMs: 1 })
  events.authenticator({ name: 'authenticatorFault', userId: 'ann', detail: 'd' })
  events.authenticator({ name: 'loggedIn', userId: 'ann', address: 'a', by: 'token', tookMs: 1 })
  events.pool({ name: 'workerStarted', threads: 1 })
  events.pool({ name: 'workerLost', cause: 'hung', lane: undefined, detail: '' })
  events.control({ name: 'listening', path: 'p' })
  events.control({ name: 'called', call: 'who', userId: undefined })
  events.control({ name: 'failed', call: 'who', error: new Error('x') })
  events.control({ name: 'refused', call: 'who', code: 'bad_request', message: 'm' })
  t.strictSame(
    lines.map(({ level }) => level),
    [
      ...['info', 'debug', 'error', 'debug'],
      ...['info', 'debug', 'warn'],
      ...['info', 'error', 'debug'],
      ...['debug', 'warn'],
      ...['debug', 'debug', 'error', 'warn'],
    ],
  )
  t.end()
})
