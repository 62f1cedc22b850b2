import t from 'tap'
import { describeMachine } from '../../../bench/machine.ts'
import { refusalOf, refusalOfMost } from '../../../bench/report/refusal.ts'
import { areFiguresValid, summarize } from '../../../bench/report/summary.ts'
import { writeTables } from '../../../bench/report/table.ts'
import type { Case, Measurement } from '../../../bench/scenarios/scenario.ts'

const good: Measurement = {
  figures: { perSecond: 1 },
  verification: undefined,
  load: undefined,
  times: undefined,
  notes: [],
  faults: [],
}
const load = {
  seconds: 1,
  done: 1,
  perSecond: [1],
  serverCpuMs: 500,
  serverThreadCores: [0.5],
  generatorActive: [0.99],
  generatorCores: 1,
  otherCores: 0,
  idleCores: 0.5,
}
const refused: Measurement = { ...good, load }

t.test('a round is refused when the generator was the bottleneck, or when it says so itself', async (t) => {
  t.equal(refusalOf(good), undefined)
  t.match(refusalOf(refused), /generator was the bottleneck/)
  t.equal(refusalOf({ ...good, refusal: 'it was late' }), 'it was late')
  t.equal(refusalOf({ ...good, load: { ...load, idleCores: 0 } }), undefined, 'the machine was')
})

t.test('figures are refused when most rounds are', async (t) => {
  t.equal(refusalOfMost([good, refused]), undefined)
  t.match(refusalOfMost([refused, good, refused]), /in 2 of 3 rounds the generator/)
  t.equal(refusalOfMost([]), undefined)
})

t.test('refused figures are marked and give no ratio', async (t) => {
  const one: Case = {
    scenario: 'throughput',
    name: 'throughput',
    title: 'some',
    columns: [{ key: 'perSecond', heading: 'messages/s', unit: 'per-second', ratio: true }],
    beside: 'floor',
    needs: { users: 2, manyDevices: false },
    freshServer: false,
    run: () => Promise.reject(new Error('not called')),
  }
  const summaries = summarize([
    { case: one, server: 'floor', rounds: [good] },
    { case: one, server: 'parley', rounds: [refused] },
  ])
  t.notOk(areFiguresValid(summaries))
  t.strictSame(summaries[0]?.ratios, {})
  const text = writeTables(describeMachine(), summaries)
  t.match(text, 'parley (refused)')
  t.match(text, /REFUSED, parley: in 1 of 1 rounds/)
})
