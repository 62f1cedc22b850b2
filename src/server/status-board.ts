/** The figures of a running server, gathered from the events of its parts. Runs on: the main thread. */
import type { ConnectionsLimit } from '../config/descriptors.ts'
import type { AcceptorCounters, AcceptorEvent } from '../mailbox/router-messages.ts'
import type { RouterShell } from '../router/router-shell.ts'
import type { WorkerPool } from '../workers/pool.ts'
import type { ListeningAddress } from './acceptor-thread.ts'
import type { ServerStatus } from './control-protocol.ts'

/** See the head of the file. */
export class ServerStatusBoard {
  readonly #counters: AcceptorCounters[] = []

  /** To be told of every event of every acceptor. */
  onAcceptorEvent(index: number, event: AcceptorEvent): void {
    if (event.name === 'counters') this.#counters[index] = event.counters
  }

  /** The figures of now; those of the acceptors are up to a second old. */
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
      acceptors: this.#counters,
      pool: parts.pool.stats(),
      memory: { rssBytes: memory.rss, mainHeapUsedBytes: memory.heapUsed },
    }
  }
}
