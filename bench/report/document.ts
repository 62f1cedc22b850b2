/** The report for machines: one JSON document with the settings, the machine, the sums and every round. Pure. */
import type { Result } from '../benchmark.ts'
import type { Machine } from '../machine.ts'
import type { Settings } from '../options.ts'
import type { Measurement } from '../scenarios/scenario.ts'
import type { Spread } from '../statistics.ts'
import { isAllRight, type Row, summarize } from './summary.ts'

/** The document. `format` grows by one when a reader has to know. */
export interface ReportDocument {
  readonly format: 1
  readonly finishedAt: string
  readonly isAllRight: boolean
  readonly machine: Machine
  readonly settings: Settings
  readonly cases: readonly CaseDocument[]
}

/** One case of the document. */
export interface CaseDocument {
  readonly scenario: string
  readonly title: string
  readonly ratios: Readonly<Record<string, number>>
  readonly servers: readonly (Omit<Row, 'figures'> & {
    readonly figures: Readonly<Record<string, Spread>>
    readonly rounds: readonly Measurement[]
  })[]
}

/** Makes the document. */
export function makeDocument(options: {
  readonly machine: Machine
  readonly settings: Settings
  readonly results: readonly Result[]
  readonly finishedAt: Date
}): ReportDocument {
  const summaries = summarize(options.results)
  return {
    format: 1,
    finishedAt: options.finishedAt.toISOString(),
    isAllRight: isAllRight(summaries),
    machine: options.machine,
    settings: options.settings,
    cases: summaries.map((summary) => ({
      scenario: summary.case.scenario,
      title: summary.case.title,
      ratios: summary.ratios,
      servers: summary.rows.map((row) => ({ ...row, rounds: roundsOf(options.results, summary.case, row.server) })),
    })),
  }
}

function roundsOf(results: readonly Result[], one: Result['case'], server: string): readonly Measurement[] {
  return results.find((result) => result.case === one && result.server === server)?.rounds ?? []
}
