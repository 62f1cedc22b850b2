import t from 'tap'
import { makePage } from '../../../bench/report/page.ts'
import type { LoadSample } from '../../../bench/scenarios/load.ts'
import { caseWith, documentOf, spread } from './results.ts'

const sample: LoadSample = {
  done: 1000,
  serverCores: 0.5,
  generatorCores: 0.4,
  residentBytes: 2 ** 27,
  status: { sessions: 4, poolThreads: 2, poolBusy: 1, poolQueued: 30, poolDone: 900 },
}

function withRounds() {
  const one = caseWith({ parley: spread(900, 1000, 1100) })
  const round = {
    figures: {},
    verification: undefined,
    load: {
      seconds: 2,
      done: 2000,
      perSecond: [1000, 1000],
      serverCpuMs: 1000,
      serverThreadCores: [0.5],
      generatorActive: [0.4],
      generatorCores: 0.4,
      otherCores: 0,
      idleCores: 1,
      samples: [sample, sample],
    },
    times: {
      count: 1000,
      p50Ms: 1,
      p99Ms: 2,
      p999Ms: 3,
      maxMs: 4,
      percentiles: [
        [50, 1],
        [99, 2],
        [100, 4],
      ] as const,
    },
    notes: [],
    faults: [],
  }
  return { ...one, servers: one.servers.map((row) => ({ ...row, rounds: [round, round] })) }
}

t.test('a page has everything inside', async (t) => {
  const page = makePage(documentOf([withRounds()]))
  t.notMatch(page, /(src|href)=/)
  t.notMatch(page, /https?:|@import|url\(/)
  for (const title of [
    'Throughput over time',
    'Times by percentile',
    'Pool threads',
    'Pool queue',
    'CPU of the server',
  ]) {
    t.match(page, title)
  }
  t.match(page, 'prefers-color-scheme:dark')
  t.notMatch(page, 'NaN')
})

t.test('what comes from outside is made harmless', async (t) => {
  const page = makePage(documentOf([caseWith({ '<script>alert(1)</script>': spread(1, 2, 3) })]))
  t.notMatch(page, '<script>alert')
})

t.test('a pool that had nothing to do is not drawn', async (t) => {
  t.notMatch(makePage(documentOf([caseWith({ parley: spread(1, 2, 3) })])), 'Pool threads')
})

t.test('a sweep has a bar for each value, and cases that differ by a number have one plot together', async (t) => {
  const swept = caseWith({ 'N=1': spread(1, 2, 3), 'N=2': spread(4, 5, 6) })
  const page = makePage(documentOf([swept], { sweep: { setting: 'N', values: ['1', '2'] } }))
  t.match(page, 'figures by N')
  t.match(page, 'Best: N=2')
  const grown = [100, 1000].map((scale) =>
    caseWith({ parley: spread(1, 2, 3) }, { scenario: 'growth', unit: 'microseconds', scale }),
  )
  t.match(makePage(documentOf(grown)), 'a line that rises grows faster than the work')
})

t.test('faults and refusals stand at the top', async (t) => {
  t.match(makePage({ ...documentOf([]), isAllRight: false }), 'something went wrong')
  t.match(makePage({ ...documentOf([]), areFiguresValid: false }), 'some figures are refused')
})
