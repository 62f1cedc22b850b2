/** Acknowledges what a receiver gets: once for all that one turn of the loop has brought. */
import type { RawConnection } from './raw-connection.ts'
import type { Acknowledger } from './wires/storing.ts'

/** The acknowledgements of one connection. */
export class Acknowledgement {
  readonly #connection: RawConnection
  readonly #acknowledger: Acknowledger
  #isFlushing = false
  #isFinishing = false
  readonly #flush = (): void => {
    this.#isFlushing = false
    const bytes = this.#acknowledger.flush()
    if (bytes !== undefined) this.#connection.write(bytes)
  }

  constructor(connection: RawConnection, userId: string) {
    const { storing } = connection.wire
    if (storing === undefined) throw new Error('nothing is stored over this wire')
    this.#connection = connection
    this.#acknowledger = storing.makeAcknowledger(userId)
  }

  /** Takes a message; the bytes are valid only during the call. */
  take(bytes: Buffer, start: number, end: number): void {
    this.#acknowledger.take(bytes, start, end)
    if (this.#isFlushing) return
    this.#isFlushing = true
    setImmediate(this.#flush)
  }

  /** Acknowledges everything, and asks for an answer. */
  finish(): void {
    this.#isFinishing = true
    this.#connection.write(this.#acknowledger.finish())
  }

  /** Whether a frame is that answer. */
  isFinished(bytes: Buffer, start: number, end: number): boolean {
    return this.#isFinishing && this.#acknowledger.isFinished(bytes, start, end)
  }
}
