/** Who may come in: limits on connections, in all and per address. Pure. Runs on: the acceptor thread. */
import { isLoopback } from './address.ts'

/** See the head of the file. */
export class Admission {
  readonly #connectionsMax: number
  readonly #addressConnectionsMax: number
  readonly #byAddress = new Map<string, number>()
  #connections = 0

  constructor(limits: { readonly connectionsMax: number; readonly addressConnectionsMax: number }) {
    this.#connectionsMax = limits.connectionsMax
    this.#addressConnectionsMax = limits.addressConnectionsMax
  }

  /** Counts a connection in. False when a limit is reached; nothing is counted then. */
  enter(addressKey: string): boolean {
    const ofAddress = this.#byAddress.get(addressKey) ?? 0
    if (this.#connections >= this.#connectionsMax) return false
    if (ofAddress >= this.#addressConnectionsMax && !isLoopback(addressKey)) return false
    this.#connections++
    this.#byAddress.set(addressKey, ofAddress + 1)
    return true
  }

  /** Counts a connection out that `enter` let in. */
  leave(addressKey: string): void {
    this.#connections--
    const ofAddress = (this.#byAddress.get(addressKey) ?? 1) - 1
    if (ofAddress === 0) this.#byAddress.delete(addressKey)
    else this.#byAddress.set(addressKey, ofAddress)
  }

  connections(): number {
    return this.#connections
  }
}
