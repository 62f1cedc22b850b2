/** Verifies the streams of everybody to everybody; a message in order costs one look into a flat table. Pure. */
import { type Arrivals, StreamVerifier, sumArrivals } from '../verifier.ts'

/** Follows one stream for each pair of users, numbered from 0. */
export class MeshVerifier {
  readonly #users: number
  /** The number that comes next, by receiver and sender. */
  readonly #next: Float64Array
  /** Streams in which something was not in order: they are followed in full from then on. */
  readonly #odd = new Map<number, StreamVerifier>()
  #arrived = 0
  #foreign = 0

  constructor(users: number) {
    this.#users = users
    this.#next = new Float64Array(users * users)
  }

  /** Takes a message that arrived; says whether it is the first time. */
  arrive(message: { sender: number; receiver: number; sequence: number }): boolean {
    const place = message.receiver * this.#users + message.sender
    const next = this.#next[place] ?? 0
    if (message.sequence === next) {
      this.#next[place] = next + 1
      this.#arrived++
      return true
    }
    return this.#arriveOutOfTurn(place, next, message.sequence)
  }

  /** Takes note of a message that should not be here. */
  arriveForeign(): void {
    this.#foreign++
  }

  /** What arrived so far. */
  arrivals(): Arrivals {
    const odd = sumArrivals([...this.#odd.values()].map((stream) => stream.arrivals()))
    return { ...odd, arrived: odd.arrived + this.#arrived, foreign: odd.foreign + this.#foreign }
  }

  #arriveOutOfTurn(place: number, next: number, sequence: number): boolean {
    let stream = this.#odd.get(place)
    if (stream === undefined) {
      stream = new StreamVerifier(next)
      this.#odd.set(place, stream)
      // No number of this stream equals it: all others come here as well.
      this.#next[place] = Number.NaN
    }
    return stream.arrive(sequence)
  }
}
