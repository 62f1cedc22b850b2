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

/** Not every server takes what its library gave to clients; one that does not makes a full handshake. */
export const resumedColumn: Column = { key: 'resumed', heading: 'resumed', unit: 'fraction', ratio: false }

/** Clients that come and go before, so that code is compiled and heaps have grown. */
const warmupClients = 200

interface Storm {
  readonly load: Load
  readonly outcome: Outcome
}

/**
 * Cases on a server that has done nothing before: one, and where sessions are sealed another in which clients come
 * back with what an earlier session left to them.
 */
export function connectCases(settings: Pick<RunSettings, 'connect' | 'security'>): Case[] {
  const { clients, atOnce } = settings.connect
  const one: Case = {
    scenario: 'connect',
    name: `${clients} connect`,
    title: `${clients} clients connect and log in by token, ${atOnce} at a time, and stay`,
    columns,
    beside: 'floor',
    needs: { users: clients, manyDevices: false },
    freshServer: true,
    run: (server, bench) => run(server, bench, { ...settings.connect, isResumed: false }),
  }
  if (settings.security !== 'sealed') return [one]
  return [
    { ...one, title: `${clients} clients connect by a full handshake and log in, ${atOnce} at a time, and stay` },
    {
      ...one,
      name: `${clients} resume`,
      title: `${clients} clients resume an earlier session and log in, ${atOnce} at a time, and stay`,
      columns: [...columns, resumedColumn],
      // In plain sessions there is nothing to resume.
      fits: (name) => name !== 'plain' && name !== 'floor',
      run: (server, bench) => run(server, bench, { ...settings.connect, isResumed: true }),
    },
  ]
}

async function run(
  server: Server,
  bench: Bench,
  options: RunSettings['connect'] & { readonly isResumed: boolean },
): Promise<Measurement> {
  const { atOnce } = options
  const first = await bench.tokens.minted(options.clients)
  await storm(server, bench, { logins: first.slice(0, warmupClients), atOnce })
  const logins = options.isResumed ? await earlierSessions(server, bench, { logins: first, atOnce }) : first
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
    resumed: (outcome.counts?.['resumed'] ?? 0) / logins.length,
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

/** Clients connect and go; how each of them can come back. */
export async function earlierSessions(
  server: Server,
  bench: Bench,
  work: { logins: readonly Login[]; atOnce: number },
): Promise<Login[]> {
  const { outcome } = await storm(server, bench, work)
  return work.logins.map((login, index) => {
    const resume = outcome.resumptions?.[index]
    return resume === undefined || resume === '' ? login : { ...login, resume }
  })
}

async function storm(
  server: Server,
  bench: Bench,
  work: { logins: readonly Login[]; atOnce: number; whileThere?: () => Promise<void> },
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
  await work.whileThere?.()
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
