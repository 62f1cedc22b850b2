/** What a comparison found: medians of each server, Parley's divided by theirs, and which figures are the generator's. Pure. */
import type { Result } from '../benchmark.ts'
import { type Row, summarize } from '../report/summary.ts'
import { findBottleneck } from '../scenarios/load.ts'
import type { Case, Measurement } from '../scenarios/scenario.ts'
import { isFaultless } from '../verifier.ts'
import type { ComparedCase } from './cases.ts'

/** One server, or one variant of Parley, in one case. */
export interface ComparedRow extends Row {
  /**
   * Whether the generator set the pace in most rounds: a figure per second is then only a lower bound of what the
   * server can do.
   */
  readonly isGeneratorLimited: boolean
}

/** Parley's medians divided by another's. */
export interface RatioRow {
  readonly other: string
  readonly ratios: Readonly<Record<string, Ratio>>
}

/** A ratio, and what it is when one side's figure is a lower bound: `refused` when both are. */
export interface Ratio {
  readonly value: number
  readonly bound: 'exact' | 'at least' | 'at most' | 'refused'
}

/** One case with all servers. */
export interface Comparison {
  readonly case: Case
  readonly rows: readonly ComparedRow[]
  readonly ratios: readonly RatioRow[]
}

const busyFrom = 0.9

/** Compares the results, case by case. */
export function compare(cases: readonly ComparedCase[], results: readonly Result[]): Comparison[] {
  return cases.map(({ main, variants }) => {
    const rows = rowsOf(results, main)
    const beside = variants.flatMap(({ label, case: one }) =>
      rowsOf(results, one).map((row) => ({ ...row, server: `${row.server}, ${label}` })),
    )
    const parley = rows.find((row) => row.server === 'parley')
    const others = rows.filter((row) => row.server !== 'parley')
    return {
      case: main,
      rows: [...rows, ...beside],
      ratios: parley === undefined ? [] : others.map((other) => ratioRow(main, parley, other)),
    }
  })
}

/** Whether Parley did everything right, and every server was measured at least once. */
export function isComparisonRight(comparisons: readonly Comparison[]): boolean {
  const rows = comparisons.flatMap((comparison) => comparison.rows)
  return rows.every((row) => {
    const isParley = row.server.startsWith('parley')
    if (isParley && (row.faults.length > 0 || (row.verification !== undefined && !isFaultless(row.verification)))) {
      return false
    }
    return Object.keys(row.figures).length > 0
  })
}

/** Whether a round says more of the generator than of the server. */
export function isGeneratorLimited(measurement: Measurement): boolean {
  if (measurement.load !== undefined) return findBottleneck(measurement.load) === 'generator'
  return (measurement.figures['generatorActive'] ?? 0) >= busyFrom
}

function rowsOf(results: readonly Result[], one: Case): ComparedRow[] {
  const own = results.filter((result) => result.case === one)
  const rows = summarize(own).flatMap((summary) => summary.rows)
  return rows.map((row) => {
    const rounds = own.find((result) => result.server === row.server)?.rounds ?? []
    const limited = rounds.filter(isGeneratorLimited).length
    return { ...row, isGeneratorLimited: 2 * limited > rounds.length }
  })
}

function ratioRow(one: Case, parley: ComparedRow, other: ComparedRow): RatioRow {
  const ratios: Record<string, Ratio> = {}
  for (const { key, unit, ratio } of one.columns) {
    const [own, theirs] = [parley.figures[key]?.median, other.figures[key]?.median]
    if (!ratio || own === undefined || theirs === undefined || theirs <= 0) continue
    ratios[key] = { value: own / theirs, bound: unit === 'per-second' ? boundOf(parley, other) : 'exact' }
  }
  return { other: other.server, ratios }
}

function boundOf(parley: ComparedRow, other: ComparedRow): Ratio['bound'] {
  if (parley.isGeneratorLimited) return other.isGeneratorLimited ? 'refused' : 'at least'
  return other.isGeneratorLimited ? 'at most' : 'exact'
}
