/** A realistic day in short: many quiet users, some busy ones, some away, and all come and go. */
import { now } from '../generator/clock.ts'
import type { Habits, Outcome } from '../generator/messages.ts'
import type { RunSettings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { verify } from '../verifier.ts'
import { type Load, loadNotes, measureLoad } from './load.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'

const columns: readonly Column[] = [
  { key: 'p99', heading: 'delivery p99', unit: 'milliseconds', ratio: false },
  { key: 'p50', heading: 'p50', unit: 'milliseconds', ratio: false },
  { key: 'perSecond', heading: 'delivered/s', unit: 'per-second', ratio: false },
  { key: 'rejected', heading: 'to away/s', unit: 'per-second', ratio: false },
  { key: 'logins', heading: 'logins/s', unit: 'per-second', ratio: false },
  { key: 'loginP99', heading: 'login p99', unit: 'milliseconds', ratio: false },
  { key: 'dropped', heading: 'dropped out/s', unit: 'per-second', ratio: false },
  { key: 'errors', heading: 'errors', unit: 'count', ratio: false },
  { key: 'serverMicroseconds', heading: 'server CPU/message', unit: 'microseconds', ratio: false },
]

/** A day within minutes: sessions of 20 s, one user in seven is away. */
const habits: Habits = { busyUsers: 0.05, busyShare: 0.6, onlineMs: 20_000, awayMs: 3500, abruptShare: 0.3 }

/** One case. The floor knows no absence, so it does not take part. */
export function mixedCases(settings: RunSettings): Case[] {
  const { users, rate } = settings.mixed
  return [
    {
      scenario: 'mixed',
      name: `${users} mixed users`,
      title: `${users} users who come and go, ${habits.busyUsers * 100} % of them write ${habits.busyShare * 100} % of ${rate} messages/s, with answers`,
      columns,
      beside: 'floor',
      needs: { users, manyDevices: false },
      freshServer: false,
      fits: (name) => name !== 'floor',
      run: (server, bench) => run(server, bench, settings.mixed),
    },
  ]
}

async function run(server: Server, bench: Bench, mixed: RunSettings['mixed']): Promise<Measurement> {
  const { settings } = bench
  const [generator] = bench.startGenerators(1)
  if (generator === undefined) throw new Error('no generator')
  await generator.prepare({
    kind: 'mixed',
    endpoint: server.endpoint,
    logins: await bench.tokens.minted(mixed.users),
    shape: { size: settings.size, from: settings.from, callback: true },
    ratePerSecond: mixed.rate,
    habits,
  })
  const startMs = now()
  const measureMs = startMs + settings.warmupSeconds * 1000
  await generator.start({ startMs, measureMs, endMs: Number.MAX_SAFE_INTEGER })
  bench.progress('warming up')
  await new Promise((resolve) => setTimeout(resolve, measureMs - now()))
  const load = await measureLoad(server, [generator], {
    seconds: settings.seconds,
    onSecond: (done) => bench.progress(`${done.toLocaleString('en')} delivered/s`),
  })
  return measurement(load, await generator.stop())
}

function measurement(load: Load, outcome: Outcome): Measurement {
  const { times, counts = {} } = outcome
  const seconds = counts['seconds'] ?? Number.NaN
  const rate = (name: string): number => (counts[name] ?? 0) / seconds
  const figures: Record<string, number> = {
    perSecond: load.done / load.seconds,
    rejected: rate('rejected'),
    logins: rate('logins'),
    loginP99: counts['loginP99Ms'] ?? 0,
    dropped: rate('dropped'),
    errors: (counts['errors'] ?? 0) + (counts['loginFailures'] ?? 0),
  }
  if (times !== undefined) {
    figures['p50'] = times.p50Ms
    figures['p99'] = times.p99Ms
  }
  if (load.serverCpuMs !== undefined) figures['serverMicroseconds'] = (load.serverCpuMs * 1000) / load.done
  const { inDoubt = 0, unsent = 0 } = counts
  const notes = [
    ...(inDoubt > 0 ? [`${inDoubt} messages fell between two sessions: somebody left while they were under way`] : []),
    ...(unsent > 0 ? [`${unsent} messages were not sent: nobody was there to send them`] : []),
  ]
  return {
    figures,
    verification: verify(outcome.sent, outcome.arrivals),
    load,
    times,
    notes: [...loadNotes(load), ...notes],
    faults: outcome.complaints,
  }
}
