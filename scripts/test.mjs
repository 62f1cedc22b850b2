// Runs the compiled tests (build/test/**/*.test.js) with tap. Build first: `npm test` does both.
//
//   node scripts/test.mjs                 every test but those under test/long/
//   node scripts/test.mjs --long          only those under test/long/
//   node scripts/test.mjs store ring      only files whose path contains one of the words
//   node scripts/test.mjs --results=FILE  also writes {"passed", "failed", "skipped"} as JSON
//
// Other options that begin with "-" go to tap as they are.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const compiledTests = join(root, 'build', 'test')
const requireFromTap = requireOfTap()

const options = readArguments(process.argv.slice(2))
const files = testFiles(options)
if (files.length === 0) {
  console.error(
    options.words.length > 0
      ? `test: no test file has ${options.words.map((word) => `"${word}"`).join(' or ')} in its path.`
      : `test: there are no ${options.long ? 'long ' : ''}tests${existsSync(compiledTests) ? '' : ': run "npm run build" first'}.`,
  )
  writeResults({ passed: 0, failed: 0, skipped: 0 })
  // A project without long tests is no fault; a filter that finds nothing, or a missing build, is one.
  process.exit(options.long && options.words.length === 0 && existsSync(compiledTests) ? 0 : 1)
}

buildTapWhenNeeded()
process.exitCode = await runTests()

function requireOfTap() {
  try {
    return createRequire(createRequire(import.meta.url).resolve('tap/package.json'))
  } catch {
    console.error('test: tap is missing. Run "npm install" in this folder first (without --omit=dev).')
    process.exit(1)
  }
}

function readArguments(argv) {
  const found = { long: false, results: undefined, words: [], forTap: [] }
  for (const argument of argv) {
    if (argument === '--long') found.long = true
    else if (argument.startsWith('--results=')) found.results = argument.slice('--results='.length)
    else if (argument.startsWith('-')) found.forTap.push(argument)
    // A path to a source names its compiled twin.
    else
      found.words.push(
        argument
          .replace(/^(\.[\\/])?build[\\/]/, '')
          .replace(/\.ts$/, '.js')
          .replaceAll('/', sep),
      )
  }
  return found
}

/** The compiled test files that were asked for, sorted. Helper modules do not end in `.test.js`. */
function testFiles({ long, words }) {
  if (!existsSync(compiledTests)) return []
  return readdirSync(compiledTests, { recursive: true })
    .filter((path) => path.endsWith('.test.js') && path.startsWith(`long${sep}`) === long)
    .filter((path) => words.length === 0 || words.some((word) => join('test', path).includes(word)))
    .sort()
    .map((path) => relative(root, join(compiledTests, path)))
}

/**
 * tap compiles the set of its plugins into node_modules. A fresh install has the default set, with
 * the TypeScript plugin, which can't load TypeScript 7; .taprc leaves it out, and tap has to be built once.
 */
function buildTapWhenNeeded() {
  const built = readFileSync(
    join(dirname(requireFromTap.resolve('@tapjs/test/package.json')), 'test-built/dist/esm/index.js'),
    'utf8',
  )
  if (!built.includes('@tapjs/typescript')) return
  console.error('test: building tap without its TypeScript plugin (once after an install)')
  const { status } = spawnSync(process.execPath, [tapCommand(), 'build'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) {
    console.error('test: "tap build" failed; see above.')
    process.exit(1)
  }
}

function tapCommand() {
  return requireFromTap.resolve('tap/package.json').replace(/package\.json$/, join('dist', 'esm', 'run.mjs'))
}

/** Runs tap over the files, prints one line of summary, returns the exit code. The raw TAP is kept in `.tap`. */
async function runTests() {
  const started = Date.now()
  const raw = join(root, '.tap', options.long ? 'long.tap' : 'test.tap')
  mkdirSync(dirname(raw), { recursive: true })
  writeFileSync(raw, '')
  // tap's reporters need a terminal; elsewhere its TAP is read here, and only what matters is printed.
  const reporting = process.stdout.isTTY || options.forTap.some((option) => /^(-R|--reporter)/.test(option))
  const commandLine = [
    tapCommand(),
    // Two at a time even on one core: much of a system test is waiting.
    `--jobs=${Math.min(8, Math.max(2, availableParallelism()))}`,
    ...(options.long ? ['--timeout=1200'] : []),
    ...(reporting ? [`--output-file=${raw}`] : ['--reporter=tap']),
    ...options.forTap,
    ...files,
  ]
  const tap = spawn(process.execPath, commandLine, {
    cwd: root,
    stdio: ['ignore', reporting ? 'inherit' : 'pipe', 'inherit'],
  })
  if (tap.stdout !== null) {
    const print = linePrinter()
    createInterface({ input: tap.stdout }).on('line', (line) => {
      appendFileSync(raw, `${line}\n`)
      print(line)
    })
  }
  const [status, signal] = await once(tap, 'close')
  const results = countResults(readFileSync(raw, 'utf8'))
  writeResults(results)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  const { passed, failed, skipped } = results
  console.log(`test: ${files.length} files, ${passed} tests passed, ${failed} failed, ${skipped} skipped, ${seconds} s`)
  if (signal !== null) console.error(`test: tap was ended by ${signal}`)
  return status === 0 && failed === 0 && passed > 0 ? 0 : status || 1
}

/** Prints of a TAP stream the result of each file, what was skipped, and each failure with its diagnosis. */
function linePrinter() {
  let diagnosisIndent
  return (line) => {
    const indent = line.length - line.trimStart().length
    if (diagnosisIndent !== undefined && indent >= diagnosisIndent) {
      console.log(line)
      if (line.trim() === '...' && indent === diagnosisIndent) diagnosisIndent = undefined
      return
    }
    diagnosisIndent = undefined
    if (/^ *not ok \d/.test(line)) {
      diagnosisIndent = indent + 2
      console.log(line)
    } else if (/^ok \d|^ {4}ok \d.*# SKIP/.test(line)) {
      console.log(line)
    }
  }
}

/**
 * Counts what the raw TAP says. A test is what a file has at its first level: a named test, or an assertion
 * that stands alone. A file that failed without a failed test in it (a crash, a timeout) counts as one failed test.
 */
function countResults(tap) {
  const results = { passed: 0, failed: 0, skipped: 0 }
  let failedInFile = 0
  for (const line of tap.split('\n')) {
    const match = /^( {4})?(not )?ok \d+ *(.*)$/.exec(line)
    if (match === null) continue
    const [, inFile, not, rest] = match
    const directive = /\s#\s*(SKIP|TODO)\b/i.test(rest)
    if (inFile !== undefined) {
      if (directive) results.skipped++
      else if (not === undefined) results.passed++
      else {
        results.failed++
        failedInFile++
      }
    } else {
      if (not !== undefined && !directive && failedInFile === 0) results.failed++
      failedInFile = 0
    }
  }
  return results
}

function writeResults(results) {
  if (options.results !== undefined) writeFileSync(options.results, `${JSON.stringify(results)}\n`)
}
