/** Which value of a swept setting is the best one, and whether the differences are more than noise. Pure. */
import type { Column, Unit } from '../scenarios/scenario.ts'
import type { Spread } from '../statistics.ts'
import type { CaseDocument } from './document.ts'

/** One value of the setting. */
export interface SweptValue {
  readonly value: string
  readonly spread: Spread
  /** Its spread meets that of the best: which of the two is better can't be said. */
  readonly isLikeBest: boolean
}

/** What a sweep found by one figure of one case. */
export interface SweepFinding {
  readonly column: Column
  readonly values: readonly SweptValue[]
  readonly best: SweptValue
  /** Whether the best is apart from all others. */
  readonly isClear: boolean
  /** The best median divided by the worst, above 1. */
  readonly range: number
}

/** Whether more is better in a unit. */
export function isMoreBetter(unit: Unit): boolean {
  return unit === 'per-second'
}

/** Judges a case by its first figure; undefined when fewer than two values have it. */
export function judgeSweep(one: CaseDocument, setting: string): SweepFinding | undefined {
  const [column] = one.columns
  if (column === undefined) return undefined
  const measured = one.servers.flatMap((row) => {
    const spread = row.figures[column.key]
    return spread === undefined ? [] : [{ value: row.server.replace(`${setting}=`, ''), spread }]
  })
  const factor = isMoreBetter(column.unit) ? -1 : 1
  const ranked = [...measured].sort((a, b) => factor * (a.spread.median - b.spread.median))
  const [first, last] = [ranked[0], ranked.at(-1)]
  if (first === undefined || last === undefined || ranked.length < 2) return undefined
  const values = measured.map((one) => ({ ...one, isLikeBest: meet(one.spread, first.spread) }))
  const best = { ...first, isLikeBest: true }
  const [high, low] = [first.spread.median, last.spread.median].sort((a, b) => b - a)
  return {
    column,
    values,
    best,
    isClear: values.filter((value) => value.isLikeBest).length === 1,
    range: low === undefined || high === undefined || low <= 0 ? 1 : high / low,
  }
}

/** Whether two spreads have something in common. */
export function meet(one: Spread, other: Spread): boolean {
  return one.lowest <= other.highest && other.lowest <= one.highest
}
