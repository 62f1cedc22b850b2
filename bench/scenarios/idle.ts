/** Memory of the server per connection that has logged in and does nothing; and how fast so many come in. */
import { now } from '../generator/clock.ts'
import type { Outcome } from '../generator/messages.ts'
import type { Login } from '../generator/raw-connection.ts'
import type { Settings } from '../options.ts'
import { type ProcessMemory, readProcessMemory } from '../proc-stat.ts'
import type { Server } from '../servers/server.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'

const columns: readonly Column[] = [
  { key: 'perConnection', heading: 'memory/connection', unit: 'kibibytes', ratio: true },
  { key: 'started', heading: 'memory after start', unit: 'kibibytes', ratio: false },
  { key: 'before', heading: 'after first logins', unit: 'kibibytes', ratio: false },
  { key: 'after', heading: 'with connections', unit: 'kibibytes', ratio: false },
  { key: 'perSecond', heading: 'connected and logged in/s', unit: 'per-second', ratio: true },
  { key: 'generatorActive', heading: 'generator busy', unit: 'fraction', ratio: false },
]

/** Users of a server that lets each have many devices; else as many as connections. */
const devicesAssumed = 16
const lookMs = 250
const settleMsMax = 10_000
const settledBytes = 256 * 1024

/** One case, on a server that has done nothing before. */
export function idleCases(settings: Settings): Case[] {
  return [idleCase(settings, run)]
}

/** One case, on a server to which as many have come before, and gone again. */
export function returningCases(settings: Settings): Case[] {
  const one = idleCase(settings, async (server, bench) => {
    const logins = await loginsOf(server, bench)
    await hold(server, bench, logins, async () => {})
    return run(server, bench)
  })
  return [{ ...one, name: `${one.name} again`, title: `${one.title}, after as many have come and gone` }]
}

function idleCase(settings: Settings, measure: Case['run']): Case {
  const users = settings.running === undefined ? Math.ceil(settings.idle / devicesAssumed) : settings.idle
  return {
    scenario: 'idle',
    name: `${settings.idle} idle`,
    title: `${settings.idle} idle connections, logged in by token`,
    columns,
    beside: 'floor',
    needs: { users, manyDevices: true },
    freshServer: true,
    run: measure,
  }
}

async function run(server: Server, bench: Bench): Promise<Measurement> {
  const { settings } = bench
  const started = await settle(server)
  const logins = await loginsOf(server, bench)
  const before = await settle(server)
  let after: ProcessMemory | undefined
  const outcome = await hold(server, bench, logins, async () => {
    after = await settle(server)
  })
  const { seconds, active } = outcome.connecting ?? { seconds: Number.NaN, active: 0 }
  const figures: Record<string, number> = { perSecond: settings.idle / seconds, generatorActive: active }
  if (started !== undefined && before !== undefined && after !== undefined) {
    figures['started'] = started.residentBytes / 1024
    figures['before'] = before.residentBytes / 1024
    figures['after'] = after.residentBytes / 1024
    figures['perConnection'] = (after.residentBytes - before.residentBytes) / 1024 / settings.idle
  }
  return {
    figures,
    verification: undefined,
    load: undefined,
    times: undefined,
    notes: notesOf(settings, before),
    faults: outcome.complaints,
  }
}

/** How each connection logs in: users by their tokens, again from the first when all have had their turn. */
async function loginsOf(server: Server, bench: Bench): Promise<Login[]> {
  const { idle } = bench.settings
  const users = Math.ceil(idle / server.devicesPerUser)
  bench.progress(`${users} users get their tokens`)
  const tokens = await bench.tokens.logins(users)
  return Array.from({ length: idle }, (_, index) => tokens[index % users] ?? server.login(0))
}

/** Connects and logs in all, and lets them go after something was done. */
async function hold(
  server: Server,
  bench: Bench,
  logins: readonly Login[],
  whileThere: () => Promise<void>,
): Promise<Outcome> {
  const [generator] = bench.startGenerators(1)
  if (generator === undefined) throw new Error('no generator')
  await generator.prepare({ kind: 'idle', endpoint: server.endpoint, logins })
  bench.progress(`${logins.length} connected`)
  await whileThere()
  return generator.stop()
}

function notesOf(settings: Settings, before: ProcessMemory | undefined): string[] {
  if (before === undefined) return ["the server's process is not known, so its memory is not (--pid)"]
  if (settings.running === undefined) return []
  return ['the server has served others before: connections may use what those left free']
}

/** Waits until the server's memory stays as it is for a second, for ten at most. */
export async function settle(server: Server): Promise<ProcessMemory | undefined> {
  if (server.pid === undefined) return undefined
  const deadline = now() + settleMsMax
  let current = readProcessMemory(server.pid)
  let quietMs = 0
  while (quietMs < 1000 && now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, lookMs))
    const last = current
    current = readProcessMemory(server.pid)
    const change = Math.abs((current?.residentBytes ?? 0) - (last?.residentBytes ?? 0))
    quietMs = change < settledBytes ? quietMs + lookMs : 0
  }
  return current
}
