import t from 'tap'
import type { Result } from '../../../bench/benchmark.ts'
import { comparedCases } from '../../../bench/compare/cases.ts'
import { compare, isComparisonRight } from '../../../bench/compare/comparison.ts'
import { readCompareOptions } from '../../../bench/compare/options.ts'
import { writeRatio } from '../../../bench/compare/report.ts'
import type { Measurement } from '../../../bench/scenarios/scenario.ts'

const verification = { sent: 1, arrived: 1, lost: 0, doubled: 0, disordered: 0, foreign: 0 }

function measured(perSecond: number, isGeneratorBusy = false, change: Partial<Measurement> = {}): Measurement {
  const load = {
    seconds: 1,
    done: perSecond,
    perSecond: [perSecond],
    serverCpuMs: 500,
    serverThreadCores: [0.5],
    generatorActive: [isGeneratorBusy ? 1 : 0.5],
    generatorCores: 1,
    otherCores: 0,
    idleCores: 0.5,
  }
  const figures = { perSecond, serverMicroseconds: 2 }
  return { figures, verification, load, times: undefined, notes: [], faults: [], ...change }
}

function comparison(rounds: Record<string, readonly Measurement[]>) {
  const request = readCompareOptions(['--only', 'throughput', '--window', '64'])
  if (request.kind !== 'run') throw new Error(request.kind)
  const cases = comparedCases(request.options)
  const [one] = cases
  if (one === undefined) throw new Error('no case')
  const results: Result[] = Object.entries(rounds).map(([name, some]) => {
    const [server = '', label] = name.split(', ')
    const variant = one.variants.find((other) => other.label === label)
    return { case: variant?.case ?? one.main, server, rounds: some }
  })
  return compare(cases, results)
}

t.test('medians are divided, and variants stand beside', async (t) => {
  const all = comparison({
    nats: [measured(100), measured(400), measured(200)],
    parley: [measured(150), measured(100), measured(90)],
    'parley, with answers': [measured(50)],
  })
  t.strictSame(
    all[0]?.rows.map((row) => row.server),
    ['nats', 'parley', 'parley, with answers'],
  )
  t.strictSame(all[0]?.ratios, [
    {
      other: 'nats',
      ratios: { perSecond: { value: 0.5, bound: 'exact' }, serverMicroseconds: { value: 1, bound: 'exact' } },
    },
  ])
  t.ok(isComparisonRight(all))
})

t.test('a ratio is only a bound where the generator set the pace, and none where it did so twice', async (t) => {
  const bound = (parley: boolean, nats: boolean): string => {
    const [first] = comparison({ nats: [measured(100, nats)], parley: [measured(100, parley)] })
    return writeRatio(first?.ratios[0]?.ratios['perSecond'])
  }
  t.equal(bound(false, false), '1.00')
  t.equal(bound(true, false), '≥ 1.00')
  t.equal(bound(false, true), '≤ 1.00')
  t.equal(bound(true, true), 'refused')
})

t.test('a loss is a fault of Parley, and of others a remark', async (t) => {
  const lossy = measured(100, false, { verification: { ...verification, lost: 1 } })
  t.ok(isComparisonRight(comparison({ mosquitto: [lossy], parley: [measured(1)] })))
  t.notOk(isComparisonRight(comparison({ mosquitto: [measured(1)], parley: [lossy] })))
})

t.test('a server that could not be measured makes the comparison wrong', async (t) => {
  const failed = measured(0, false, { figures: {}, load: undefined, faults: ['did not listen'] })
  t.notOk(isComparisonRight(comparison({ redis: [failed], parley: [measured(1)] })))
})
