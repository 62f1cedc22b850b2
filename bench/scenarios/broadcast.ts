/** Deliveries per second from one user to many. */
import { now } from '../generator/clock.ts'
import type { Settings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { verify } from '../verifier.ts'
import { loadNotes, measureLoad } from './load.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'
import { loadFigures, throughputColumns } from './throughput.ts'

const columns: readonly Column[] = throughputColumns.map((column) => ({
  ...column,
  heading: column.heading.replace('messages/s', 'deliveries/s').replace('/message', '/delivery'),
}))

/** How many receive, and how many broadcasts are on their way at a time. */
export interface BroadcastOptions {
  readonly receivers: number
  readonly inFlight: number
}

/** One case. */
export function broadcastCases(settings: Settings, options: BroadcastOptions): Case[] {
  const { receivers, inFlight } = options
  return [
    {
      scenario: 'broadcast',
      name: `broadcast to ${receivers}`,
      title: `1 to ${receivers}, ${settings.size}-character texts, ${inFlight} broadcasts in flight`,
      columns,
      beside: 'floor',
      needs: { users: receivers + 1, manyDevices: false },
      freshServer: false,
      run: (server, bench) => run(server, bench, options),
    },
  ]
}

async function run(server: Server, bench: Bench, options: BroadcastOptions): Promise<Measurement> {
  const { settings } = bench
  const logins = await bench.tokens.logins(options.receivers + 1)
  const generators = bench.startGenerators(1)
  const [generator] = generators
  const sender = server.broadcaster ?? logins[options.receivers]
  if (generator === undefined || sender === undefined) throw new Error('no generator')
  await generator.prepare({
    kind: 'broadcast',
    endpoint: server.endpoint,
    sender,
    receivers: logins.slice(0, options.receivers),
    shape: { size: settings.size, from: settings.from, callback: false },
    window: options.inFlight,
  })
  await generator.start({ startMs: now(), measureMs: 0, endMs: Number.MAX_SAFE_INTEGER })
  bench.progress('warming up')
  await new Promise((resolve) => setTimeout(resolve, settings.warmupSeconds * 1000))
  const load = await measureLoad(server, generators, {
    seconds: settings.seconds,
    onSecond: (done) => bench.progress(`${done.toLocaleString('en')} deliveries/s`),
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
