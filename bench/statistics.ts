/** Middle and spread of the rounds of one measurement. Pure. */

/** A figure over several rounds. */
export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

/** The spread of some figures; undefined when there are none. */
export function spreadOf(figures: readonly number[]): Spread | undefined {
  const sorted = [...figures].sort((a, b) => a - b)
  const lowest = sorted[0]
  const highest = sorted.at(-1)
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  const upper = sorted[Math.ceil((sorted.length - 1) / 2)]
  if (lowest === undefined || highest === undefined || lower === undefined || upper === undefined) return undefined
  return { median: (lower + upper) / 2, lowest, highest }
}
