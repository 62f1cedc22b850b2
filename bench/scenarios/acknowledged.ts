/** What it costs in time that an online receiver acknowledges: pairs at one rate, with and without, on the same server. */
import type { Distribution, Pair } from '../generator/messages.ts'
import type { Settings } from '../options.ts'
import type { Server } from '../servers/server.ts'
import { sumArrivals, verify } from '../verifier.ts'
import { lagRefusal, type Paced, pace } from './latency.ts'
import { loadNotes } from './load.ts'
import type { Bench, Case, Column, Measurement } from './scenario.ts'
import { describe, pairUp } from './throughput.ts'

const columns: readonly Column[] = [
  { key: 'arrivalRatio', heading: 'arrival p99, with/without', unit: 'cores', ratio: false },
  { key: 'answerRatio', heading: 'answer p99, with/without', unit: 'cores', ratio: false },
  { key: 'arrival', heading: 'arrival p99, with', unit: 'milliseconds', ratio: false },
  { key: 'arrivalPlain', heading: 'without', unit: 'milliseconds', ratio: false },
  { key: 'answer', heading: 'answer "delivered" p99', unit: 'milliseconds', ratio: false },
  { key: 'answerPlain', heading: '"sent"', unit: 'milliseconds', ratio: false },
  { key: 'arrivalP50', heading: 'arrival p50, with', unit: 'milliseconds', ratio: false },
  { key: 'arrivalPlainP50', heading: 'without', unit: 'milliseconds', ratio: false },
  { key: 'serverMicroseconds', heading: 'server CPU/message, with', unit: 'microseconds', ratio: false },
  { key: 'serverMicrosecondsPlain', heading: 'without', unit: 'microseconds', ratio: false },
]

/** How receivers are divided: all of one kind and then all of the other, or half of them each at the same time. */
type Division = 'in turns' | 'at once'

/** Two cases: in turns each kind has the server for itself; at once both meet the same noise on the machine. */
export function acknowledgedCases(settings: Settings): Case[] {
  return (['in turns', 'at once'] as const).map((division) => ({
    scenario: 'offline',
    name: `acknowledged arrival, ${division}`,
    title: `${describe({ ...settings, callback: true })}, ${settings.rate} messages/s open loop, receivers who acknowledge beside receivers who don't, ${division}`,
    columns: division === 'in turns' ? columns : columns.filter(({ key }) => !key.startsWith('server')),
    beside: 'floor',
    needs: { users: 2 * settings.pairs, manyDevices: false },
    freshServer: false,
    fits: (name) => name === 'parley',
    run: (server, bench) => run(server, bench, division),
  }))
}

/** Which kind comes first changes from round to round. */
let isAcknowledgedFirst = false

async function run(server: Server, bench: Bench, division: Division): Promise<Measurement> {
  const { settings } = bench
  const plain = pairUp(await bench.tokens.logins(2 * settings.pairs))
  const acknowledging = plain.map((pair) => ({ ...pair, receiver: { ...pair.receiver, ack: {} } }))
  const shape = { size: settings.size, from: settings.from, callback: true }
  const measure = (kind: string, pairs: readonly Pair[]): Promise<Paced> =>
    pace(server, { ...bench, progress: (text) => bench.progress(`${kind} · ${text}`) }, { pairs, shape })
  if (division === 'at once') {
    const mixed = plain.map((pair, index) => (index % 2 === 0 ? (acknowledging[index] ?? pair) : pair))
    const both = await measure('with and without acknowledgements', mixed)
    return measurement([both], {
      arrival: both.received.times,
      arrivalPlain: both.received.plainTimes,
      answer: both.paced.times,
      answerPlain: both.paced.plainTimes,
    })
  }
  isAcknowledgedFirst = !isAcknowledgedFirst
  const early = isAcknowledgedFirst ? await measure('with acknowledgements', acknowledging) : undefined
  const without = await measure('without acknowledgements', plain)
  const acknowledged = early ?? (await measure('with acknowledgements', acknowledging))
  const { figures, ...rest } = measurement([acknowledged, without], {
    arrival: acknowledged.received.times,
    arrivalPlain: without.received.times,
    answer: acknowledged.paced.times,
    answerPlain: without.paced.times,
  })
  return {
    ...rest,
    figures: {
      ...figures,
      ...cpuOf('serverMicroseconds', acknowledged),
      ...cpuOf('serverMicrosecondsPlain', without),
    },
  }
}

function cpuOf(name: string, { load }: Paced): Record<string, number> {
  return load.serverCpuMs === undefined ? {} : { [name]: (load.serverCpuMs * 1000) / load.done }
}

function measurement(
  runs: readonly Paced[],
  times: Readonly<Record<'arrival' | 'arrivalPlain' | 'answer' | 'answerPlain', Distribution | undefined>>,
): Measurement {
  const figures: Record<string, number> = {}
  for (const [name, distribution] of Object.entries(times)) {
    if (distribution === undefined || distribution.count === 0) continue
    figures[name] = distribution.p99Ms
    figures[`${name}P50`] = distribution.p50Ms
  }
  figures['arrivalRatio'] = (figures['arrival'] ?? Number.NaN) / (figures['arrivalPlain'] ?? Number.NaN)
  figures['answerRatio'] = (figures['answer'] ?? Number.NaN) / (figures['answerPlain'] ?? Number.NaN)
  const refusal = runs.map((one) => lagRefusal(one.received.times, one.paced.lag)).find((one) => one !== undefined)
  return {
    figures,
    verification: verify(
      runs.reduce((sum, one) => sum + one.sent, 0),
      sumArrivals(runs.map((one) => one.received.arrivals)),
    ),
    load: undefined,
    times: times.arrival,
    notes: [...runs.flatMap((one) => loadNotes(one.load)), ...(refusal === undefined ? [] : [refusal])],
    faults: runs.flatMap((one) => [...one.received.complaints, ...one.paced.complaints]),
    refusal,
  }
}
