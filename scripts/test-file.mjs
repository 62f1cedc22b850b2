// Runs one compiled test file as `node FILE` and judges it: by the TAP that it prints, its exit code, and its time.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { dirname, join, relative } from 'node:path'

/** tap itself ends a file that takes too long, and says what it waited for. A process that is stuck can't; it is killed after this. */
const usualGraceMs = 15_000
/** Between SIGTERM, which a stuck program may survive, and SIGKILL. */
const usualKillAfterMs = 2000
/** A server that a test left behind may hold its output open. Not longer than this. */
const restOfOutputMs = 1000

/**
 * Runs a file, its path relative to `root`. Its stderr is shown as it comes. Returns
 * - `lines`: its TAP, without the first line that names the version;
 * - `passed`, `failed`, `skipped`: its tests. A test is what a file has at its first level: a named test, or an
 *   assertion that stands alone. A file that failed without a failed test (a crash, a timeout) has one failed;
 * - `problem`: why the file failed, or undefined;
 * - `milliseconds`.
 */
export async function runTestFile({
  root,
  file,
  timeoutSeconds,
  graceMs = usualGraceMs,
  killAfterMs = usualKillAfterMs,
}) {
  const started = Date.now()
  const child = spawn(process.execPath, [join(root, file)], {
    cwd: root,
    env: { ...process.env, TAP_TIMEOUT: String(timeoutSeconds) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const closed = once(child, 'close')
  const deadlines = [
    setTimeout(() => child.kill('SIGTERM'), timeoutSeconds * 1000 + graceMs),
    setTimeout(() => child.kill('SIGKILL'), timeoutSeconds * 1000 + graceMs + killAfterMs),
  ]
  const [code, signal] = await once(child, 'exit')
  deadlines.push(setTimeout(() => child.stdout.destroy(), restOfOutputMs))
  await closed
  for (const deadline of deadlines) clearTimeout(deadline)

  const lines = output.trimEnd().split('\n')
  if (lines[0]?.startsWith('TAP version')) lines.shift()
  const { planned, ...counts } = count(lines)
  const results = counts.passed + counts.failed + counts.skipped
  let problem
  if (signal !== null) problem = `ended by ${signal}`
  else if (code !== 0) problem = `exit code ${code}`
  else if (planned === 0) problem = 'it has no tests'
  else if (planned === undefined) problem = 'it ended before its plan'
  else if (planned !== results) problem = `${planned} tests planned, ${results} ran`
  else if (counts.failed > 0) problem = `${counts.failed} tests failed`
  if (problem !== undefined && counts.failed === 0) counts.failed = 1
  return {
    ...counts,
    problem,
    lines: problem === undefined ? lines : lines.map((line) => withSourcePositions(line, root)),
    milliseconds: Date.now() - started,
  }
}

function count(lines) {
  const found = { passed: 0, failed: 0, skipped: 0, planned: undefined }
  for (const line of lines) {
    const plan = /^1\.\.(\d+)/.exec(line)
    if (plan !== null) found.planned = Number(plan[1])
    const match = /^(not )?ok\b(.*)$/.exec(line)
    if (match === null) continue
    const [, not, rest] = match
    if (/\s#\s*(SKIP|TODO)\b/i.test(rest)) found.skipped++
    else if (not === undefined) found.passed++
    else found.failed++
  }
  return found
}

/** `build/test/a.test.js:12:3` is where it stands in `test/a.test.ts`. Node could do that in the tests themselves, for a tenth of their time. */
function withSourcePositions(line, root) {
  return line.replace(/\bbuild\/([\w./-]+)\.js:(\d+):(\d+)/g, (compiled, name, lineNumber, column) => {
    const source = sourcePosition({ root, map: join(root, 'build', `${name}.js.map`), lineNumber, column })
    return source ?? compiled
  })
}

function sourcePosition({ root, map, lineNumber, column }) {
  let payload
  try {
    payload = JSON.parse(readFileSync(map, 'utf8'))
  } catch {
    return undefined
  }
  const entry = new SourceMap(payload).findEntry(Number(lineNumber) - 1, Number(column) - 1)
  if (entry.originalSource === undefined) return undefined
  const source = relative(root, join(dirname(map), entry.originalSource))
  return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
}
