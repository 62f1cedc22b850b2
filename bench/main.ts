/** The benchmark's command: `npm run bench`. Reads the options, runs, prints; ends what it started, also on Ctrl-C. */
import { readFile, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Benchmark } from './benchmark.ts'
import { helpText } from './help-text.ts'
import { describeMachine } from './machine.ts'
import { type OutputFiles, type RunSettings, readOptions, type ServerName } from './options.ts'
import { compareDocuments } from './report/compare.ts'
import { comparePage } from './report/compare-page.ts'
import { writeComparison } from './report/compare-text.ts'
import { makeDocument, readDocument } from './report/document.ts'
import { makePage } from './report/page.ts'
import { areFiguresValid, isAllRight, summarize } from './report/summary.ts'
import { writeSweep } from './report/sweep-text.ts'
import { writeTables } from './report/table.ts'
import { scenarios } from './scenarios/index.ts'
import type { Case } from './scenarios/scenario.ts'
import { floorKind } from './servers/floor.ts'
import { accountLines, parleyKind } from './servers/parley.ts'
import { runningKind } from './servers/running.ts'
import type { ServerKind } from './servers/server.ts'

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`)
  return 1
})

async function main(args: readonly string[]): Promise<number> {
  const request = readOptions(args, availableParallelism())
  switch (request.kind) {
    case 'help':
      process.stdout.write(helpText)
      return 0
    case 'fault':
      for (const fault of request.faults) process.stderr.write(`bench: ${fault}\n`)
      process.stderr.write('bench: see "npm run bench -- --help"\n')
      return 2
    case 'accounts': {
      const password = (await readFile(request.passwordFile, 'utf8')).trim()
      process.stdout.write(await accountLines({ prefix: request.userPrefix, count: request.count, password }))
      return 0
    }
    case 'compare':
      return compare(request)
    case 'run':
      return run(request.settings, request.files)
  }
}

async function run(settings: RunSettings, files: OutputFiles): Promise<number> {
  const machine = describeMachine()
  const benchmark = new Benchmark({
    settings,
    cases: casesOf(settings),
    kinds: kindsOf(settings),
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt(benchmark))
  const results = await benchmark.run()
  const summaries = summarize(results)
  const document = makeDocument({ machine, settings, results, finishedAt: new Date() })
  const json = `${JSON.stringify(document, null, 1)}\n`
  const sweep = settings.sweep === undefined ? '' : `\n\n${writeSweep(document)}`
  process.stdout.write(settings.json ? json : `${writeTables(machine, summaries)}${sweep}\n`)
  if (files.json !== undefined) await writeFile(files.json, json)
  if (files.html !== undefined) await writeFile(files.html, makePage(document))
  if (!isAllRight(summaries)) return 1
  return areFiguresValid(summaries) ? 0 : 3
}

async function compare(request: { results: readonly string[]; html: string | undefined }): Promise<number> {
  const documents = await Promise.all(
    request.results.map(async (file) => ({ file, document: readDocument(await readFile(file, 'utf8'), file) })),
  )
  const comparison = compareDocuments(documents)
  process.stdout.write(`${writeComparison(comparison)}\n`)
  if (request.html !== undefined) await writeFile(request.html, comparePage(comparison))
  return comparison.cases.length === 0 ? 1 : 0
}

/** In a sweep the values stand beside one another, and nothing else does. */
function casesOf(settings: RunSettings): Case[] {
  const cases = settings.scenarios.flatMap((name) => scenarios[name](settings))
  return settings.sweep === undefined ? cases : cases.map((one) => ({ ...one, beside: 'floor' }))
}

function kindsOf(settings: RunSettings): ServerKind[] {
  const profileFolder = settings.profileFolder === undefined ? undefined : resolve(settings.profileFolder)
  const { running, sweep } = settings
  const isSealed = settings.security === 'sealed' || settings.security === 'hs256'
  if (sweep !== undefined) {
    return sweep.values.map((value) =>
      parleyKind({ profileFolder, isSealed, name: `${sweep.setting}=${value}`, settings: { [sweep.setting]: value } }),
    )
  }
  const kinds: Record<ServerName, () => ServerKind> = {
    floor: () => floorKind({ profileFolder }),
    plain: () =>
      running === undefined
        ? parleyKind({ profileFolder, name: 'plain' })
        : { ...runningKind(running, false), name: 'plain' },
    parley: () => (running === undefined ? parleyKind({ profileFolder, isSealed }) : runningKind(running, isSealed)),
  }
  return settings.servers.map((name) => kinds[name]())
}

function interrupt(benchmark: Benchmark): void {
  process.stderr.write('bench: interrupted; ending the servers\n')
  const end = (): void => process.exit(130)
  benchmark.stop().then(end, end)
}
