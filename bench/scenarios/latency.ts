/** Time to delivery at a fixed rate that does not wait for the server. */
import { now } from '../generator/clock.ts'
import type { MessageShape } from '../generator/frame.ts'
import type { Distribution, Outcome, Pair } from '../generator/messages.ts'
import type { Login } from '../generator/raw-connection.ts'
import type { Settings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { verify } from '../verifier.ts'
import { type Load, loadNotes, measureLoad } from './load.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'
import { describe, pairUp } from './throughput.ts'

const columns: readonly Column[] = [
  { key: 'p50', heading: 'p50', unit: 'milliseconds', ratio: true },
  { key: 'p99', heading: 'p99', unit: 'milliseconds', ratio: true },
  { key: 'p999', heading: 'p99.9', unit: 'milliseconds', ratio: true },
  { key: 'max', heading: 'max', unit: 'milliseconds', ratio: false },
  { key: 'perSecond', heading: 'messages/s', unit: 'per-second', ratio: false },
  { key: 'serverMicroseconds', heading: 'server CPU/message', unit: 'microseconds', ratio: true },
  { key: 'lagP99', heading: 'generator late p99', unit: 'milliseconds', ratio: false },
]

/** The generators get so long to look at their schedule before it begins. */
const leadMs = 200

/** One case, at the rate of the settings. */
export function latencyCases(settings: Settings): Case[] {
  return [latencyCase(settings, (bench) => bench.tokens.logins(2 * settings.pairs))]
}

/** The case with pairs and a rate of the settings, and users who log in as `loginsOf` says. */
export function latencyCase(settings: Settings, loginsOf: (bench: Bench) => Promise<readonly Login[]>): Case {
  return {
    scenario: 'latency',
    name: `latency at ${settings.rate}/s`,
    title: `${describe(settings)}, ${settings.rate} messages/s open loop, timed from the intended moment`,
    columns,
    beside: 'floor',
    needs: { users: 2 * settings.pairs, manyDevices: false },
    freshServer: false,
    run: async (server, bench) => run(server, bench, pairUp(await loginsOf(bench))),
  }
}

/** What a run at a fixed rate gave. */
export interface Paced {
  readonly load: Load
  readonly sent: number
  /** What the sink says, with times to delivery. */
  readonly received: Outcome
  /** What the pacer says, with times of answers where it asked for them. */
  readonly paced: Outcome
}

async function run(server: Server, bench: Bench, pairs: readonly Pair[]): Promise<Measurement> {
  const { settings } = bench
  const shape = { size: settings.size, from: settings.from, callback: settings.callback }
  const { load, sent, received, paced } = await pace(server, bench, { pairs, shape })
  return measurement(load, sent, { received, paced })
}

/** Has pairs send at the rate of the settings. */
export async function pace(
  server: Server,
  bench: Bench,
  how: { readonly pairs: readonly Pair[]; readonly shape: MessageShape },
): Promise<Paced> {
  const { settings } = bench
  const [pacer, sink] = bench.startGenerators(2)
  if (pacer === undefined || sink === undefined) throw new Error('no generators')
  const work = {
    endpoint: server.endpoint,
    ...how,
    pace: { ratePerSecond: settings.rate, senders: how.pairs.length },
  }
  await sink.prepare({ kind: 'sink', ...work })
  await pacer.prepare({ kind: 'pacer', ...work })

  const startMs = now() + leadMs
  const measureMs = startMs + settings.warmupSeconds * 1000
  const schedule = { startMs, measureMs, endMs: measureMs + settings.seconds * 1000 }
  await sink.start(schedule)
  await pacer.start(schedule)
  bench.progress('warming up')
  await new Promise((resolve) => setTimeout(resolve, measureMs - now()))
  const load = await measureLoad(server, [sink], {
    seconds: settings.seconds,
    alongside: [pacer],
    onSecond: (done) => bench.progress(`${done.toLocaleString('en')} messages/s`),
  })
  const { done: sent } = await pacer.mark()
  const received = await sink.stop(sent)
  const paced = await pacer.stop()
  return { load, sent, received, paced }
}

function measurement(load: Load, sent: number, outcome: { received: Outcome; paced: Outcome }): Measurement {
  const times = outcome.received.times
  const lag = outcome.paced.lag
  const refusal = lagRefusal(times, lag)
  const figures: Record<string, number> = { perSecond: load.done / load.seconds }
  if (times !== undefined) {
    figures['p50'] = times.p50Ms
    figures['p99'] = times.p99Ms
    figures['p999'] = times.p999Ms
    figures['max'] = times.maxMs
  }
  if (lag !== undefined) figures['lagP99'] = lag.p99Ms
  if (load.serverCpuMs !== undefined) figures['serverMicroseconds'] = (load.serverCpuMs * 1000) / load.done
  return {
    figures,
    verification: verify(sent, outcome.received.arrivals),
    load,
    times,
    notes: [...loadNotes(load), ...(refusal === undefined ? [] : [refusal])],
    faults: [...outcome.received.complaints, ...outcome.paced.complaints],
    refusal,
  }
}

/** Why times are the generator's more than the server's. */
export function lagRefusal(times: Distribution | undefined, lag: Distribution | undefined): string | undefined {
  if (times === undefined || lag === undefined || lag.p99Ms < times.p99Ms / 2) return undefined
  return `the generator was late itself (p99 ${lag.p99Ms.toFixed(2)} ms): more than half of the p99 is its own, not the server's`
}
