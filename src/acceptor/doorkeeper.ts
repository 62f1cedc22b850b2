/**
 * Lets peers in, or tells them why not. Those that are told why hold descriptors of the reserve for a moment: beyond a number
 * they are only cut.
 * Runs on: the acceptor thread.
 */
import { fault } from '../protocol/errors.ts'
import { frameOf, refusal } from '../protocol/replies.ts'
import { addressKey } from './address.ts'
import { Admission } from './admission.ts'
import type { Counters } from './counters.ts'
import type { ListenerEvents } from './listeners.ts'
import type { AcceptorOptions } from './options.ts'
import type { RouterLink } from './router-link.ts'

/** Why a peer may not come in. */
type Refusal = 'server_busy' | 'server_draining'

/** See the head of the file. */
export class Doorkeeper {
  readonly #options: Pick<AcceptorOptions, 'delimiters' | 'limits'>
  readonly #counters: Counters
  readonly #link: Pick<RouterLink, 'event'>
  readonly #admission: Admission
  /** Sockets above the limit that may ask for a WebSocket. */
  #openedAboveLimit = 0
  /** Peers that are being told why. */
  #refusing = 0

  constructor(
    options: Pick<AcceptorOptions, 'delimiters' | 'limits'>,
    counters: Counters,
    link: Pick<RouterLink, 'event'>,
  ) {
    this.#options = options
    this.#counters = counters
    this.#link = link
    this.#admission = new Admission(options.limits)
  }

  /** How many peers are in. */
  connections(): number {
    return this.#admission.connections()
  }

  /** A socket that may ask for a WebSocket holds a place until it is one; see {@link ListenerEvents}. */
  opened(address: string): (() => void) | undefined {
    const key = addressKey(address)
    if (this.#admission.enter(key)) return () => this.#admission.leave(key)
    // Above the limit a few may ask, in order to be told.
    if (this.#openedAboveLimit >= this.#options.limits.refusingMax) return undefined
    this.#openedAboveLimit++
    return () => {
      this.#openedAboveLimit--
    }
  }

  /** Gives the key of the address of a peer that is let in; it must `leave`. Undefined for one that was refused. */
  admit(peer: Parameters<ListenerEvents['connected']>[0], isServing: boolean): string | undefined {
    const key = addressKey(peer.address)
    this.#counters.acceptedTotal++
    if (isServing && this.#admission.enter(key)) return key
    this.#refuse(peer, key, isServing ? 'server_busy' : 'server_draining')
    return undefined
  }

  /** A peer that was let in has gone. */
  leave(key: string): void {
    this.#admission.leave(key)
  }

  #refuse(peer: Parameters<ListenerEvents['connected']>[0], key: string, code: Refusal): void {
    this.#counters.closed(code)
    this.#link.event({ name: 'refused', address: key, reason: code })
    if (this.#refusing >= this.#options.limits.refusingMax) {
      peer.refuse(undefined)
      return
    }
    this.#refusing++
    setTimeout(() => {
      this.#refusing--
    }, this.#options.limits.lingerMs)
    const nobody = { type: undefined, toUser: false, callbackId: undefined }
    const body = refusal(nobody, fault(code), Math.floor(Date.now() / 1000))
    peer.refuse(frameOf(this.#options.delimiters, body))
  }
}
