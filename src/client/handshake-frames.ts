/**
 * What comes from a connection while a handshake runs: one body after the other for whoever awaits it, and later, when
 * the handshake is done, everything for the session. Anything that is no whole frame ends the attempt.
 */
import { ParleyError } from './errors.ts'
import type { TransportEvents } from './transport.ts'

/** More frames than a handshake has are not kept. */
const framesMax = 8

/** See the head of the file. It is the owner of the connection until `handOver`. */
export class HandshakeFrames implements TransportEvents {
  #bodies: string[] = []
  #end: ParleyError | undefined
  #waiter: { resolve(body: string): void; reject(error: unknown): void } | undefined
  #next: TransportEvents | undefined

  /**
   * The next body.
   *
   * @throws ParleyError when the connection ends, or something else than a frame comes; the signal's reason when that fires
   */
  take(signal: AbortSignal): Promise<string> {
    const body = this.#bodies.shift()
    if (body !== undefined) return Promise.resolve(body)
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal.reason)
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
      const done = (): void => signal.removeEventListener('abort', stop)
      this.#waiter = {
        resolve: (text) => {
          done()
          resolve(text)
        },
        reject: (error) => {
          done()
          reject(error)
        },
      }
    })
  }

  /** From now on the session is told; what has come and was not taken, at once. */
  handOver(next: TransportEvents): void {
    this.#next = next
    for (const body of this.#bodies.splice(0)) next.body(body)
    if (this.#end !== undefined) next.closed(this.#end)
  }

  body(text: string): void {
    if (this.#next !== undefined) {
      this.#next.body(text)
      return
    }
    const waiter = this.#waiter
    this.#waiter = undefined
    if (waiter !== undefined) waiter.resolve(text)
    else if (this.#bodies.length < framesMax) this.#bodies.push(text)
    else this.#fail(new ParleyError('sealing_failed', { message: 'The server sends too much in the handshake.' }))
  }

  fault(error: ParleyError): void {
    if (this.#next !== undefined) this.#next.fault(error)
    else this.#fail(new ParleyError('sealing_failed', { message: `The handshake was disturbed: ${error.message}` }))
  }

  drained(): void {
    this.#next?.drained()
  }

  closed(cause: unknown): void {
    if (this.#next !== undefined) this.#next.closed(cause)
    else
      this.#fail(
        new ParleyError('sealing_failed', { message: 'The server ended the connection in the handshake.', cause }),
      )
  }

  #fail(error: ParleyError): void {
    this.#end ??= error
    this.#waiter?.reject(this.#end)
    this.#waiter = undefined
  }
}
