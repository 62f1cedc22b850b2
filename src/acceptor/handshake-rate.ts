/**
 * How many handshakes an address may begin a second: each costs the server a private RSA operation. Pure; the clock is passed in.
 * Runs on: the acceptor thread.
 */
import { isLoopback } from './address.ts'
import { TokenBucket } from './token-bucket.ts'

/** By then a bucket is full again. */
const keptMs = 2000

interface Address {
  readonly bucket: TokenBucket
  lastAt: number
}

/** See the head of the file. */
export class HandshakeRate {
  readonly #perSecond: number
  readonly #addresses = new Map<string, Address>()

  /** @param perSecond of one address; 0 for no limit */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Takes one; false when the address has begun too many. Proxies and tunnels on this machine are not one peer. */
  take(addressKey: string, now: number): boolean {
    if (this.#perSecond === 0 || isLoopback(addressKey)) return true
    let address = this.#addresses.get(addressKey)
    if (address === undefined) {
      address = { bucket: new TokenBucket(this.#perSecond, now), lastAt: now }
      this.#addresses.set(addressKey, address)
    }
    address.lastAt = now
    return address.bucket.take(now)
  }

  /** Forgets addresses that have been quiet for long enough: the table is no longer than what came in two seconds. */
  forget(now: number): void {
    for (const [key, { lastAt }] of this.#addresses) if (now - lastAt > keptMs) this.#addresses.delete(key)
  }

  /** Addresses that are remembered. */
  addresses(): number {
    return this.#addresses.size
  }
}
