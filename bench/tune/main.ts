/**
 * The command behind `parley tune`: tries settings one after the other, with short loads on servers of its own, and
 * says which are worth setting on this machine. What looks better is measured a second time against the default
 * alone, since the best of many noisy figures is always good.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { thisPlatform } from '../../src/server/thread-options.ts'
import { Benchmark } from '../benchmark.ts'
import { describeMachine } from '../machine.ts'
import { type RunSettings, readOptions } from '../options.ts'
import { type CaseDocument, makeDocument, type ReportDocument } from '../report/document.ts'
import { judgeSweep } from '../report/sweep.ts'
import { writeSweep } from '../report/sweep-text.ts'
import { describeMachineLine } from '../report/table.ts'
import { scenarios } from '../scenarios/index.ts'
import { parleyKind } from '../servers/parley.ts'
import { type Advice, adviceLines, findCandidate } from './advice.ts'
import { type Knob, knobsOf } from './knobs.ts'
import { tunePage } from './tune-page.ts'

const helpText = `Usage: parley tune [options]

Runs short loads on servers of its own on this machine, over sizes of the worker pool, sizes of its batches, and
numbers of acceptor threads where the platform can share the port; shows what each is worth, and the lines
for the file .env where something is. Takes some minutes; let the machine do nothing else meanwhile.

Options
  --seconds N   time measured per value and round (2)
  --rounds N    rounds (3)
  --only NAME   only this setting, as PARLEY_POOL_MAX_THREADS
  --html FILE   one page with plots
  --help        this text
`

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`parley tune: ${error instanceof Error ? error.message : String(error)}\n`)
  return 1
})

async function main(args: readonly string[]): Promise<number> {
  let values: { seconds?: string; rounds?: string; only?: string; html?: string; help?: boolean }
  try {
    values = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        only: { type: 'string' },
        html: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values
  } catch (error) {
    return fail([error instanceof Error ? error.message : String(error)])
  }
  if (values.help === true) {
    process.stdout.write(helpText)
    return 0
  }
  const { seconds = '2', rounds = '3', only, html } = values
  const request = readOptions(['--seconds', seconds, '--rounds', rounds, '--window', '64'], thisPlatform().cores)
  if (request.kind !== 'run') return fail(request.kind === 'fault' ? request.faults : [])
  const { knobs, notes } = knobsOf(thisPlatform())
  const chosen = only === undefined ? knobs : knobs.filter((knob) => knob.setting === only)
  if (chosen.length === 0) return fail([`--only must be one of ${knobs.map((knob) => knob.setting).join(', ')}`])
  return tune(chosen, { settings: request.settings, notes, html })
}

function fail(faults: readonly string[]): number {
  for (const fault of faults) process.stderr.write(`parley tune: ${fault}\n`)
  return 2
}

async function tune(
  knobs: readonly Knob[],
  options: { settings: RunSettings; notes: readonly string[]; html: string | undefined },
): Promise<number> {
  const { settings, notes, html } = options
  process.stdout.write(`${describeMachineLine(describeMachine())}\n`)
  for (const note of notes) process.stdout.write(`note: ${note}\n`)
  const trials: { knob: Knob; document: ReportDocument; advice: Advice }[] = []
  for (const knob of knobs) {
    const document = await tryValues(knob, knob.values, settings)
    process.stdout.write(`\n${knob.about}\n${writeSweep(document)}\n`)
    const advice = await adviseOn(knob, document, settings)
    trials.push({ knob, document, advice })
  }
  const lines = adviceLines(trials.map((trial) => trial.advice))
  const isDefault = lines.every((line) => line.startsWith('#'))
  const verdict = isDefault
    ? 'Nothing is worth setting on this machine: the defaults are recommended.'
    : 'To be put into the file .env:'
  process.stdout.write(`\n${verdict}\n\n${lines.join('\n')}\n`)
  if (html !== undefined) {
    await writeFile(html, tunePage({ documents: trials.map((trial) => trial.document), verdict, lines }))
  }
  return trials.every((trial) => trial.document.isAllRight) ? 0 : 1
}

async function adviseOn(knob: Knob, document: ReportDocument, settings: RunSettings): Promise<Advice> {
  const { setting, usual } = knob
  const candidate = candidateOf(knob, document)
  if (candidate === undefined) return { setting, usual, candidate, isConfirmed: false }
  process.stderr.write(`${setting}=${candidate} looks better than ${usual}; both once more\n`)
  const again = await tryValues(knob, [usual, candidate], { ...settings, rounds: settings.rounds + 2 })
  return { setting, usual, candidate, isConfirmed: candidateOf(knob, again) === candidate }
}

function candidateOf(knob: Knob, document: ReportDocument): string | undefined {
  const finding = document.cases.map((one: CaseDocument) => judgeSweep(one, knob.setting))[0]
  return finding === undefined ? undefined : findCandidate(finding.values, knob.usual, finding.column.unit)
}

/** One sweep: a server for each value, in turns. */
async function tryValues(knob: Knob, values: readonly string[], base: RunSettings): Promise<ReportDocument> {
  const { setting, scenario, caseName } = knob
  const settings: RunSettings = { ...base, scenarios: [scenario], sweep: { setting, values } }
  const cases = scenarios[scenario](settings).filter((one) => caseName.test(one.name))
  const benchmark = new Benchmark({
    settings,
    cases: cases.map((one) => ({ ...one, beside: 'floor' as const })),
    kinds: values.map((value) =>
      parleyKind({ profileFolder: undefined, name: `${setting}=${value}`, settings: { [setting]: value } }),
    ),
    progress: (line) => process.stderr.write(`${line}\n`),
  })
  const end = (): void => {
    const leave = (): void => process.exit(130)
    benchmark.stop().then(leave, leave)
  }
  process.once('SIGINT', end).once('SIGTERM', end)
  try {
    const results = await benchmark.run()
    return makeDocument({ machine: describeMachine(), settings, results, finishedAt: new Date() })
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end)
  }
}
