/** Messages for receivers who are away: storing them until their senders are told so, and fetching them later. */
import { randomBytes } from 'node:crypto'
import { now } from '../generator/clock.ts'
import type { Generator } from '../generator/generator.ts'
import type { Outcome, Pair } from '../generator/messages.ts'
import type { Settings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { sumArrivals, verify } from '../verifier.ts'
import { type Load, loadNotes, measureLoad, watchLoad } from './load.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'
import { loadFigures, pairUp } from './throughput.ts'

const storingColumns: readonly Column[] = [
  { key: 'perSecond', heading: 'stored/s', unit: 'per-second', ratio: true },
  { key: 'p50', heading: 'answer p50', unit: 'milliseconds', ratio: false },
  { key: 'p99', heading: 'p99', unit: 'milliseconds', ratio: false },
  { key: 'serverMicroseconds', heading: 'server CPU/message', unit: 'microseconds', ratio: true },
  { key: 'serverCores', heading: 'server cores', unit: 'cores', ratio: false },
  { key: 'busiestThread', heading: 'busiest thread', unit: 'fraction', ratio: false },
  { key: 'generatorActive', heading: 'generator busy', unit: 'fraction', ratio: false },
]

const drainColumns: readonly Column[] = [
  { key: 'perSecond', heading: 'fetched/s', unit: 'per-second', ratio: true },
  { key: 'total', heading: 'in all', unit: 'milliseconds', ratio: false },
  { key: 'login', heading: 'logged in after', unit: 'milliseconds', ratio: false },
  { key: 'serverMicroseconds', heading: 'server CPU/message', unit: 'microseconds', ratio: true },
  { key: 'generatorActive', heading: 'generator busy', unit: 'fraction', ratio: false },
]

/** Messages under way per sender. */
const windowUsual = 64
/** What makes an inbox belong to a client that comes back. */
const deviceId = 'bench'

/** Storing, and fetching so many. Every round gets a new server, so that nothing is stored before. */
export function offlineCases(settings: Settings, stored: number): Case[] {
  return [storingCase(settings, false), storingCase(settings, true), drainCase(settings, stored)]
}

/** Storing; with `ClientMsgId` the messages have ids, by which repeats are recognised. */
export function storingCase(settings: Settings, withIds: boolean): Case {
  const ids = withIds ? ', with ClientMsgId' : ''
  return {
    ...base(settings),
    name: `store for absent receivers${ids}`,
    title: `${settings.pairs} senders × ${windowUsual} in flight, ${settings.size}-character texts${ids}, each counted when its sender has the answer that it is stored`,
    columns: storingColumns,
    run: (server, bench) => store(server, bench, withIds),
  }
}

/** Fetching. */
export function drainCase(settings: Settings, stored: number): Case {
  return {
    ...base(settings),
    name: 'fetch what was stored',
    title: `${stored.toLocaleString('en')} stored messages, fetched and acknowledged by ${settings.pairs} receivers who log in at the same time`,
    columns: drainColumns,
    run: (server, bench) => drain(server, bench, Math.ceil(stored / settings.pairs)),
  }
}

function base(settings: Settings): Omit<Case, 'name' | 'title' | 'columns' | 'run'> {
  return {
    scenario: 'offline',
    beside: 'floor',
    needs: { users: 2 * settings.pairs, manyDevices: false },
    freshServer: true,
    fits: (name) => name === 'parley',
  }
}

async function pairsOf(bench: Bench): Promise<Pair[]> {
  const pairs = pairUp(await bench.tokens.minted(2 * bench.settings.pairs))
  return pairs.map((pair) => ({ ...pair, receiver: { ...pair.receiver, ack: { deviceId } } }))
}

async function prepareStoring(
  server: Server,
  bench: Bench,
  options: { readonly pairs: readonly Pair[]; readonly withIds: boolean; readonly messages?: number },
): Promise<Generator[]> {
  const { settings } = bench
  const { pairs, withIds, messages } = options
  const ids = withIds ? { clientMsgIds: `${randomBytes(8).toString('hex')}-` } : {}
  const generators = bench.startGenerators(Math.min(settings.generators, pairs.length))
  // One after the other: the first one prepares the server.
  for (const [index, generator] of generators.entries()) {
    await generator.prepare({
      kind: 'storing',
      endpoint: server.endpoint,
      pairs: pairs.filter((pair) => pair.number % generators.length === index),
      shape: { size: settings.size, from: settings.from, callback: true, ...ids },
      window: windowUsual,
      isFirst: index === 0,
      ...(messages === undefined ? {} : { messages }),
    })
  }
  return generators
}

async function store(server: Server, bench: Bench, withIds: boolean): Promise<Measurement> {
  const { settings } = bench
  const generators = await prepareStoring(server, bench, { pairs: await pairsOf(bench), withIds })
  const startMs = now()
  const schedule = { startMs, measureMs: startMs + settings.warmupSeconds * 1000, endMs: Number.MAX_SAFE_INTEGER }
  await Promise.all(generators.map((generator) => generator.start(schedule)))
  bench.progress('warming up')
  await new Promise((resolve) => setTimeout(resolve, schedule.measureMs - now()))
  const load = await measureLoad(server, generators, {
    seconds: settings.seconds,
    onSecond: (done) => bench.progress(`${done.toLocaleString('en')} stored/s`),
  })
  const outcomes = await Promise.all(generators.map((generator) => generator.stop()))
  return storingMeasurement(load, outcomes)
}

function storingMeasurement(load: Load, outcomes: readonly Outcome[]): Measurement {
  const times = outcomes[0]?.times
  const figures: Record<string, number> = { ...loadFigures(load) }
  if (times !== undefined && times.count > 0) {
    figures['p50'] = times.p50Ms
    figures['p99'] = times.p99Ms
  }
  const sent = outcomes.reduce((sum, outcome) => sum + outcome.sent, 0)
  return {
    figures,
    // Of the answers: one for each message.
    verification: verify(sent, sumArrivals(outcomes.map((outcome) => outcome.arrivals))),
    load,
    times,
    notes: loadNotes(load),
    faults: outcomes.flatMap((outcome) => outcome.complaints),
  }
}

async function drain(server: Server, bench: Bench, expected: number): Promise<Measurement> {
  const pairs = await pairsOf(bench)
  const senders = await prepareStoring(server, bench, { pairs, withIds: false, messages: expected })
  bench.progress(`${(expected * pairs.length).toLocaleString('en')} messages are stored first`)
  await Promise.all(senders.map((sender) => sender.start({ startMs: 0, measureMs: 0, endMs: 0 })))
  const filled = await Promise.all(senders.map((sender) => sender.stop()))
  const [generator] = bench.startGenerators(1)
  if (generator === undefined) throw new Error('no generator')
  const { size, from } = bench.settings
  await generator.prepare({
    kind: 'draining',
    endpoint: server.endpoint,
    pairs,
    shape: { size, from, callback: true },
    expected,
  })
  const endOfLoad = watchLoad(server)
  await generator.start({ startMs: 0, measureMs: 0, endMs: 0 })
  const outcome = await generator.stop()
  const load = endOfLoad({
    done: outcome.arrivals.arrived,
    generatorActive: outcome.counts?.['active'] ?? 0,
    generatorCpuMs: outcome.counts?.['cpuMs'] ?? 0,
  })
  return drainMeasurement(load, outcome, filled)
}

function drainMeasurement(load: Load, outcome: Outcome, filled: readonly Outcome[]): Measurement {
  const { seconds = Number.NaN, loginSeconds = Number.NaN, active = 0 } = outcome.counts ?? {}
  const figures: Record<string, number> = {
    perSecond: outcome.arrivals.arrived / seconds,
    total: seconds * 1000,
    login: loginSeconds * 1000,
    generatorActive: active,
  }
  if (load.serverCpuMs !== undefined) {
    figures['serverMicroseconds'] = (load.serverCpuMs * 1000) / outcome.arrivals.arrived
  }
  return {
    figures,
    verification: verify(outcome.sent, outcome.arrivals),
    load: undefined,
    times: undefined,
    notes: loadNotes(load).filter((note) => note.startsWith('others')),
    faults: [...filled, outcome].flatMap((one) => one.complaints),
  }
}
