import t from 'tap'
import { describeMachine } from '../../../bench/machine.ts'
import { readOptions } from '../../../bench/options.ts'
import { makeDocument } from '../../../bench/report/document.ts'
import { isAllRight, summarize } from '../../../bench/report/summary.ts'
import { writeFigure, writeTables } from '../../../bench/report/table.ts'
import type { Case, Measurement } from '../../../bench/scenarios/scenario.ts'

const one: Case = {
  scenario: 'throughput',
  name: 'throughput',
  title: 'two pairs',
  columns: [{ key: 'perSecond', heading: 'messages/s', unit: 'per-second', ratio: true }],
  beside: 'floor',
  needs: { users: 4, manyDevices: false },
  freshServer: false,
  run: () => Promise.reject(new Error('not called')),
}

function measured(perSecond: number, change: Partial<Measurement> = {}): Measurement {
  const verification = { sent: 10, arrived: 10, lost: 0, doubled: 0, disordered: 0, foreign: 0 }
  return { figures: { perSecond }, verification, load: undefined, times: undefined, notes: [], faults: [], ...change }
}

const floor = { case: one, server: 'floor', rounds: [measured(1000), measured(3000), measured(2000)] }
const parley = { case: one, server: 'parley', rounds: [measured(1000), measured(1200), measured(900)] }

t.test('medians are compared', async (t) => {
  const [summary] = summarize([floor, parley])
  t.equal(summary?.ratios['perSecond'], 0.5)
  t.match(summary?.rows[1]?.verification, { sent: 30, lost: 0 })
  t.ok(isAllRight(summarize([floor, parley])))
})

t.test('one lost message in one round is not all right', async (t) => {
  const verification = { sent: 10, arrived: 9, lost: 1, doubled: 0, disordered: 0, foreign: 0 }
  const bad = { ...parley, rounds: [measured(1000), measured(1000, { verification })] }
  t.notOk(isAllRight(summarize([floor, bad])))
})

t.test('a round that failed is not all right, and the table says why', async (t) => {
  const summaries = summarize([floor, { ...parley, rounds: [measured(1000, { faults: ['it fell over'] })] }])
  t.notOk(isAllRight(summaries))
  t.match(writeTables(describeMachine(), summaries), 'FAULT, parley, round 1: it fell over')
})

t.test('the table shows medians, spreads, ratios and the verification', async (t) => {
  const text = writeTables(describeMachine(), summarize([floor, parley]))
  t.match(text, 'throughput: two pairs')
  t.match(text, '2,000 (1,000–3,000)')
  t.match(text, /parley\/floor +0\.50/)
  t.match(text, '30 sent: 0 lost, 0 doubled, 0 out of order')
})

t.test('the document holds every round', async (t) => {
  const request = readOptions([], 2)
  if (request.kind !== 'run') throw new Error('no settings')
  const document = makeDocument({
    machine: describeMachine(),
    settings: request.settings,
    results: [floor, parley],
    finishedAt: new Date(0),
  })
  t.match(document, { format: 1, isAllRight: true, finishedAt: '1970-01-01T00:00:00.000Z' })
  t.equal(document.cases[0]?.servers[1]?.rounds.length, 3)
})

t.test('figures have their units', async (t) => {
  t.equal(writeFigure(1_234_567.8, 'per-second'), '1,234,568')
  t.equal(writeFigure(1.234, 'microseconds'), '1.23 µs')
  t.equal(writeFigure(2048, 'kibibytes'), '2.0 MiB')
  t.equal(writeFigure(0.914, 'fraction'), '91 %')
})
