import t from 'tap'
import {
  parseCpuMs,
  parseMachineTimes,
  parseMemory,
  readMachineTimes,
  readProcessMemory,
  readProcessTimes,
} from '../../bench/proc-stat.ts'

const tail = 'S 1 42 42 0 -1 4194560 1700 0 3 0 250 75 9 4 20 0 11 0 12345 1000000 5000'

t.test('CPU time is user and system time in ticks of 10 ms', async (t) => {
  t.equal(parseCpuMs(`42 (node) ${tail}`), 3250)
})

t.test('a name with spaces and parentheses does not shift the fields', async (t) => {
  t.equal(parseCpuMs(`42 (a) (b c) ${tail}`), 3250)
})

t.test('a text that is no stat file gives nothing', async (t) => {
  t.equal(parseCpuMs(''), undefined)
  t.equal(parseMemory('Name: node\n'), undefined)
  t.equal(parseMachineTimes('intr 5\n'), undefined)
})

t.test('memory is read in kilobytes', async (t) => {
  const status = 'Name:\tnode\nVmRSS:\t   65536 kB\nRssAnon:\t   20000 kB\nThreads:\t11\n'
  t.strictSame(parseMemory(status), { residentBytes: 65536 * 1024, anonymousBytes: 20000 * 1024 })
})

t.test('the machine is busy in all but idle and iowait, and guests are not counted twice', async (t) => {
  const text = 'cpu  100 10 50 800 30 1 4 5 77 7\ncpu0 50 5 25 400 15 1 2 2 0 0\n'
  t.strictSame(parseMachineTimes(text), { busyMs: 1700, totalMs: 10_000 })
})

t.test('this process and its threads are found', { skip: process.platform !== 'linux' }, async (t) => {
  const times = readProcessTimes(process.pid)
  t.ok(times?.threads.has(process.pid), 'the main thread has the id of the process')
  t.ok((readProcessMemory(process.pid)?.residentBytes ?? 0) > 10 * 2 ** 20)
  t.ok((readMachineTimes()?.totalMs ?? 0) > 0)
})

t.test('a process that does not exist gives nothing', async (t) => {
  t.equal(readProcessTimes(2 ** 30), undefined)
  t.equal(readProcessMemory(2 ** 30), undefined)
})
