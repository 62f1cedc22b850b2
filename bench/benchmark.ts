/**
 * Runs the cases one after the other, and in each the servers in turns, round by round: what else happens on the
 * machine meanwhile falls on all of them. Nothing runs twice at the same time.
 */
import { Generator } from './generator/generator.ts'
import type { Settings } from './options.ts'
import type { Case, Measurement } from './scenarios/scenario.ts'
import type { Server, ServerKind, ServerNeeds } from './servers/server.ts'
import { TokenCache } from './servers/token-cache.ts'

/** What one case gave on one server, all rounds. */
export interface Result {
  readonly case: Case
  readonly server: string
  readonly rounds: readonly Measurement[]
}

/** What a benchmark is made of. */
export interface Plan {
  readonly settings: Settings
  readonly cases: readonly Case[]
  /** Servers in the order of their turns. */
  readonly kinds: readonly ServerKind[]
  /** Takes lines of progress. */
  readonly progress: (line: string) => void
}

interface Started {
  readonly server: Server
  readonly tokens: TokenCache
}

/** One run of a benchmark. */
export class Benchmark {
  readonly #plan: Plan
  /** Servers that serve one case after the other. */
  readonly #shared = new Map<ServerKind, Started>()
  readonly #generators = new Set<Generator>()
  readonly #fresh = new Set<Server>()
  /** Servers that are about to be there. */
  readonly #starting = new Set<Promise<Server>>()
  #isStopped = false
  /** Turns that have begun. */
  #steps = 0

  constructor(plan: Plan) {
    this.#plan = plan
  }

  /** Runs everything. A round that fails is a measurement with faults, and the others go on. */
  async run(): Promise<Result[]> {
    try {
      const results: Result[] = []
      for (const one of this.#plan.cases) results.push(...(await this.#runCase(one)))
      return results
    } finally {
      await this.stop()
    }
  }

  /** Ends the generators and the servers that this benchmark started; no other round begins. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#closeGenerators()
    // What a server gets while it starts, such as users, has to be taken away again as well.
    const started = await Promise.allSettled(this.#starting)
    const late = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const servers = new Set([...late, ...this.#fresh, ...[...this.#shared.values()].map((shared) => shared.server)])
    this.#fresh.clear()
    this.#shared.clear()
    await Promise.all([...servers].map((server) => server.stop()))
  }

  async #runCase(one: Case): Promise<Result[]> {
    const turns = this.#turns(one)
    const rounds = turns.map((): Measurement[] => [])
    for (let round = 1; round <= this.#plan.settings.rounds; round++) {
      for (const [index, turn] of turns.entries()) {
        if (this.#isStopped) break
        const step = `[${++this.#steps}/${this.#stepsOfAll()}]`
        const label = `${step} ${one.name} · ${turn.name} · round ${round}/${this.#plan.settings.rounds}`
        rounds[index]?.push(await this.#attempt(() => turn.measure(label)))
      }
    }
    return turns.map((turn, index) => ({ case: one, server: turn.name, rounds: rounds[index] ?? [] }))
  }

  #stepsOfAll(): number {
    const turns = this.#plan.cases.reduce((sum, one) => sum + this.#turns(one).length, 0)
    return turns * this.#plan.settings.rounds
  }

  #turns(one: Case): { name: string; measure: (label: string) => Promise<Measurement> }[] {
    const { beside } = one
    const fits = (kind: ServerKind): boolean => one.fits?.(kind.name) ?? (beside === 'floor' || kind.name !== 'floor')
    const kinds = this.#plan.kinds.filter(fits)
    const turns = kinds.map((kind) => ({
      name: kind.name,
      measure: (label: string) => this.#measure(one, kind, label),
    }))
    if (beside === 'floor') return turns
    const measureBeside = (label: string): Promise<Measurement> => {
      this.#plan.progress(label)
      return beside.measure(this.#plan.settings.seconds)
    }
    return [{ name: beside.name, measure: measureBeside }, ...turns]
  }

  async #attempt(measure: () => Promise<Measurement>): Promise<Measurement> {
    try {
      return await measure()
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error)
      this.#plan.progress(`failed: ${fault}`)
      return { figures: {}, verification: undefined, load: undefined, times: undefined, notes: [], faults: [fault] }
    } finally {
      this.#closeGenerators()
    }
  }

  async #measure(one: Case, kind: ServerKind, label: string): Promise<Measurement> {
    const { server, tokens } = one.freshServer ? await this.#startFresh(kind, one.needs) : await this.#startShared(kind)
    try {
      return await one.run(server, {
        settings: this.#plan.settings,
        tokens,
        startGenerators: (count) => this.#startGenerators(count),
        progress: (text) => this.#plan.progress(`${label} · ${text}`),
      })
    } finally {
      if (this.#fresh.delete(server)) {
        this.#closeGenerators()
        await server.stop()
      }
    }
  }

  async #startShared(kind: ServerKind): Promise<Started> {
    const running = this.#shared.get(kind)
    if (running !== undefined) return running
    const cases = this.#plan.cases.filter((one) => !one.freshServer)
    const users = Math.max(...cases.map((one) => one.needs.users))
    const server = await this.#start(kind, { users, manyDevices: false })
    const started = { server, tokens: new TokenCache(server) }
    this.#shared.set(kind, started)
    return started
  }

  async #startFresh(kind: ServerKind, needs: ServerNeeds): Promise<Started> {
    const server = await this.#start(kind, needs)
    this.#fresh.add(server)
    return { server, tokens: new TokenCache(server) }
  }

  async #start(kind: ServerKind, needs: ServerNeeds): Promise<Server> {
    const starting = kind.start(needs)
    this.#starting.add(starting)
    try {
      return await starting
    } finally {
      this.#starting.delete(starting)
    }
  }

  #startGenerators(count: number): Generator[] {
    const started = Array.from({ length: count }, () => Generator.start())
    for (const generator of started) this.#generators.add(generator)
    return started
  }

  #closeGenerators(): void {
    for (const generator of this.#generators) generator.close()
    this.#generators.clear()
  }
}
