// Runs the compiled tests (build/test/**/*.test.js), each file as a process of its own. Build first: `npm test` does both.
//
//   node scripts/test.mjs                 every test but those under test/long/
//   node scripts/test.mjs --long          only those under test/long/
//   node scripts/test.mjs store ring      only files whose path contains one of the words
//   node scripts/test.mjs --jobs=4        so many files at a time; else as many as there are cores, of long tests one
//   node scripts/test.mjs --results=FILE  also writes {"passed", "failed", "skipped"} as JSON
//
// The files use tap as a library. Its runner is not used: it starts every file with its module loaders, which
// takes more than twice the time of the file itself. All that the files print is kept in .tap/, as TAP.
import { appendFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runTestFile } from './test-file.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const compiledTests = join(root, 'build', 'test')

/** What starts whole servers, and so takes longest, comes first: then no core waits at the end for a long file on another. */
const slowFolders = ['system', 'server', 'workers', 'cli']

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
process.exitCode = await runTests()

function readArguments(argv) {
  const found = { long: false, results: undefined, jobs: undefined, words: [] }
  for (const argument of argv) {
    if (argument === '--long') found.long = true
    else if (argument.startsWith('--results=')) found.results = argument.slice('--results='.length)
    else if (/^--jobs=[1-9]\d*$/.test(argument)) found.jobs = Number(argument.slice('--jobs='.length))
    else if (argument.startsWith('-')) {
      console.error(`test: there is no option ${argument}. There are --long, --jobs=N and --results=FILE.`)
      process.exit(2)
    }
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

/** The compiled test files that were asked for, in the order in which they run. Helper modules do not end in `.test.js`. */
function testFiles({ long, words }) {
  if (!existsSync(compiledTests)) return []
  return readdirSync(compiledTests, { recursive: true })
    .filter((path) => path.endsWith('.test.js') && path.startsWith(`long${sep}`) === long)
    .filter((path) => words.length === 0 || words.some((word) => join('test', path).includes(word)))
    .sort((one, other) => turnOf(one) - turnOf(other) || (one < other ? -1 : 1))
    .map((path) => relative(root, join(compiledTests, path)))
}

function turnOf(path) {
  const index = slowFolders.indexOf(path.split(sep)[0])
  return index === -1 ? slowFolders.length : index
}

/** Runs the files, prints a line for each and one of summary, returns the exit code. */
async function runTests() {
  const started = Date.now()
  const kept = join(root, '.tap', options.long ? 'long.tap' : 'test.tap')
  mkdirSync(dirname(kept), { recursive: true })
  writeFileSync(kept, 'TAP version 14\n')
  let done = 0
  const failedFiles = []
  const total = { passed: 0, failed: 0, skipped: 0 }
  const waiting = files.values()
  const runOneAfterTheOther = async () => {
    for (const file of waiting) {
      const result = await runTestFile({ root, file, timeoutSeconds: options.long ? 1200 : 120 })
      const { passed, failed, skipped, problem } = result
      total.passed += passed
      total.failed += failed
      total.skipped += skipped
      if (problem !== undefined) failedFiles.push(file)
      const line = fileLine({ number: ++done, file, result })
      appendFileSync(kept, `# Subtest: ${file}\n${result.lines.map((inFile) => `    ${inFile}\n`).join('')}${line}\n`)
      for (const worthShowing of notable(result.lines)) console.log(`    ${worthShowing}`)
      console.log(line)
    }
  }
  // Two at a time even on one core: much of a system test is waiting. Long tests run alone: they load the whole machine, and
  // some measure how quickly a server answers meanwhile.
  const jobs = options.jobs ?? (options.long ? 1 : Math.min(8, Math.max(2, availableParallelism())))
  await Promise.all(Array.from({ length: jobs }, runOneAfterTheOther))

  appendFileSync(kept, `1..${done}\n`)
  writeResults(total)
  for (const file of failedFiles.sort()) console.log(`test: failed: ${file}`)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  const { passed, failed, skipped } = total
  console.log(`test: ${files.length} files, ${passed} tests passed, ${failed} failed, ${skipped} skipped, ${seconds} s`)
  return failed === 0 && passed > 0 ? 0 : 1
}

/** The result of a file as a line of TAP, with what is wrong with the file as a whole. */
function fileLine({ number, file, result }) {
  const time = `# time=${result.milliseconds}ms`
  if (result.problem === undefined) return `ok ${number} - ${file} ${time}`
  return `not ok ${number} - ${file} ${time}\n  ---\n  problem: ${result.problem}\n  ...`
}

/** Of the lines of a file: what was skipped, and each failure with its diagnosis. */
function notable(lines) {
  let diagnosisIndent
  return lines.filter((line) => {
    const indent = line.length - line.trimStart().length
    if (diagnosisIndent !== undefined && (indent >= diagnosisIndent || line === '')) {
      if (line.trim() === '...' && indent === diagnosisIndent) diagnosisIndent = undefined
      return true
    }
    diagnosisIndent = undefined
    if (!/^ *not ok\b/.test(line)) return /^ok \d.*# SKIP/.test(line)
    diagnosisIndent = indent + 2
    return true
  })
}

function writeResults(results) {
  if (options.results !== undefined) writeFileSync(options.results, `${JSON.stringify(results)}\n`)
}
