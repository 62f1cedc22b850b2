/** Messages per second from everybody to everybody, some of whom are much more popular than the others. */
import { now } from '../generator/clock.ts'
import type { Settings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { verify } from '../verifier.ts'
import { loadNotes, measureLoad } from './load.ts'
import type { Bench, Case, Measurement } from './scenario.ts'
import { loadFigures, throughputColumns } from './throughput.ts'

/** How many take part, and how. */
export interface EveryoneOptions {
  readonly users: number
  /** Messages in flight of all users together. */
  readonly inFlight: number
  /** Share of the messages that goes to the popular users. */
  readonly share: number
  /** Share of the users who are popular. */
  readonly popular: number
}

/** One case. */
export function everyoneCases(settings: Settings, options: EveryoneOptions): Case[] {
  const { users, inFlight } = options
  const skew = `${Math.round(100 * options.share)} % of the messages to ${Math.round(100 * options.popular)} % of the users`
  return [
    {
      scenario: 'everyone',
      name: 'everyone to everyone',
      title: `${users} users, each to every other, ${settings.size}-character texts, ${inFlight} in flight in all, ${skew}`,
      columns: throughputColumns,
      beside: 'floor',
      needs: { users, manyDevices: false },
      freshServer: false,
      run: (server, bench) => run(server, bench, options),
    },
  ]
}

async function run(server: Server, bench: Bench, options: EveryoneOptions): Promise<Measurement> {
  const { settings } = bench
  const generators = bench.startGenerators(1)
  const [generator] = generators
  if (generator === undefined) throw new Error('no generator')
  await generator.prepare({
    kind: 'everyone',
    endpoint: server.endpoint,
    logins: await bench.tokens.logins(options.users),
    shape: { size: settings.size, from: settings.from, callback: false },
    window: Math.max(1, Math.round(options.inFlight / options.users)),
    skew: { share: options.share, users: Math.round(options.popular * options.users) },
  })
  await generator.start({ startMs: now(), measureMs: 0, endMs: Number.MAX_SAFE_INTEGER })
  bench.progress('warming up')
  await new Promise((resolve) => setTimeout(resolve, settings.warmupSeconds * 1000))
  const load = await measureLoad(server, generators, {
    seconds: settings.seconds,
    onSecond: (done) => bench.progress(`${done.toLocaleString('en')} messages/s`),
  })
  const outcome = await generator.stop()
  return {
    figures: loadFigures(load),
    verification: verify(outcome.sent, outcome.arrivals),
    load,
    times: undefined,
    notes: loadNotes(load),
    faults: outcome.complaints,
  }
}
