/**
 * What it costs in time that an online receiver acknowledges: the same pairs at the same rate, with and without, one after
 * the other on the same server, and the two in turns from round to round.
 */
import type { MessageShape } from '../generator/frame.ts'
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

/** One case. Each half of a round takes the seconds of the settings. */
export function acknowledgedCases(settings: Settings): Case[] {
  return [
    {
      scenario: 'offline',
      name: 'acknowledged arrival',
      title: `${describe({ ...settings, callback: true })}, ${settings.rate} messages/s open loop, receivers who acknowledge beside receivers who don't`,
      columns,
      beside: 'floor',
      needs: { users: 2 * settings.pairs, manyDevices: false },
      freshServer: false,
      fits: (name) => name === 'parley',
      run,
    },
  ]
}

/** Which half comes first changes from round to round. */
let isAcknowledgedFirst = false

async function run(server: Server, bench: Bench): Promise<Measurement> {
  const { settings } = bench
  const plainPairs = pairUp(await bench.tokens.logins(2 * settings.pairs))
  const ackPairs = plainPairs.map((pair) => ({ ...pair, receiver: { ...pair.receiver, ack: {} } }))
  const shape = { size: settings.size, from: settings.from, callback: true }
  const plain = (): Promise<Paced> => half(server, bench, { pairs: plainPairs, shape: { ...shape, status: 'sent' } })
  const acknowledged = (): Promise<Paced> =>
    half(server, bench, { pairs: ackPairs, shape: { ...shape, status: 'delivered' } })
  isAcknowledgedFirst = !isAcknowledgedFirst
  const early = isAcknowledgedFirst ? await acknowledged() : undefined
  const without = await plain()
  return measurement(early ?? (await acknowledged()), without)
}

function half(
  server: Server,
  bench: Bench,
  how: { readonly pairs: readonly Pair[]; readonly shape: MessageShape },
): Promise<Paced> {
  const kind = how.shape.status === 'sent' ? 'without' : 'with'
  return pace(server, { ...bench, progress: (text) => bench.progress(`${kind} acknowledgements · ${text}`) }, how)
}

function measurement(acknowledged: Paced, plain: Paced): Measurement {
  const figures: Record<string, number> = {}
  const put = (name: string, times: Distribution | undefined): void => {
    if (times === undefined || times.count === 0) return
    figures[name] = times.p99Ms
    figures[`${name}P50`] = times.p50Ms
  }
  put('arrival', acknowledged.received.times)
  put('arrivalPlain', plain.received.times)
  put('answer', acknowledged.paced.times)
  put('answerPlain', plain.paced.times)
  figures['arrivalRatio'] = (figures['arrival'] ?? Number.NaN) / (figures['arrivalPlain'] ?? Number.NaN)
  figures['answerRatio'] = (figures['answer'] ?? Number.NaN) / (figures['answerPlain'] ?? Number.NaN)
  for (const [name, { load }] of [
    ['serverMicroseconds', acknowledged],
    ['serverMicrosecondsPlain', plain],
  ] as const) {
    if (load.serverCpuMs !== undefined) figures[name] = (load.serverCpuMs * 1000) / load.done
  }
  const both = [acknowledged, plain]
  const arrivals = sumArrivals(both.map((one) => one.received.arrivals))
  const refusal = both.map((one) => lagRefusal(one.received.times, one.paced.lag)).find((one) => one !== undefined)
  return {
    figures,
    verification: verify(acknowledged.sent + plain.sent, arrivals),
    load: undefined,
    times: acknowledged.received.times,
    notes: [...both.flatMap((one) => loadNotes(one.load)), ...(refusal === undefined ? [] : [refusal])],
    faults: both.flatMap((one) => [...one.received.complaints, ...one.paced.complaints]),
    refusal,
  }
}
