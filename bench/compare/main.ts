/** The comparison's command: `npm run bench:compare`. Reads the options, runs, prints; ends what it started, also on Ctrl-C. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Benchmark } from '../benchmark.ts'
import { describeMachine } from '../machine.ts'
import { comparedCases, filesNeeded, settingsOf, takesPart } from './cases.ts'
import { compare, isComparisonRight } from './comparison.ts'
import { type CompareOptions, helpText, readCompareOptions, type ServerName } from './options.ts'
import { makeComparisonDocument, writeReport } from './report.ts'
import { comparedKinds } from './servers/index.ts'

process.exitCode = await main(process.argv.slice(2))

async function main(args: readonly string[]): Promise<number> {
  const request = readCompareOptions(args)
  switch (request.kind) {
    case 'help':
      process.stdout.write(helpText)
      return 0
    case 'fault':
      for (const fault of request.faults) process.stderr.write(`bench:compare: ${fault}\n`)
      process.stderr.write('bench:compare: see "npm run bench:compare -- --help"\n')
      return 2
    case 'run':
      return run(request.options)
  }
}

async function run(asked: CompareOptions): Promise<number> {
  const skipped: string[] = []
  const works = chooseWorks(asked, skipped)
  const servers = chooseServers({ ...asked, works }, skipped)
  const options = { ...asked, servers, works }
  for (const sentence of skipped) process.stderr.write(`bench:compare: ${sentence}\n`)
  const all = comparedKinds(options.security)
  const kinds = servers.map((name) => all[name])
  const machine = describeMachine()
  const participants = await Promise.all(kinds.map(async (kind) => ({ name: kind.name, ...(await kind.describe()) })))
  const cases = comparedCases(options)
  const benchmark = new Benchmark({
    settings: settingsOf(options),
    cases: cases.flatMap(({ main, variants }) => [main, ...variants.map((variant) => variant.case)]),
    kinds,
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt(benchmark))
  const results = await benchmark.run()
  const comparisons = compare(cases, results)
  const report = { machine, options, participants, skipped, comparisons, results, finishedAt: new Date() }
  process.stdout.write(`${writeReport(report)}\n`)
  if (options.jsonFile !== undefined) {
    await writeFile(options.jsonFile, `${JSON.stringify(makeComparisonDocument(report), null, 1)}\n`)
  }
  return isComparisonRight(comparisons) ? 0 : 1
}

function chooseServers(options: CompareOptions, skipped: string[]): ServerName[] {
  const kinds = comparedKinds(options.security)
  const cases = comparedCases(options)
  const asked = options.servers.filter((name) => takesPart(name, cases))
  const chosen = asked.filter((name) => {
    const sentence = kinds[name].missing()
    if (sentence !== undefined && (name !== 'prosody' || options.areServersNamed)) skipped.push(sentence)
    return sentence === undefined
  })
  // Two servers of one protocol say no more than one.
  const isSpare = (name: ServerName): boolean =>
    name === 'prosody' && !options.areServersNamed && chosen.includes('ejabberd')
  return chosen.filter((name) => !isSpare(name))
}

function chooseWorks(options: CompareOptions, skipped: string[]): CompareOptions['works'] {
  const limit = openFilesMax()
  return options.works.filter((work) => {
    const needed = filesNeeded(work, options)
    if (needed <= limit) return true
    skipped.push(
      `${work} is skipped: it needs ${needed} open files, and the limit is ${limit}; raise it with "ulimit -n"`,
    )
    return false
  })
}

/** How many files a process may have open; other systems than Linux do not tell. */
function openFilesMax(): number {
  try {
    const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
    return soft === undefined ? Number.POSITIVE_INFINITY : Number(soft)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

function interrupt(benchmark: Benchmark): void {
  process.stderr.write('bench:compare: interrupted; ending the servers\n')
  const end = (): void => process.exit(130)
  benchmark.stop().then(end, end)
}
