/** From figures to places: linear and logarithmic axes with round ticks. Pure. */

/** An axis. */
export interface Scale {
  readonly at: (value: number) => number
  readonly ticks: readonly number[]
}

/** A linear axis from 0 to a round figure above the highest; or from the lowest to the highest. `isWhole`: ticks at whole figures only. */
export function linearScale(
  values: readonly number[],
  places: readonly [number, number],
  options: { readonly from0?: boolean; readonly isWhole?: boolean } = {},
): Scale {
  const { from0 = true, isWhole = false } = options
  const lowest = from0 ? 0 : Math.min(...values)
  const highest = Math.max(...values, lowest)
  const rough = roundStep((highest - lowest) / 4)
  const step = isWhole ? Math.max(1, Math.ceil(rough)) : rough
  const [bottom, top] = from0 ? [0, Math.max(step, Math.ceil(highest / step - 1e-9) * step)] : [lowest, highest]
  const ticks: number[] = []
  for (let tick = Math.ceil(bottom / step) * step; tick <= top + step / 1e6; tick += step) ticks.push(tick)
  const span = top - bottom || 1
  return { at: (value) => places[0] + ((value - bottom) / span) * (places[1] - places[0]), ticks }
}

/** A logarithmic axis with a tick for each power of ten, or for given values. */
export function logScale(
  values: readonly number[],
  places: readonly [number, number],
  ticks?: readonly number[],
): Scale {
  const positive = values.filter((value) => value > 0)
  const lowest = Math.log10(Math.min(...positive, ...(ticks ?? [])))
  const highest = Math.log10(Math.max(...positive, ...(ticks ?? [])))
  const [bottom, top] = ticks === undefined ? [Math.floor(lowest), Math.ceil(highest + 1e-9)] : [lowest, highest]
  const span = top - bottom || 1
  const powers = Array.from({ length: top - bottom + 1 }, (_, index) => 10 ** (bottom + index))
  return {
    at: (value) => places[0] + ((Math.log10(Math.max(value, 10 ** bottom)) - bottom) / span) * (places[1] - places[0]),
    ticks: ticks ?? powers,
  }
}

/** 1, 2 or 5 times a power of ten, at least as large. */
function roundStep(least: number): number {
  if (!(least > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(least))
  const factor = [1, 2, 5, 10].find((one) => one * power >= least * (1 - 1e-9)) ?? 10
  return factor * power
}
