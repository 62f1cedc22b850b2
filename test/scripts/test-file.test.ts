// What counts as a failed file: whoever runs the tests must not call good what did not run to its end.
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'

interface Judged {
  passed: number
  failed: number
  skipped: number
  problem: string | undefined
  lines: string[]
}

interface Run {
  root: string
  file: string
  timeoutSeconds: number
  graceMs: number
  killAfterMs: number
}

const root = process.cwd()
const { runTestFile } = (await import(pathToFileURL(join(root, 'scripts', 'test-file.mjs')).href)) as {
  runTestFile: (run: Run) => Promise<Judged>
}

/** Judges a program that prints some lines, and then does something. */
async function judge(t: Test, printed: string[], then = '', timeoutSeconds = 30): Promise<Judged> {
  const said = printed.map((line) => `${line}\n`).join('')
  const folder = t.testdir({ 'a.mjs': `process.stdout.write(${JSON.stringify(said)})\n${then}\n` })
  const file = relative(root, join(folder, 'a.mjs'))
  return await runTestFile({ root, file, timeoutSeconds, graceMs: 0, killAfterMs: 100 })
}

t.test('what is at the first level of a file is counted, not what is in it', async (t) => {
  const judged = await judge(t, [
    'TAP version 14',
    '# Subtest: one',
    '    ok 1 - in it',
    '    1..1',
    'ok 1 - one # time=1ms',
    'ok 2 - two # SKIP no reason',
    '1..2',
  ])
  t.match(judged, { passed: 1, failed: 0, skipped: 1, problem: undefined })
  t.equal(judged.lines[0], '# Subtest: one')
})

t.test('failed tests are counted', async (t) => {
  const judged = await judge(t, ['not ok 1 - one', 'ok 2 - two', 'not ok 3 - three', '1..3'], 'process.exit(1)')
  t.match(judged, { passed: 1, failed: 2, skipped: 0, problem: 'exit code 1' })
})

t.test('a failed test counts whatever the exit code', async (t) => {
  t.match(await judge(t, ['not ok 1 - one', '1..1']), { failed: 1, problem: '1 tests failed' })
})

t.test('a file that ends without having run all has failed', async (t) => {
  const left = { failed: 1, skipped: 0 }
  t.match(await judge(t, []), { ...left, passed: 0, problem: 'it ended before its plan' })
  t.match(await judge(t, ['ok 1 - one']), { ...left, passed: 1, problem: 'it ended before its plan' })
  t.match(await judge(t, ['1..2', 'ok 1 - one']), { ...left, passed: 1, problem: '2 tests planned, 1 ran' })
  t.match(await judge(t, ['1..0']), { ...left, passed: 0, problem: 'it has no tests' })
  t.match(await judge(t, ['ok 1 - one', '1..1'], 'process.exitCode = 3'), {
    ...left,
    passed: 1,
    problem: 'exit code 3',
  })
})

t.test(
  'a file that takes too long is ended, by force where it must be',
  { skip: process.platform === 'win32' },
  async (t) => {
    const stays = "process.on('SIGTERM', () => {})\nsetInterval(() => {}, 1000)"
    t.match(await judge(t, ['ok 1 - one', '1..1'], stays, 2), { passed: 1, failed: 1, problem: 'ended by SIGKILL' })
  },
)

t.test('a failed file is shown where it is in the source', async (t) => {
  const place = 'at build/test/scripts/test-file.test.js:17:7'
  const judged = await judge(t, [`# ${place}`, 'not ok 1 - one', '1..1'])
  t.match(judged.lines[0], /^# at test\/scripts\/test-file\.test\.ts:\d+:\d+$/)
})
