/** When a figure is not the server's: the generator could not do more, so nobody knows whether the server could. Pure. */
import { findBottleneck } from '../scenarios/load.ts'
import type { Measurement } from '../scenarios/scenario.ts'

/** Why one round is refused; undefined when it is not. */
export function refusalOf(round: Measurement): string | undefined {
  if (round.refusal !== undefined) return round.refusal
  if (round.load === undefined || findBottleneck(round.load) !== 'generator') return undefined
  return 'the generator was the bottleneck'
}

/** Why the figures of several rounds are refused: most of them are. */
export function refusalOfMost(rounds: readonly Measurement[]): string | undefined {
  const refused = rounds.flatMap((round) => refusalOf(round) ?? [])
  const [first] = refused
  if (first === undefined || 2 * refused.length <= rounds.length) return undefined
  return `in ${refused.length} of ${rounds.length} rounds ${first.replace(/ \(.*\)/, '')}`
}
