/** What a message costs when the same number of messages a second comes over more and more connections. */
import type { RunSettings } from '../options.ts'
import { latencyCase } from './latency.ts'
import type { Case, Column } from './scenario.ts'

const columns: readonly Column[] = [
  { key: 'serverMicroseconds', heading: 'server CPU/message', unit: 'microseconds', ratio: true },
  { key: 'p50', heading: 'p50', unit: 'milliseconds', ratio: true },
  { key: 'p99', heading: 'p99', unit: 'milliseconds', ratio: true },
  { key: 'perSecond', heading: 'messages/s', unit: 'per-second', ratio: false },
  { key: 'lagP99', heading: 'generator late p99', unit: 'milliseconds', ratio: false },
]

/** One case for each number of connections; each gets a server that has done nothing before. */
export function growthCases(settings: RunSettings): Case[] {
  return settings.growth.map((connections) => {
    const pairs = Math.max(1, Math.floor(connections / 2))
    return {
      ...latencyCase({ ...settings, pairs }, (bench) => bench.tokens.minted(2 * pairs)),
      scenario: 'growth',
      name: `growth, ${connections} connections`,
      title: `${connections.toLocaleString('en')} connections, ${settings.rate.toLocaleString('en')} messages/s in all, ${settings.size}-character texts`,
      columns,
      scale: connections,
      freshServer: true,
    }
  })
}
