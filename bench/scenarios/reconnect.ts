/**
 * All clients of a server come back at the same moment, as after the restart of a proxy, each with what its earlier session left to
 * it; others go on meanwhile. How long it takes until all are back, and what the others notice.
 */
import { now } from '../generator/clock.ts'
import type { Server } from '../servers/server.ts'
import { verify } from '../verifier.ts'
import { earlierSessions, resumedColumn } from './connect.ts'
import { watchLoad } from './load.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'
import { pairUp } from './throughput.ts'

const columns: readonly Column[] = [
  { key: 'backMs', heading: 'all back after', unit: 'milliseconds', ratio: true },
  { key: 'serverMicroseconds', heading: 'server CPU/client', unit: 'microseconds', ratio: true },
  { key: 'p50', heading: "others' p50", unit: 'milliseconds', ratio: false },
  { key: 'p99', heading: "others' p99", unit: 'milliseconds', ratio: true },
  { key: 'max', heading: "others' max", unit: 'milliseconds', ratio: false },
  { key: 'lagP99', heading: 'generator late p99', unit: 'milliseconds', ratio: false },
  resumedColumn,
]

const pairs = 20
const ratePerSecond = 1000
/** The others get so long to be at work before the storm. */
const leadMs = 1500
/** Later than any storm ends: the others are told when. */
const longMs = 600_000

/** One case, on a server that has done nothing before. */
export function reconnectCases(clients: number): Case[] {
  return [
    {
      scenario: 'reconnect',
      name: `${clients} come back`,
      title: `${clients} clients come back at once with what their earlier session left to them; ${pairs} pairs go on at ${ratePerSecond} messages/s`,
      columns,
      beside: 'floor',
      needs: { users: clients + 2 * pairs, manyDevices: false },
      freshServer: true,
      run: (server, bench) => run(server, bench, clients),
    },
  ]
}

async function run(server: Server, bench: Bench, clients: number): Promise<Measurement> {
  const all = await bench.tokens.minted(clients + 2 * pairs)
  const logins = await earlierSessions(server, bench, { logins: all.slice(2 * pairs), atOnce: 100 })
  const [pacer, sink, storm] = bench.startGenerators(3)
  if (pacer === undefined || sink === undefined || storm === undefined) throw new Error('no generators')
  const work = {
    endpoint: server.endpoint,
    pairs: pairUp(all.slice(0, 2 * pairs)),
    shape: { size: bench.settings.size, from: 'set', callback: false },
    pace: { ratePerSecond, senders: pairs },
  } as const
  await sink.prepare({ kind: 'sink', ...work })
  await pacer.prepare({ kind: 'pacer', ...work })
  const startMs = now()
  const schedule = { startMs, measureMs: startMs + leadMs, endMs: startMs + longMs }
  await sink.start(schedule)
  await pacer.start(schedule)
  await new Promise((resolve) => setTimeout(resolve, leadMs))
  bench.progress('all come back')
  const finish = watchLoad(server)
  await storm.prepare({ kind: 'idle', endpoint: server.endpoint, logins, atOnce: clients })
  const load = finish({ done: clients, generatorActive: 0, generatorCpuMs: 0 })
  const paced = await pacer.stop()
  const received = await sink.stop(paced.sent)
  const outcome = await storm.stop()
  const { times } = received
  const figures: Record<string, number> = {
    backMs: (outcome.connecting?.seconds ?? Number.NaN) * 1000,
    resumed: (outcome.counts?.['resumed'] ?? 0) / clients,
  }
  if (times !== undefined) {
    figures['p50'] = times.p50Ms
    figures['p99'] = times.p99Ms
    figures['max'] = times.maxMs
  }
  if (paced.lag !== undefined) figures['lagP99'] = paced.lag.p99Ms
  if (load.serverCpuMs !== undefined) figures['serverMicroseconds'] = (load.serverCpuMs * 1000) / clients
  return {
    figures,
    verification: verify(paced.sent, received.arrivals),
    load: undefined,
    times,
    notes: [],
    faults: [...outcome.complaints, ...received.complaints, ...paced.complaints],
  }
}
