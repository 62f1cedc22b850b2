/** Sums up the rounds of each case: medians, spreads, ratios, and whether everything was right. Pure. */
import type { Result } from '../benchmark.ts'
import type { Case } from '../scenarios/scenario.ts'
import { type Spread, spreadOf } from '../statistics.ts'
import { isFaultless, type Verification } from '../verifier.ts'
import { refusalOfMost } from './refusal.ts'

/** One server in one case. */
export interface Row {
  readonly server: string
  readonly figures: Readonly<Record<string, Spread>>
  /** Added up over the rounds. */
  readonly verification: Verification | undefined
  readonly notes: readonly string[]
  readonly faults: readonly string[]
  /** Why the figures say more of the generator than of the server. */
  readonly refusal?: string | undefined
}

/** One case with all servers. */
export interface Summary {
  readonly case: Case
  readonly rows: readonly Row[]
  /** Parley's medians divided by those of what stands beside it. */
  readonly ratios: Readonly<Record<string, number>>
  readonly besideName: string | undefined
}

/** Sums up the results, case by case. */
export function summarize(results: readonly Result[]): Summary[] {
  const cases = [...new Set(results.map((result) => result.case))]
  return cases.map((one) => {
    const rows = results.filter((result) => result.case === one).map(summarizeRow)
    const parley = rows.find((row) => row.server === 'parley')
    const beside = rows.find((row) => row.server !== 'parley')
    return { case: one, rows, ratios: ratiosOf(one, parley, beside), besideName: beside?.server }
  })
}

/** Whether every message of every round was right, and no round failed. */
export function isAllRight(summaries: readonly Summary[]): boolean {
  const rows = summaries.flatMap((summary) => summary.rows)
  return rows.every(
    (row) => row.faults.length === 0 && (row.verification === undefined || isFaultless(row.verification)),
  )
}

/** Whether no row's figures are refused. */
export function areFiguresValid(summaries: readonly Summary[]): boolean {
  return summaries.every((summary) => summary.rows.every((row) => row.refusal === undefined))
}

function summarizeRow(result: Result): Row {
  const figures: Record<string, Spread> = {}
  for (const column of result.case.columns) {
    const values = result.rounds.flatMap((round) => round.figures[column.key] ?? []).filter(Number.isFinite)
    const spread = spreadOf(values)
    if (spread !== undefined) figures[column.key] = spread
  }
  return {
    server: result.server,
    figures,
    verification: sumVerifications(result.rounds.flatMap((round) => round.verification ?? [])),
    notes: [
      ...result.rounds.flatMap((round, index) => round.notes.map((note) => `round ${index + 1}: ${note}`)),
      ...hintsOn(result.rounds.flatMap((round) => round.faults)),
    ],
    faults: result.rounds.flatMap((round, index) => round.faults.map((fault) => `round ${index + 1}: ${fault}`)),
    refusal: refusalOfMost(result.rounds),
  }
}

function hintsOn(faults: readonly string[]): string[] {
  if (!faults.some((fault) => fault.includes('rate_limited'))) return []
  return [
    'the server limits what a user may send; for as much as possible start it with PARLEY_USER_MESSAGES_PER_SECOND=0',
  ]
}

function sumVerifications(all: readonly Verification[]): Verification | undefined {
  if (all.length === 0) return undefined
  return all.reduce((sum, one) => ({
    sent: sum.sent + one.sent,
    arrived: sum.arrived + one.arrived,
    lost: sum.lost + one.lost,
    doubled: sum.doubled + one.doubled,
    disordered: sum.disordered + one.disordered,
    foreign: sum.foreign + one.foreign,
  }))
}

function ratiosOf(one: Case, parley: Row | undefined, beside: Row | undefined): Record<string, number> {
  const ratios: Record<string, number> = {}
  // A ratio of somebody else's figure would be quoted all the same.
  if (parley?.refusal !== undefined || beside?.refusal !== undefined) return ratios
  for (const { key, ratio } of one.columns) {
    const [own, other] = [parley?.figures[key]?.median, beside?.figures[key]?.median]
    if (ratio && own !== undefined && other !== undefined && other > 0) ratios[key] = own / other
  }
  return ratios
}
