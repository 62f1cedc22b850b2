/**
 * Answers handshakes: hands the frames, with the private key that was offered, to the pool. Full lanes are an answer, not a queue without end. Runs on: the main thread.
 */
import type { KeyObject } from 'node:crypto'
import { type RsaPublicJwk, takeCheckedJwk } from '../security/jwk.ts'
import type { OfferMoment } from '../security/offer.ts'
import type { ResumedClaims, ServerExchangeInput, ServerExchangeResult } from '../security/server-handshake.ts'
import type { SuiteNumber } from '../security/suites.ts'
import type { TicketKeys } from '../security/tickets.ts'
import type { ItemResult } from './tasks.ts'

/** What the key exchange needs of the pool. */
export interface KeyExchangePool {
  run(
    lane: 'keyExchange',
    take: ServerExchangeInput,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<ItemResult<ServerExchangeResult>>
}

/** The secrets of the server that handshakes need, as they are at the moment. */
export interface ServerKeys {
  /** The private half of what an offer offered, its suites, and how it is written; undefined when that is over. */
  offered(offer: number): OfferedKeys | undefined
  ticketKeys(): TicketKeys
}

/** What was offered. */
export interface OfferedKeys {
  readonly handshakeKey: KeyObject
  readonly suites: readonly number[]
  readonly write: (moment: OfferMoment) => Uint8Array
}

/** A handshake to be answered. */
export interface KeyExchangeAttempt {
  /** Names the keys that were offered. */
  readonly offer: number
  /** What was the offer's own: its nonce in base64url, Unix time in seconds, the `CallbackID` as JSON. */
  readonly nonce: string
  readonly offerTime: number
  readonly offerCallbackId: string | undefined
  /** The body of the client's answer. */
  readonly terminalBody: Uint8Array
}

/** What came of it. */
export type KeyExchangeVerdict =
  | {
      readonly ok: true
      /** The body of the last frame. */
      readonly body: Uint8Array
      /** The 320 bytes of all session keys. */
      readonly keys: Uint8Array
      readonly transcriptHash: Uint8Array
      readonly suite: SuiteNumber
      readonly thumbprint: string
      readonly clientKey: RsaPublicJwk | undefined
      readonly resumed: ResumedClaims | undefined
    }
  /** There is too much to do. */
  | { readonly ok: false; readonly code: 'server_busy' }
  /** The client sent what it must not. The detail is for the log. */
  | { readonly ok: false; readonly code: 'refused'; readonly detail: string }

/** See the head of the file. */
export class KeyExchange {
  readonly #pool: KeyExchangePool
  readonly #keys: ServerKeys
  readonly #now: () => number

  /** @param options `now` gives Unix milliseconds; `Date.now` where not given */
  constructor(options: { pool: KeyExchangePool; keys: ServerKeys; now?: () => number }) {
    this.#pool = options.pool
    this.#keys = options.keys
    this.#now = options.now ?? Date.now
  }

  /** Answers a handshake. Never rejects. */
  async exchange(attempt: KeyExchangeAttempt, signal?: AbortSignal): Promise<KeyExchangeVerdict> {
    const offered = this.#keys.offered(attempt.offer)
    if (offered === undefined) return { ok: false, code: 'refused', detail: 'an offer that is over' }
    const result = await this.#pool.run(
      'keyExchange',
      {
        // In memory of their own: a view of a larger piece would take all of it along.
        offerBody: new Uint8Array(offered.write(momentOf(attempt))),
        terminalBody: new Uint8Array(attempt.terminalBody),
        handshakeKey: offered.handshakeKey,
        suites: offered.suites,
        ticketKeys: this.#keys.ticketKeys(),
        now: Math.floor(this.#now() / 1000),
      },
      { signal },
    )
    if (!result.ok) {
      return result.error.code === 'item_failed'
        ? { ok: false, code: 'refused', detail: 'the key exchange failed' }
        : { ok: false, code: 'server_busy' }
    }
    const answer = result.value
    if (!answer.ok) return { ok: false, code: 'refused', detail: answer.reason }
    const { body3: body, okm: keys, transcriptHash, suite, thumbprint, resumed } = answer
    const clientKey = answer.clientKey === undefined ? undefined : takeCheckedJwk(answer.clientKey)
    return { ok: true, body, keys, transcriptHash, suite, thumbprint, clientKey, resumed }
  }
}

/** The offer is written again, byte by byte as it went out: that costs less than to carry it through all threads. */
function momentOf({ nonce, offerTime, offerCallbackId }: KeyExchangeAttempt): OfferMoment {
  const moment = { nonce: Buffer.from(nonce, 'base64url'), now: offerTime }
  return offerCallbackId === undefined ? moment : { ...moment, callbackId: JSON.parse(offerCallbackId) as string }
}
