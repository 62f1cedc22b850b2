import t from 'tap'
import { compareDocuments } from '../../../bench/report/compare.ts'
import { comparePage } from '../../../bench/report/compare-page.ts'
import { writeComparison } from '../../../bench/report/compare-text.ts'
import { readDocument } from '../../../bench/report/document.ts'
import { caseWith, documentOf, spread } from './results.ts'

const before = { file: 'before.json', document: documentOf([caseWith({ parley: spread(90, 100, 110) })]) }

t.test('a change beyond the spreads is better or worse, else it is noise', async (t) => {
  for (const [after, verdict] of [
    [spread(190, 200, 210), 'better'],
    [spread(40, 50, 60), 'worse'],
    [spread(100, 120, 130), 'noise'],
  ] as const) {
    const other = { file: 'after.json', document: documentOf([caseWith({ parley: after })]) }
    const [one] = compareDocuments([before, other]).cases
    t.match(one?.servers[0]?.figures[0], { verdicts: ['noise', verdict], ratios: [1, after.median / 100] })
  }
})

t.test('a time that grows is worse', async (t) => {
  const [one, other] = [spread(1, 2, 3), spread(4, 5, 6)].map((times, index) => ({
    file: `${index}.json`,
    document: documentOf([caseWith({ parley: times }, { unit: 'milliseconds' })]),
  }))
  const comparison = compareDocuments(one === undefined || other === undefined ? [] : [one, other])
  t.equal(comparison.cases[0]?.servers[0]?.figures[0]?.verdicts[1], 'worse')
})

t.test('refused figures are not compared', async (t) => {
  const refused = caseWith({ parley: spread(190, 200, 210) })
  const servers = refused.servers.map((row) => ({ ...row, refusal: 'the generator was the bottleneck' }))
  const other = { file: 'after.json', document: documentOf([{ ...refused, servers }]) }
  t.equal(compareDocuments([before, other]).cases[0]?.servers[0]?.figures[0]?.verdicts[1], 'refused')
})

t.test('text and page show files, figures, ratios and words', async (t) => {
  const after = { file: '<after>.json', document: documentOf([caseWith({ parley: spread(190, 200, 210) })]) }
  const comparison = compareDocuments([before, after])
  const text = writeComparison(comparison)
  t.match(text, /A +before\.json/)
  t.match(text, /parley +figures +100 \(90–110\) +200 \(190–210\) +2\.00 +better/)
  const page = comparePage(comparison)
  t.match(page, '&#60;after&#62;.json')
  t.match(page, /<svg/)
})

t.test('files of other machines and files without a common case are warned about', async (t) => {
  const document = documentOf([caseWith({ parley: spread(1, 2, 3) }, { scenario: 'latency' })])
  const other = { file: 'b.json', document: { ...document, machine: { ...document.machine, cores: 64 } } }
  const { warnings, cases } = compareDocuments([before, other])
  t.strictSame(cases, [])
  t.match(warnings, [/b\.json is of another machine or Node \(cores\)/, /no case in common/])
})

t.test('a file that is no result is refused', async (t) => {
  t.throws(() => readDocument('no', 'x'), /x is no JSON/)
  t.throws(() => readDocument('{}', 'x'), /x is no result/)
  t.throws(() => readDocument('null', 'x'), /x is no result/)
  t.throws(() => readDocument('{"format":1,"cases":[{"servers":[]}]}', 'x'), /older version/)
  t.match(readDocument(JSON.stringify(before.document), 'x'), { cases: [{ scenario: 'throughput' }] })
})
