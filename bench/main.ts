/** The benchmark's command: `npm run bench`. Reads the options, runs, prints; ends what it started, also on Ctrl-C. */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Benchmark } from './benchmark.ts'
import { describeMachine } from './machine.ts'
import { helpText, readOptions, type ServerName, type Settings } from './options.ts'
import { makeDocument } from './report/document.ts'
import { isAllRight, summarize } from './report/summary.ts'
import { writeTables } from './report/table.ts'
import { scenarios } from './scenarios/index.ts'
import { floorKind } from './servers/floor.ts'
import { accountLines, parleyKind } from './servers/parley.ts'
import { runningKind } from './servers/running.ts'
import type { ServerKind } from './servers/server.ts'

process.exitCode = await main(process.argv.slice(2))

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
    case 'run':
      return run(request.settings)
  }
}

async function run(settings: Settings): Promise<number> {
  const machine = describeMachine()
  const benchmark = new Benchmark({
    settings,
    cases: settings.scenarios.flatMap((name) => scenarios[name](settings)),
    kinds: kindsOf(settings),
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt(benchmark))
  const results = await benchmark.run()
  const summaries = summarize(results)
  if (settings.json) {
    const document = makeDocument({ machine, settings, results, finishedAt: new Date() })
    process.stdout.write(`${JSON.stringify(document, null, 1)}\n`)
  } else {
    process.stdout.write(`${writeTables(machine, summaries)}\n`)
  }
  return isAllRight(summaries) ? 0 : 1
}

function kindsOf(settings: Settings): ServerKind[] {
  const profileFolder = settings.profileFolder === undefined ? undefined : resolve(settings.profileFolder)
  const { running } = settings
  const kinds: Record<ServerName, () => ServerKind> = {
    floor: () => floorKind({ profileFolder }),
    parley: () => (running === undefined ? parleyKind({ profileFolder }) : runningKind(running)),
  }
  return settings.servers.map((name) => kinds[name]())
}

function interrupt(benchmark: Benchmark): void {
  process.stderr.write('bench: interrupted; ending the servers\n')
  const end = (): void => process.exit(130)
  benchmark.stop().then(end, end)
}
