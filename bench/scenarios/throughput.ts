/** Messages per second with a fixed number in flight per sender. */
import { now } from '../generator/clock.ts'
import type { Pair } from '../generator/messages.ts'
import type { Login } from '../generator/raw-connection.ts'
import type { Settings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { sumArrivals, verify } from '../verifier.ts'
import { type Load, loadNotes, measureLoad } from './load.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'

/** The columns of everything that is counted by the second. */
export const throughputColumns: readonly Column[] = [
  { key: 'perSecond', heading: 'messages/s', unit: 'per-second', ratio: true },
  { key: 'serverMicroseconds', heading: 'server CPU/message', unit: 'microseconds', ratio: true },
  { key: 'serverCores', heading: 'server cores', unit: 'cores', ratio: false },
  { key: 'busiestThread', heading: 'busiest thread', unit: 'fraction', ratio: false },
  { key: 'generatorActive', heading: 'generator busy', unit: 'fraction', ratio: false },
]

/** One case for each number in flight. */
export function throughputCases(settings: Settings): Case[] {
  return settings.windows.map((window) => ({
    scenario: 'throughput',
    name: `throughput, ${window} in flight`,
    title: `${describe(settings)}, ${window} in flight per sender`,
    columns: throughputColumns,
    beside: 'floor',
    needs: { users: 2 * settings.pairs, manyDevices: false },
    freshServer: false,
    run: (server, bench) => run(server, bench, window),
  }))
}

/** The pairs of a run: sender 2n writes to receiver 2n + 1. */
export function pairUp(logins: readonly Login[]): Pair[] {
  const pairs: Pair[] = []
  for (let number = 0; 2 * number + 1 < logins.length; number++) {
    const [sender, receiver] = [logins[2 * number], logins[2 * number + 1]]
    if (sender !== undefined && receiver !== undefined) pairs.push({ number, sender, receiver })
  }
  return pairs
}

/** The work in words. */
export function describe(settings: Settings): string {
  const from = settings.from === 'set' ? 'FromUserId set' : 'FromUserId absent'
  return `${settings.pairs} pairs, ${settings.size}-character texts, ${from}${settings.callback ? ', with answers' : ''}`
}

async function run(server: Server, bench: Bench, window: number): Promise<Measurement> {
  const { settings } = bench
  const pairs = pairUp(await bench.tokens.logins(2 * settings.pairs))
  const generators = bench.startGenerators(Math.min(settings.generators, pairs.length))
  await Promise.all(
    generators.map((generator, index) =>
      generator.prepare({
        kind: 'closed-loop',
        endpoint: server.endpoint,
        pairs: pairs.filter((pair) => pair.number % generators.length === index),
        shape: { size: settings.size, from: settings.from, callback: settings.callback },
        window,
      }),
    ),
  )
  const schedule = { startMs: now(), measureMs: 0, endMs: Number.MAX_SAFE_INTEGER }
  await Promise.all(generators.map((generator) => generator.start(schedule)))
  bench.progress('warming up')
  await new Promise((resolve) => setTimeout(resolve, settings.warmupSeconds * 1000))
  const load = await measureLoad(server, generators, {
    seconds: settings.seconds,
    onSecond: (done) => bench.progress(`${done.toLocaleString('en')} messages/s`),
  })
  const outcomes = await Promise.all(generators.map((generator) => generator.stop()))
  const sent = outcomes.reduce((sum, outcome) => sum + outcome.sent, 0)
  return {
    figures: loadFigures(load),
    verification: verify(sent, sumArrivals(outcomes.map((outcome) => outcome.arrivals))),
    load,
    times: undefined,
    notes: loadNotes(load),
    faults: outcomes.flatMap((outcome) => outcome.complaints),
  }
}

/** The figures of {@link throughputColumns}. */
export function loadFigures(load: Load): Record<string, number> {
  const figures: Record<string, number> = {
    perSecond: load.done / load.seconds,
    generatorActive: Math.max(...load.generatorActive),
  }
  if (load.serverCpuMs !== undefined) {
    figures['serverMicroseconds'] = (load.serverCpuMs * 1000) / load.done
    figures['busiestThread'] = load.serverThreadCores[0] ?? 0
    figures['serverCores'] = load.serverCpuMs / 1000 / load.seconds
  }
  return figures
}
