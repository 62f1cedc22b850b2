/** What every work of a generator has in common. */
import type { Outcome, Schedule } from './messages.ts'

/** A work between its preparation and its end. */
export interface Work {
  /** Messages that arrived, or logins that succeeded, so far. */
  readonly done: number
  start(schedule: Schedule): void
  /** Ends it: nothing new, waits for what is under way with a deadline, closes its connections. */
  stop(expected: number): Promise<Outcome>
}

/** Connections that are opened at the same time. */
export const openAtOnce = 100

/** How long nothing may arrive before what is missing counts as lost. */
const silenceMs = 3000
const lookMs = 20

/** Waits until `count()` reaches `expected`, or has not changed for three seconds. */
export async function waitForCount(expected: number, count: () => number): Promise<void> {
  let last = count()
  let quietMs = 0
  while (last < expected && quietMs < silenceMs) {
    await new Promise((resolve) => setTimeout(resolve, lookMs))
    const current = count()
    quietMs = current === last ? quietMs + lookMs : 0
    last = current
  }
}

/** Collects a few complaints and counts the rest. */
export class Complaints {
  readonly #texts: string[] = []
  #count = 0

  add(text: string): void {
    this.#count++
    if (this.#texts.length < 3) this.#texts.push(text.slice(0, 300))
  }

  list(): string[] {
    const more = this.#count - this.#texts.length
    return more > 0 ? [...this.#texts, `… and ${more} more`] : [...this.#texts]
  }
}
