/** Someone who talks with a server in a test: an example client in whatever language, or our own, behind the same few commands. */
import { within } from '../../system/support/deadline.ts'

/** What a talker tells: a line of an example's output. `event` says what it is. */
export interface TalkEvent {
  readonly event: string
  readonly [member: string]: unknown
}

/** Time that a step may take: starting a browser or a virtual machine on a busy machine included. */
const stepMs = 60_000

type Matches = (event: TalkEvent) => boolean

/** See the head of the file. What is told and not yet taken is kept. */
export abstract class Talker {
  /** What it is written in, for the names of tests. */
  abstract readonly name: string
  readonly #told: TalkEvent[] = []
  readonly #waiting: { readonly matches: Matches; readonly resolve: (event: TalkEvent) => void }[] = []

  /** Says what the example's manual says: `send bob hello`, `enrol`, … */
  abstract command(line: string): void

  /** What it wrote elsewhere, for when something does not come. */
  protected get problems(): string {
    return ''
  }

  /** Takes the first event that fits, now or when it comes. */
  take(event: string, members: Readonly<Record<string, unknown>> = {}): Promise<TalkEvent> {
    const expected = Object.entries(members)
    const matches: Matches = (told) => told.event === event && expected.every(([name, value]) => told[name] === value)
    return this.#take(matches, JSON.stringify({ event, ...members }))
  }

  /** Takes the first event of this name; an `error` that comes before it is thrown. */
  async outcome(event: string): Promise<TalkEvent> {
    const told = await this.#take((told) => told.event === event || told.event === 'error', event)
    if (told.event !== event) throw new Error(`${this.name}: ${JSON.stringify(told)}`)
    return told
  }

  /** Commands, and takes what comes of it. */
  ask(line: string, event: string): Promise<TalkEvent> {
    this.command(line)
    return this.outcome(event)
  }

  protected tell(event: TalkEvent): void {
    const index = this.#waiting.findIndex(({ matches }) => matches(event))
    if (index < 0) this.#told.push(event)
    else this.#waiting.splice(index, 1)[0]?.resolve(event)
  }

  async #take(matches: Matches, wanted: string): Promise<TalkEvent> {
    const index = this.#told.findIndex(matches)
    const [told] = index < 0 ? [] : this.#told.splice(index, 1)
    if (told !== undefined) return told
    const come = new Promise<TalkEvent>((resolve) => {
      this.#waiting.push({ matches, resolve })
    })
    return within(come, `${this.name} tells ${wanted}`, stepMs).catch((error: unknown) => {
      const instead = this.#told.map((other) => JSON.stringify(other)).join('\n')
      throw new Error(`${String(error)}; it told:\n${instead}\n${this.problems}`)
    })
  }
}
