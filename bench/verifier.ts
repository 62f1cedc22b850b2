/**
 * Proves that what one sender sent to one receiver arrived, once each and in order. It sees the sequence
 * numbers as they arrive; a message in order costs one comparison. Pure.
 */

/** What became of the messages of a run. All counts of messages. */
export interface Verification {
  readonly sent: number
  /** Different messages that arrived. */
  readonly arrived: number
  readonly lost: number
  readonly doubled: number
  /** Arrived after one that was sent later. */
  readonly disordered: number
  /** Arrived at somebody who was not meant, or with content that was not sent. */
  readonly foreign: number
}

/** What one receiver, or several, counted; lacks what only the sender knows. */
export type Arrivals = Omit<Verification, 'sent' | 'lost'>

/** Gaps remembered one by one; beyond it a late message counts as doubled, and the run has failed anyway. */
const missingMax = 100_000

/** Follows one stream: sequence numbers from 0, without gaps. */
export class StreamVerifier {
  #next: number
  #arrived = 0
  #doubled = 0
  #disordered = 0
  #foreign = 0
  readonly #missing = new Set<number>()

  /** `next` is the first number that has not been seen by somebody else. */
  constructor(next = 0) {
    this.#next = next
  }

  /** Different messages so far. */
  get arrived(): number {
    return this.#arrived
  }

  /** Takes the number of a message that arrived; says whether it is the first time. */
  arrive(sequence: number): boolean {
    if (sequence === this.#next) {
      this.#next++
      this.#arrived++
      return true
    }
    return this.#arriveOutOfTurn(sequence)
  }

  /** Takes note of a message that should not be here. */
  arriveForeign(): void {
    this.#foreign++
  }

  /** What arrived so far. */
  arrivals(): Arrivals {
    return {
      arrived: this.#arrived,
      doubled: this.#doubled,
      disordered: this.#disordered,
      foreign: this.#foreign,
    }
  }

  #arriveOutOfTurn(sequence: number): boolean {
    if (sequence > this.#next) {
      const gapEnd = Math.min(sequence, this.#next + missingMax - this.#missing.size)
      for (let missing = this.#next; missing < gapEnd; missing++) this.#missing.add(missing)
      this.#next = sequence + 1
      this.#arrived++
      return true
    }
    if (this.#missing.delete(sequence)) {
      this.#disordered++
      this.#arrived++
      return true
    }
    this.#doubled++
    return false
  }
}

/** Adds up what several receivers counted. */
export function sumArrivals(all: Iterable<Arrivals>): Arrivals {
  const sum = { arrived: 0, doubled: 0, disordered: 0, foreign: 0 }
  for (const one of all) {
    sum.arrived += one.arrived
    sum.doubled += one.doubled
    sum.disordered += one.disordered
    sum.foreign += one.foreign
  }
  return sum
}

/** Holds what arrived against what was sent. */
export function verify(sent: number, arrivals: Arrivals): Verification {
  return { sent, ...arrivals, lost: Math.max(0, sent - arrivals.arrived) }
}

/** Whether every message arrived once, in order, at the right place. */
export function isFaultless(verification: Verification): boolean {
  const { lost, doubled, disordered, foreign } = verification
  return lost === 0 && doubled === 0 && disordered === 0 && foreign === 0
}
