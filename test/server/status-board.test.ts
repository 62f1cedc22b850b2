import t from 'tap'
import type { AcceptorCounters } from '../../src/mailbox/router-messages.ts'
import type { RouterShell } from '../../src/router/router-shell.ts'
import { ServerStatusBoard } from '../../src/server/status-board.ts'
import type { WorkerPool } from '../../src/workers/pool.ts'

t.test('the status has the last counters of every acceptor, and the figures of the other parts', (t) => {
  const board = new ServerStatusBoard()
  const counters = (connections: number): AcceptorCounters => ({ connections }) as AcceptorCounters
  board.onAcceptorEvent(0, { name: 'counters', counters: counters(1) })
  board.onAcceptorEvent(1, { name: 'counters', counters: counters(5) })
  board.onAcceptorEvent(0, { name: 'counters', counters: counters(2) })
  board.onAcceptorEvent(0, { name: 'quiesced' })
  const status = board.status({
    version: '1.2.3',
    startedAt: Date.now() - 5000,
    addresses: [],
    connections: { connectionsMax: 10 } as never,
    shell: { counts: () => ({ users: 1, sessions: 2, undecided: 3 }) } as unknown as RouterShell,
    pool: { stats: () => ({ threads: 1 }) } as unknown as WorkerPool,
  })
  t.match(status, {
    version: '1.2.3',
    pid: process.pid,
    uptimeS: 5,
    users: 1,
    sessions: 2,
    connectionsMax: 10,
    acceptors: [{ connections: 2 }, { connections: 5 }],
  })
  t.end()
})
