/** The comparison for people and for machines. Pure. */
import type { Result } from '../benchmark.ts'
import type { Machine } from '../machine.ts'
import { align, describeMachineLine, writeRemarks, writeSpread, writeVerification } from '../report/table.ts'
import type { Column } from '../scenarios/scenario.ts'
import { type ComparedRow, type Comparison, isComparisonRight, type Ratio, type RatioRow } from './comparison.ts'
import type { CompareOptions } from './options.ts'
import type { Description } from './servers/compared.ts'

/** A server that took part. */
export interface Participant extends Description {
  readonly name: string
}

/** All that a report tells. */
export interface ComparisonReport {
  readonly machine: Machine
  readonly options: CompareOptions
  readonly participants: readonly Participant[]
  /** Sentences on what was left out. */
  readonly skipped: readonly string[]
  readonly comparisons: readonly Comparison[]
  readonly results: readonly Result[]
  readonly finishedAt: Date
}

const legend = `≥, ≤: the generator set the pace in most rounds, so the figure is a lower bound, or the ratio made of it a bound.
refused: the generator set the pace on both sides. Ratios are medians of Parley divided by medians of the other.`

/** Writes everything as text. */
export function writeReport(report: ComparisonReport): string {
  const participants = report.participants.map(
    ({ name, version, command, configuration }) => `${name} ${version}\n${indent(`$ ${command}\n${configuration}`)}`,
  )
  return [
    describeMachineLine(report.machine),
    ...report.comparisons.map(writeComparison),
    legend,
    ...(report.skipped.length > 0 ? [report.skipped.join('\n')] : []),
    `Servers and their configurations (one of the accounts)\n\n${participants.join('\n\n')}`,
  ].join('\n\n')
}

/** Makes the document for machines. `format` grows by one when a reader has to know. */
export function makeComparisonDocument(report: ComparisonReport): object {
  return {
    format: 1,
    finishedAt: report.finishedAt.toISOString(),
    isAllRight: isComparisonRight(report.comparisons),
    machine: report.machine,
    options: report.options,
    servers: report.participants,
    skipped: report.skipped,
    cases: report.comparisons.map(({ case: one, rows, ratios }) => ({
      scenario: one.scenario,
      title: one.title,
      columns: one.columns,
      servers: rows,
      ratios,
    })),
    rounds: report.results.map((result) => ({
      case: result.case.name,
      server: result.server,
      rounds: result.rounds,
    })),
  }
}

function writeComparison(comparison: Comparison): string {
  const { columns } = comparison.case
  const head = ['', ...columns.map((column) => column.heading), 'verified']
  const rows = comparison.rows.map((row) => writeRow(row, columns))
  const ratios = comparison.ratios.map((row) => writeRatios(row, columns))
  const remarks = comparison.rows.flatMap(writeRemarks)
  return [
    `${comparison.case.scenario}: ${comparison.case.title}`,
    ...align([head, ...rows, ...ratios]),
    ...remarks,
  ].join('\n')
}

function writeRow(row: ComparedRow, columns: readonly Column[]): string[] {
  const cells = columns.map(({ key, unit }) => {
    const text = writeSpread(row.figures[key], unit)
    return row.isGeneratorLimited && unit === 'per-second' ? `≥ ${text}` : text
  })
  return [row.server, ...cells, writeVerification(row.verification)]
}

function writeRatios(row: RatioRow, columns: readonly Column[]): string[] {
  return [`parley/${row.other}`, ...columns.map(({ key }) => writeRatio(row.ratios[key])), '']
}

/** Writes a ratio with its bound. */
export function writeRatio(ratio: Ratio | undefined): string {
  if (ratio === undefined) return ''
  const text = ratio.value >= 100 ? String(Math.round(ratio.value)) : ratio.value.toFixed(2)
  switch (ratio.bound) {
    case 'exact':
      return text
    case 'at least':
      return `≥ ${text}`
    case 'at most':
      return `≤ ${text}`
    case 'refused':
      return 'refused'
  }
}

function indent(text: string): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
}
