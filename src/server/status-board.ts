/** The figures of a running server, gathered from the events of its parts. Runs on: the main thread. */
import type { ConnectionsLimit } from '../config/descriptors.ts'
import type { AcceptorCounters, AcceptorEvent } from '../mailbox/router-messages.ts'
import type { RouterShell } from '../router/router-shell.ts'
import type { WorkerPool } from '../workers/pool.ts'
import type { ListeningAddress } from './acceptor-thread.ts'
import type { ServerStatus } from './control-protocol.ts'

/** See the head of the file. */
export class ServerStatusBoard {
  #counters: AcceptorCounters | undefined

  /** To be told of every event of the acceptor. */
  onAcceptorEvent(event: AcceptorEvent): void {
    if (event.name === 'counters') this.#counters = event.counters
  }

  /** The figures of now; the acceptor's are up to a second old. */
  status(parts: {
    version: string
    /** Unix time in milliseconds. */
    startedAt: number
    addresses: readonly ListeningAddress[]
    connections: ConnectionsLimit
    shell: RouterShell
    pool: WorkerPool
  }): ServerStatus {
    const memory = process.memoryUsage()
    return {
      version: parts.version,
      pid: process.pid,
      uptimeS: Math.floor((Date.now() - parts.startedAt) / 1000),
      addresses: parts.addresses,
      ...parts.shell.counts(),
      connectionsMax: parts.connections.connectionsMax,
      acceptor: this.#counters ?? {},
      pool: parts.pool.stats(),
      memory: { rssBytes: memory.rss, mainHeapUsedBytes: memory.heapUsed },
    }
  }
}
