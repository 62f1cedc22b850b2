/**
 * Keeps the keys of a running server: reads them at the start, makes those that are missing, renews them when their time has come,
 * and says what connections are offered. Runs on: the main thread.
 */
import type { KeyOffer } from '../mailbox/acceptor-messages.ts'
import { certifyHandshakeKey } from '../security/handshake-keys.ts'
import { publicJwkOf, type RsaPublicJwk, thumbprintOf } from '../security/jwk.ts'
import { offerWriter } from '../security/offer.ts'
import type { TicketKeys } from '../security/tickets.ts'
import {
  type DatedTicketKey,
  type HandshakeKeys,
  type IdentityKeys,
  KeyFiles,
  newHandshakeKey,
  newIdentity,
  newTicketKey,
  nextIdentity,
} from '../store/key-files.ts'
import type { OfferedKeys } from '../workers/key-exchange.ts'

/** What a keeper is made of. */
export interface KeyKeeperOptions {
  readonly dataDir: string
  readonly suites: readonly number[]
  readonly ticketTtlSeconds: number
  readonly lives: KeyLives
  /** Unix milliseconds. */
  readonly now: () => number
  readonly onEvent: (event: KeyEvent) => void
}

/** How long keys serve, in seconds. */
export interface KeyLives {
  /** What a handshake key is signed for. */
  readonly handshakeSeconds: number
  /** After so long it gets a successor. */
  readonly handshakeRenewSeconds: number
  /** So long after that its offers are still answered. */
  readonly handshakeGraceSeconds: number
  /** After so long tickets are made under a new key. */
  readonly ticketKeySeconds: number
}

/** What a log should know of keys. */
export type KeyEvent =
  | { readonly name: 'identityMade' | 'identityRotated'; readonly thumbprint: string }
  | { readonly name: 'handshakeKeyMade'; readonly thumbprint: string; readonly notAfter: number }
  | { readonly name: 'ticketKeyMade' }
  | { readonly name: 'keyRenewalFailed'; readonly error: unknown }

/** The public part of the server's keys, for people. Times are Unix seconds. */
export interface ShownKeys {
  /** The thumbprint that clients pin. */
  readonly identity: string
  readonly identityKey: RsaPublicJwk
  readonly handshake: { readonly thumbprint: string; readonly notBefore: number; readonly notAfter: number }
  /** The identities before, newest first. */
  readonly rotations: readonly { readonly thumbprint: string; readonly time: number }[]
  readonly suites: readonly number[]
}

interface Offered extends OfferedKeys {
  /** Unix seconds; undefined as long as it is what is offered. */
  until: number | undefined
}

/** See the head of the file. */
export class KeyKeeper {
  readonly #options: KeyKeeperOptions
  readonly #files: KeyFiles
  #identity: IdentityKeys
  #handshake: HandshakeKeys
  #tickets: readonly DatedTicketKey[]
  readonly #offered = new Map<number, Offered>()
  #offer: KeyOffer
  #onOffer: (offer: KeyOffer) => void = () => {}
  #timer: NodeJS.Timeout | undefined
  /** Renewals run one after the other. */
  #working: Promise<unknown> = Promise.resolve()

  private constructor(
    options: KeyKeeperOptions,
    files: KeyFiles,
    keys: { identity: IdentityKeys; handshake: HandshakeKeys; tickets: readonly DatedTicketKey[] },
  ) {
    this.#options = options
    this.#files = files
    this.#identity = keys.identity
    this.#handshake = keys.handshake
    this.#tickets = keys.tickets
    this.#offer = this.#makeOffer()
  }

  /** Reads the keys, and makes those that are missing or over. @throws StoreError with a sentence */
  static async open(options: KeyKeeperOptions): Promise<KeyKeeper> {
    const files = new KeyFiles(options.dataDir)
    const now = Math.floor(options.now() / 1000)
    const known = { identity: files.readIdentity(), handshake: files.readHandshake(), tickets: files.readTickets() }
    const isDue = known.handshake === undefined || isRenewalDue(known.handshake, now, options.lives)
    const [identity, handshake] = await Promise.all([
      known.identity ?? newIdentity(),
      isDue ? newHandshakeKey(now, options.lives.handshakeSeconds) : (known.handshake as HandshakeKeys),
    ])
    if (known.identity === undefined) {
      files.writeIdentity(identity)
      options.onEvent({ name: 'identityMade', thumbprint: thumbprintOf(publicJwkOf(identity.privateKey)) })
    }
    if (isDue) files.writeHandshake(handshake)
    const keeper = new KeyKeeper(options, files, { identity, handshake, tickets: known.tickets ?? [] })
    keeper.#renewTickets(now)
    return keeper
  }

