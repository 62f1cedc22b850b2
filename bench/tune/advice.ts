/** What a trial says: keep the default, or what to set instead. Noise is no reason to set anything. Pure. */
import { isMoreBetter } from '../report/sweep.ts'
import type { Unit } from '../scenarios/scenario.ts'
import type { Spread } from '../statistics.ts'

/** A gain below it is not worth a setting, even when it is real. */
export const gainMin = 0.05

/** Whether a value is better than the usual one in every round, by enough. */
export function isBetter(value: Spread, usual: Spread, unit: Unit): boolean {
  return isMoreBetter(unit)
    ? value.lowest > usual.highest && value.median >= usual.median * (1 + gainMin)
    : value.highest < usual.lowest && value.median <= usual.median / (1 + gainMin)
}

/** The best of the values that are better than the usual one; undefined when none is. */
export function findCandidate(
  values: readonly { readonly value: string; readonly spread: Spread }[],
  usual: string,
  unit: Unit,
): string | undefined {
  const measure = values.find((one) => one.value === usual)
  if (measure === undefined) return undefined
  const better = values.filter((one) => one.value !== usual && isBetter(one.spread, measure.spread, unit))
  const factor = isMoreBetter(unit) ? -1 : 1
  return better.sort((a, b) => factor * (a.spread.median - b.spread.median))[0]?.value
}

/** A setting with what was found out. */
export interface Advice {
  readonly setting: string
  readonly usual: string
  /** Better in the trial. */
  readonly candidate: string | undefined
  /** And better again when both were measured once more. */
  readonly isConfirmed: boolean
}

/** Lines for a `.env` file: settings where they help, comments where they do not. */
export function adviceLines(all: readonly Advice[]): string[] {
  return all.map(({ setting, usual, candidate, isConfirmed }) => {
    if (candidate === undefined) return `# ${setting}: differences are within noise; the default (${usual} here) stays`
    if (!isConfirmed)
      return `# ${setting}: ${candidate} looked better, but not a second time; the default (${usual} here) stays`
    return `${setting}=${candidate}`
  })
}
