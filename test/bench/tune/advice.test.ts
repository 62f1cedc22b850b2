import t from 'tap'
import { adviceLines, findCandidate, isBetter } from '../../../bench/tune/advice.ts'

const usual = { lowest: 95, median: 100, highest: 105 }

t.test('better is what is better in every round, by more than a twentieth', async (t) => {
  t.ok(isBetter({ lowest: 110, median: 120, highest: 130 }, usual, 'per-second'))
  t.notOk(isBetter({ lowest: 104, median: 120, highest: 130 }, usual, 'per-second'), 'spreads meet')
  const steady = { lowest: 100, median: 100, highest: 100 }
  t.notOk(isBetter({ lowest: 103, median: 104, highest: 104 }, steady, 'per-second'), 'too little')
  t.ok(isBetter({ lowest: 70, median: 80, highest: 90 }, usual, 'milliseconds'), 'less is better for times')
})

t.test('noise gives no candidate', async (t) => {
  const values = [
    { value: '1', spread: { lowest: 90, median: 101, highest: 120 } },
    { value: '2', spread: usual },
  ]
  t.equal(findCandidate(values, '2', 'per-second'), undefined)
  t.equal(findCandidate(values, '9', 'per-second'), undefined, 'nor does a default that was not measured')
})

t.test('the best of the better ones is the candidate', async (t) => {
  const values = [
    { value: '1', spread: usual },
    { value: '2', spread: { lowest: 150, median: 160, highest: 170 } },
    { value: '4', spread: { lowest: 180, median: 190, highest: 200 } },
  ]
  t.equal(findCandidate(values, '1', 'per-second'), '4')
})

t.test('only what was confirmed is a line to paste; the rest are comments', async (t) => {
  const lines = adviceLines([
    { setting: 'A', usual: '1', candidate: undefined, isConfirmed: false },
    { setting: 'B', usual: '1', candidate: '2', isConfirmed: false },
    { setting: 'C', usual: '1', candidate: '4', isConfirmed: true },
  ])
  t.match(lines, [/^# A: .*within noise; the default \(1 here\) stays/, /^# B: 2 looked better, but not/, /^C=4$/])
})
