/**
 * How much of a session is on its way behind signatures that are being checked: a session with too much of it is not read.
 * Runs on: the acceptor thread.
 */

/** See the head of the file. */
export class Unverified {
  /** Bytes since the oldest piece whose signatures are being checked. */
  #bytes = 0
  /** Of each such piece, the bytes that went before it, by the same count. */
  #before: number[] = []

  /** Bytes that may be waiting. */
  bytes(): number {
    return this.#bytes
  }

  /** A piece with signatures was sent on. */
  began(byteCount: number): void {
    this.#before.push(this.#bytes)
    this.#bytes += byteCount
  }

  /** A piece without was sent on: it waits behind those that are being checked. */
  followed(byteCount: number): void {
    if (this.#before.length > 0) this.#bytes += byteCount
  }

  /** The oldest pieces were decided on, and with them what followed each of them. */
  decided(count: number): void {
    const rest = this.#before.slice(count)
    const gone = rest[0] ?? this.#bytes
    this.#before = rest.map((before) => before - gone)
    this.#bytes -= gone
  }
}