  /** What clients pin. */
  get thumbprint(): string {
    return thumbprintOf(this.#offer.identity)
  }

  /** What connections are offered now. */
  get offer(): KeyOffer {
    return this.#offer
  }

  /** What was offered under a number, as long as answers to it are good. */
  offered(offer: number): OfferedKeys | undefined {
    return this.#offered.get(offer)
  }

  /** Newest first. The same list until it changes. */
  ticketKeys(): TicketKeys {
    return this.#tickets
  }

  /** Begins to renew keys by itself. @param onOffer told of each new offer */
  keep(everyMs: number, onOffer: (offer: KeyOffer) => void): void {
    this.#onOffer = onOffer
    this.#timer = setInterval(() => void this.renew(), everyMs)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** Renews what is due. Never rejects: what failed is tried again the next time. */
  renew(): Promise<void> {
    return this.#oneAfterTheOther(async () => {
      const now = this.#now()
      for (const [id, { until }] of this.#offered) if (until !== undefined && until <= now) this.#offered.delete(id)
      this.#renewTickets(now)
      if (isRenewalDue(this.#handshake, now, this.#options.lives)) await this.#renewHandshake(now)
    }).catch((error: unknown) => this.#options.onEvent({ name: 'keyRenewalFailed', error }))
  }

  /** Makes a new identity, signed by the one before. @throws StoreError when it can't be stored: then nothing has changed */
  rotateIdentity(): Promise<ShownKeys> {
    return this.#oneAfterTheOther(async () => {
      const identity = await nextIdentity(this.#identity, this.#now())
      this.#files.writeIdentity(identity)
      this.#identity = identity
      this.#offerAnew()
      this.#options.onEvent({ name: 'identityRotated', thumbprint: this.thumbprint })
      return this.show()
    })
  }

  /** The public part of all keys. */
  show(): ShownKeys {
    const { identity, certificate, rotations, suites } = this.#offer
    const { notBefore, notAfter } = certificate
    return {
      identity: this.thumbprint,
      identityKey: identity,
      handshake: { thumbprint: thumbprintOf(certificate.key), notBefore, notAfter },
      rotations: rotations.map(({ key, time }) => ({ thumbprint: thumbprintOf(key), time })),
      suites,
    }
  }

  #now(): number {
    return Math.floor(this.#options.now() / 1000)
  }

  #oneAfterTheOther<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#working.then(work)
    this.#working = result.catch(() => {})
    return result
  }

  async #renewHandshake(now: number): Promise<void> {
    const handshake = await newHandshakeKey(now, this.#options.lives.handshakeSeconds)
    this.#files.writeHandshake(handshake)
    this.#handshake = handshake
    this.#offerAnew()
    const { certificate } = this.#offer
    const { notAfter } = certificate
    this.#options.onEvent({ name: 'handshakeKeyMade', thumbprint: thumbprintOf(certificate.key), notAfter })
  }

  #renewTickets(now: number): void {
    const { ticketTtlSeconds, lives } = this.#options
    const counts = (key: DatedTicketKey): boolean => now < key.since + lives.ticketKeySeconds + ticketTtlSeconds
    const newest = this.#tickets[0]
    if (newest !== undefined && now < newest.since + lives.ticketKeySeconds) return
    const tickets = [newTicketKey(now), ...this.#tickets.filter(counts)]
    this.#files.writeTickets(tickets)
    this.#tickets = tickets
    this.#options.onEvent({ name: 'ticketKeyMade' })
  }

  #offerAnew(): void {
    const old = this.#offered.get(this.#offer.id)
    if (old !== undefined) old.until = this.#now() + this.#options.lives.handshakeGraceSeconds
    this.#offer = this.#makeOffer()
    this.#onOffer(this.#offer)
  }

  #makeOffer(): KeyOffer {
    const { suites } = this.#options
    const { privateKey, notBefore, notAfter } = this.#handshake
    const id = Math.max(0, ...this.#offered.keys()) + 1
    const claims = { key: publicJwkOf(privateKey), notBefore, notAfter }
    const offer: KeyOffer = {
      id,
      suites,
      identity: publicJwkOf(this.#identity.privateKey),
      certificate: certifyHandshakeKey(this.#identity.privateKey, claims, { suite3: suites.includes(3) }),
      rotations: this.#identity.rotations,
    }
    this.#offered.set(id, { handshakeKey: privateKey, suites, write: offerWriter(offer), until: undefined })
    return offer
  }
}

function isRenewalDue({ notBefore, notAfter }: HandshakeKeys, now: number, lives: KeyLives): boolean {
  return now >= Math.min(notAfter, notBefore + lives.handshakeRenewSeconds)
}
