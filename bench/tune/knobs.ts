/** What is tuned: settings, the values that are tried on a machine, and the work that shows the difference. Pure. */
import { availableParallelism } from 'node:os'
import { settingsShape } from '../../src/config/settings.ts'
import { acceptorThreads, type Platform } from '../../src/server/thread-options.ts'
import type { ScenarioName } from '../options.ts'

/** One setting to try. */
export interface Knob {
  readonly setting: string
  readonly values: readonly string[]
  /** The value without any tuning; one of the values. */
  readonly usual: string
  readonly scenario: ScenarioName
  /** Which of the scenario's cases shows it. */
  readonly caseName: RegExp
  readonly about: string
}

const poolThreadsMax = 16
const acceptorThreadsMax = 8

/** The settings worth trying on a machine, and sentences on what can't be tried. */
export function knobsOf(platform: Platform): { knobs: readonly Knob[]; notes: readonly string[] } {
  const { cores } = platform
  const notes: string[] = []
  const poolUsual = cores === availableParallelism() ? settingsShape.poolMaxThreads.meta.defaultText : String(cores)
  const knobs: Knob[] = [
    {
      setting: 'PARLEY_POOL_MAX_THREADS',
      values: withUsual(powersOfTwo(Math.min(poolThreadsMax, Math.max(2, cores))), poolUsual),
      usual: poolUsual,
      scenario: 'logins',
      caseName: /password/,
      about: 'size of the worker pool, by logins with a password',
    },
    {
      setting: 'PARLEY_POOL_BATCH',
      values: withUsual(['1', '4', '16'], settingsShape.poolBatch.meta.defaultText),
      usual: settingsShape.poolBatch.meta.defaultText,
      scenario: 'logins',
      caseName: /password/,
      about: 'items that go to a worker at a time, by logins with a password',
    },
  ]
  const refusal = acceptorThreads(2, platform).warning
  const byItself = String(acceptorThreads(0, platform).count)
  const acceptors = powersOfTwo(Math.min(acceptorThreadsMax, Math.max(2, cores)))
  if (refusal !== undefined) notes.push(`acceptor threads are not tried: ${refusal}`)
  else {
    knobs.push({
      setting: 'PARLEY_ACCEPTOR_THREADS',
      values: withUsual(acceptors, byItself),
      usual: byItself,
      scenario: 'throughput',
      caseName: /./,
      about: 'threads that read and write sockets, by messages per second',
    })
  }
  return { knobs, notes }
}

function powersOfTwo(max: number): string[] {
  const values: string[] = []
  for (let value = 1; value < max; value *= 2) values.push(String(value))
  return [...values, String(max)]
}

function withUsual(values: readonly string[], usual: string): string[] {
  return [...new Set([...values, usual])].sort((a, b) => Number(a) - Number(b))
}
