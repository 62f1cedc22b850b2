/** A storm: clients connect and log in by token, many at a time, and stay. How fast, and what each costs in memory. */
import type { Generator } from '../generator/generator.ts'
import type { Outcome } from '../generator/messages.ts'
import type { Login } from '../generator/raw-connection.ts'
import type { RunSettings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { settle } from './idle.ts'
import { type Load, loadNotes, watchLoad } from './load.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'

const columns: readonly Column[] = [
  { key: 'perSecond', heading: 'logins/s', unit: 'per-second', ratio: true },
  { key: 'p50', heading: 'p50', unit: 'milliseconds', ratio: false },
  { key: 'p99', heading: 'p99', unit: 'milliseconds', ratio: false },
  { key: 'serverMicroseconds', heading: 'server CPU/login', unit: 'microseconds', ratio: true },
  { key: 'perConnection', heading: 'memory/connection', unit: 'kibibytes', ratio: true },
  { key: 'generatorActive', heading: 'generator busy', unit: 'fraction', ratio: false },
]

/** Clients that come and go before, so that code is compiled and heaps have grown. */
const warmupClients = 200

interface Storm {
  readonly load: Load
  readonly outcome: Outcome
}

/** One case, on a server that has done nothing before. */
export function connectCases(settings: RunSettings): Case[] {
  const { clients, atOnce } = settings.connect
  return [
    {
      scenario: 'connect',
      name: `${clients} connect`,
      title: `${clients} clients connect and log in by token, ${atOnce} at a time, and stay`,
      columns,
      beside: 'floor',
      needs: { users: clients, manyDevices: false },
      freshServer: true,
      run: (server, bench) => run(server, bench, settings.connect),
    },
  ]
}

async function run(server: Server, bench: Bench, options: RunSettings['connect']): Promise<Measurement> {
  const { atOnce } = options
  const logins = await bench.tokens.minted(options.clients)
  await storm(server, bench, { logins: logins.slice(0, warmupClients), atOnce, whileThere: async () => {} })
  const before = await settle(server)
  let after: typeof before
  const { load, outcome } = await storm(server, bench, {
    logins,
    atOnce,
    whileThere: async () => {
      bench.progress(`${logins.length.toLocaleString('en')} connected`)
      after = await settle(server)
    },
  })
  const { seconds = Number.NaN, times } = outcome.connecting ?? {}
  const figures: Record<string, number> = {
    perSecond: logins.length / seconds,
    generatorActive: load.generatorActive[0] ?? 0,
  }
  if (times !== undefined) {
    figures['p50'] = times.p50Ms
    figures['p99'] = times.p99Ms
  }
  if (load.serverCpuMs !== undefined) figures['serverMicroseconds'] = (load.serverCpuMs * 1000) / logins.length
  if (before !== undefined && after !== undefined) {
    figures['perConnection'] = (after.residentBytes - before.residentBytes) / 1024 / logins.length
  }
  return { figures, verification: undefined, load, times, notes: loadNotes(load), faults: outcome.complaints }
}

async function storm(
  server: Server,
  bench: Bench,
  work: { logins: readonly Login[]; atOnce: number; whileThere: () => Promise<void> },
): Promise<Storm> {
  const [generator] = bench.startGenerators(1)
  if (generator === undefined) throw new Error('no generator')
  const finish = watchLoad(server)
  const stopReports = reportSessions(server, bench)
  let load: Load
  try {
    const { logins, atOnce } = work
    await generator.prepare({ kind: 'idle', endpoint: server.endpoint, logins, atOnce })
    load = finish({ done: logins.length, ...(await usedBy(generator)) })
  } finally {
    stopReports()
  }
  await work.whileThere()
  const outcome = await generator.stop()
  // How busy the generator was while clients connected, without its start.
  const active = outcome.connecting?.active ?? load.generatorActive[0] ?? 0
  return { load: { ...load, generatorActive: [active] }, outcome }
}

async function usedBy(generator: Generator): Promise<{ generatorActive: number; generatorCpuMs: number }> {
  const { cpuMs } = await generator.mark()
  return { generatorActive: 0, generatorCpuMs: cpuMs }
}

/** Tells each second how many the server has, where it can be asked. Returns what ends it. */
function reportSessions(server: Server, bench: Bench): () => void {
  const report = async (): Promise<void> => {
    const sessions = (await server.status?.())?.sessions
    if (sessions !== undefined) bench.progress(`${sessions.toLocaleString('en')} logged in`)
  }
  const timer = setInterval(() => {
    report().catch(() => {})
  }, 1000)
  return () => clearInterval(timer)
}
