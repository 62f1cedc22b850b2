/** The report for machines: one JSON document with the settings, the machine, the sums and every round. Pure. */
import type { Result } from '../benchmark.ts'
import type { Machine } from '../machine.ts'
import type { RunSettings } from '../options.ts'
import type { Column, Measurement } from '../scenarios/scenario.ts'
import type { Spread } from '../statistics.ts'
import { areFiguresValid, isAllRight, type Row, summarize } from './summary.ts'

/** The document. `format` grows by one when a reader has to know. */
export interface ReportDocument {
  readonly format: 1
  readonly finishedAt: string
  readonly isAllRight: boolean
  /** Whether the figures are the servers' and not the generator's. */
  readonly areFiguresValid: boolean
  readonly machine: Machine
  readonly settings: RunSettings
  readonly cases: readonly CaseDocument[]
}

/** One case of the document. */
export interface CaseDocument {
  readonly scenario: string
  readonly title: string
  readonly columns: readonly Column[]
  /** Where the case stands among the others of its scenario, when they differ by a number. */
  readonly scale: number | undefined
  readonly ratios: Readonly<Record<string, number>>
  readonly servers: readonly (Omit<Row, 'figures'> & {
    readonly figures: Readonly<Record<string, Spread>>
    readonly rounds: readonly Measurement[]
  })[]
}

/** Makes the document. */
export function makeDocument(options: {
  readonly machine: Machine
  readonly settings: RunSettings
  readonly results: readonly Result[]
  readonly finishedAt: Date
}): ReportDocument {
  const summaries = summarize(options.results)
  return {
    format: 1,
    finishedAt: options.finishedAt.toISOString(),
    isAllRight: isAllRight(summaries),
    areFiguresValid: areFiguresValid(summaries),
    machine: options.machine,
    settings: options.settings,
    cases: summaries.map((summary) => ({
      scenario: summary.case.scenario,
      title: summary.case.title,
      columns: summary.case.columns,
      scale: summary.case.scale,
      ratios: summary.ratios,
      servers: summary.rows.map((row) => ({ ...row, rounds: roundsOf(options.results, summary.case, row.server) })),
    })),
  }
}

function roundsOf(results: readonly Result[], one: Result['case'], server: string): readonly Measurement[] {
  return results.find((result) => result.case === one && result.server === server)?.rounds ?? []
}

/** What two result files need to be compared; the comparison with other servers writes such files as well. */
export interface ComparableDocument {
  readonly finishedAt: string
  readonly machine: Machine
  readonly cases: readonly {
    readonly scenario: string
    readonly title: string
    readonly columns: readonly Column[]
    readonly servers: readonly {
      readonly server: string
      readonly figures: Readonly<Record<string, Spread>>
      readonly refusal?: string | undefined
    }[]
  }[]
}

/**
 * Reads a result file.
 *
 * @throws Error with a sentence when it is none, or one of a version that does not say what its figures are
 */
export function readDocument(text: string, file: string): ComparableDocument {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`${file} is no JSON`)
  }
  const document = value as { format?: unknown; cases?: unknown } | null
  const cases = document?.format === 1 && Array.isArray(document.cases) ? (document.cases as unknown[]) : undefined
  if (cases === undefined) throw new Error(`${file} is no result of the benchmark; --out writes one`)
  for (const one of cases as Partial<CaseDocument>[]) {
    if (!Array.isArray(one.columns) || !Array.isArray(one.servers)) {
      throw new Error(`${file} does not say what its figures are: it is of an older version`)
    }
  }
  return value as ComparableDocument
}
