import t from 'tap'
import { judgeSweep, meet } from '../../../bench/report/sweep.ts'
import { writeBars, writeSweep, writeVerdict } from '../../../bench/report/sweep-text.ts'
import { caseWith, documentOf, spread } from './results.ts'

const clear = caseWith({ 'N=1': spread(90, 100, 110), 'N=2': spread(190, 200, 210), 'N=4': spread(140, 150, 160) })

t.test('the best value is the one with the best median, apart when no spread meets its own', async (t) => {
  const finding = judgeSweep(clear, 'N')
  t.match(finding, { best: { value: '2' }, isClear: true, range: 2 })
  t.match(finding && writeVerdict(finding, 'N'), /Best: N=2 with 200 \(190–210\); apart from all others, 100 % from/)
})

t.test('less is better for times and memory', async (t) => {
  const one = caseWith({ 'N=1': spread(1, 2, 3), 'N=2': spread(4, 5, 6) }, { unit: 'milliseconds' })
  t.equal(judgeSweep(one, 'N')?.best.value, '1')
})

t.test('values whose spreads meet are alike', async (t) => {
  const alike = judgeSweep(caseWith({ 'N=1': spread(90, 100, 150), 'N=2': spread(100, 120, 130) }), 'N')
  t.match(alike, { isClear: false, values: [{ isLikeBest: true }, { isLikeBest: true }] })
  t.match(alike && writeVerdict(alike, 'N'), /No difference beyond noise/)
  const some = judgeSweep(
    caseWith({ 'N=1': spread(1, 2, 3), 'N=2': spread(100, 120, 130), 'N=4': spread(110, 121, 131) }),
    'N',
  )
  t.match(some && writeVerdict(some, 'N'), /Best: N=4 .* within noise of it: 2\./)
})

t.test('spreads meet at a common figure', async (t) => {
  t.ok(meet(spread(1, 2, 3), spread(3, 4, 5)))
  t.notOk(meet(spread(1, 2, 3), spread(3.1, 4, 5)))
})

t.test('one value is no sweep', async (t) => {
  t.equal(judgeSweep(caseWith({ 'N=1': spread(1, 2, 3) }), 'N'), undefined)
})

t.test('each value has a bar with its spread, and the best is marked', async (t) => {
  const finding = judgeSweep(clear, 'N')
  const lines = finding === undefined ? [] : writeBars(finding)
  t.equal(lines.length, 3)
  t.match(lines[1], /^ {2}2 +█+·*┃·* +200 \(190–210\) +◀ best$/)
  t.notMatch(lines[0], /best|≈/)
  const text = writeSweep(documentOf([clear], { sweep: { setting: 'N', values: ['1', '2', '4'] } }))
  t.match(text, /^throughput: some work\nfigures by N/)
})
