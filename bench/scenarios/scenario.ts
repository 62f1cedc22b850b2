/** What a scenario is: one or more cases, each of which measures one server at a time and gives named figures. */
import type { Generator } from '../generator/generator.ts'
import type { Distribution } from '../generator/messages.ts'
import type { Settings } from '../options.ts'
import type { Server, ServerNeeds } from '../servers/server.ts'
import type { TokenCache } from '../servers/token-cache.ts'
import type { Verification } from '../verifier.ts'
import type { Load } from './load.ts'

/** How a figure is written. */
export type Unit = 'count' | 'per-second' | 'microseconds' | 'milliseconds' | 'kibibytes' | 'fraction' | 'cores'

/** A figure of a case. */
export interface Column {
  readonly key: string
  readonly heading: string
  readonly unit: Unit
  /** Whether Parley's figure is divided by the other's. */
  readonly ratio: boolean
}

/** What one case gave on one server in one round. */
export interface Measurement {
  readonly figures: Readonly<Record<string, number>>
  readonly verification: Verification | undefined
  readonly load: Load | undefined
  readonly times: Distribution | undefined
  /** What a reader of the figures has to know. */
  readonly notes: readonly string[]
  /** Why the round does not count. */
  readonly faults: readonly string[]
  /** Why the figures are the generator's more than the server's, where the load does not say it. */
  readonly refusal?: string | undefined
}

/** What a case works with. */
export interface Bench {
  readonly settings: Settings
  readonly tokens: TokenCache
  /** Starts generator processes that end with the round. */
  readonly startGenerators: (count: number) => Generator[]
  /** Shows a line of progress. */
  readonly progress: (text: string) => void
}

/** Something to measure beside Parley that is not a server. */
export interface Yardstick {
  readonly name: string
  readonly measure: (seconds: number) => Promise<Measurement>
}

/** One row of questions: the same work on every server. */
export interface Case {
  readonly scenario: string
  /** In a few words, for the lines of progress. */
  readonly name: string
  /** In full, over the table. */
  readonly title: string
  /** The first one is what the case is about. */
  readonly columns: readonly Column[]
  /** Where the case stands among the others of its scenario, when they differ by a number. */
  readonly scale?: number
  /** What stands beside Parley: the floor server, or a yardstick. */
  readonly beside: 'floor' | Yardstick
  readonly needs: ServerNeeds
  /** Whether every round gets a server that has done nothing before. */
  readonly freshServer: boolean
  /** Whether a server of this name can do it; all can unless said otherwise. */
  readonly fits?: (serverName: string) => boolean
  readonly run: (server: Server, bench: Bench) => Promise<Measurement>
}
