/**
 * Sealing for one client: it knows the server's key, has the key of the device and the newest ticket, and makes a
 * sealed session on every new connection: with the ticket where the server still takes it, else in full. For Node.
 */
import {
  type ClientSession,
  chooseSuite,
  clientProof,
  makeResumption,
  makeTerminalKey,
  type PendingHandshake,
  takeFinish,
} from '../security/client-handshake.ts'
import { type Offer, readOffer } from '../security/offer.ts'
import { RecordOpener, RecordSealer, recordPlaintextBytesMax } from '../security/records.ts'
import { Secret } from '../security/secret.ts'
import type { LoginTicket } from './answer.ts'
import { failureIn } from './answer.ts'
import { type DeviceKey, processDeviceKey, readDeviceKey } from './device-key.ts'
import { ParleyError } from './errors.ts'
import type { FrameForm } from './frames.ts'
import { HandshakeFrames } from './handshake-frames.ts'
import { serverName } from './known-hosts.ts'
import { readMessage } from './message.ts'
import type { SealedChannel, SealingLayer } from './sealed-channel.ts'
import { SealedTransport } from './sealed-transport.ts'
import type { SavedTicket, SealOptions, TicketStore } from './sealing-options.ts'
import { ServerTrust } from './server-trust.ts'
import {
  type Address,
  openTransport,
  type Transport,
  type TransportEvents,
  type TransportOptions,
} from './transport.ts'

/** A ticket that is about to expire is not shown any more: it might on its way. */
const ticketMarginSeconds = 60
/** What a record adds to what is in it, and base64 to that. */
const recordBytesMore = 128

/** See the head of the file. */
export class Sealing implements SealingLayer {
  readonly key: Promise<DeviceKey>
  readonly #address: Address
  readonly #server: string
  readonly #suites: readonly (1 | 2)[]
  readonly #trust: ServerTrust
  readonly #tickets: TicketStore

  /** @throws ParleyError `bad_argument` for options that can't be used */
  constructor(address: Address, options: SealOptions) {
    this.#address = address
    this.#server = serverName(address)
    this.#suites = readSuites(options.suites)
    this.#trust = new ServerTrust(this.#server, options)
    this.#tickets = options.tickets ?? new MemoryTicket()
    this.key = options.key === undefined ? processDeviceKey() : Promise.resolve(readDeviceKey(options.key))
    // Whoever needs the key is told when it can't be made; nobody may need it.
    this.key.catch(() => {})
  }

  /**
   * Shows a server that is met for the first time to the person, if there is one to judge. Before the first connection, since
   * a person takes longer than any time limit.
   *
   * @param attempt makes an attempt to connect, within its time limits
   * @throws ParleyError `pin_mismatch` when the person does not trust the key
   */
  async meet(attempt: (connect: (options: TransportOptions) => Promise<Offer>) => Promise<Offer>): Promise<void> {
    if (await this.#trust.mustAsk()) await this.#trust.ask(await attempt((options) => this.#look(options)))
  }

  /** The keys that the server shows; the connection is of no further use. */
  async #look(options: TransportOptions): Promise<Offer> {
    const frames = new HandshakeFrames()
    const inner = await this.#connect(options, frames)
    try {
      return await this.#askOffer(inner, frames, options.signal)
    } finally {
      inner.destroy()
    }
  }

  async open(options: TransportOptions, events: TransportEvents): Promise<SealedChannel> {
    const ticket = await this.#usableTicket()
    const resumed = ticket === undefined ? 'refused' : await this.#attempt(options, events, ticket)
    if (resumed !== 'refused') return resumed
    // The server may have lost its keys, or the account has changed: it does not say. In full, then, and at once.
    if (ticket !== undefined) await this.#tickets.save(this.#server, undefined)
    const made = await this.#attempt(options, events, undefined)
    if (made === 'refused') throw new ParleyError('sealing_failed')
    return made
  }

  /** One connection; `refused` when a ticket was shown and not taken. */
  async #attempt(
    options: TransportOptions,
    events: TransportEvents,
    ticket: SavedTicket | undefined,
  ): Promise<SealedChannel | 'refused'> {
    const { signal } = options
    const frames = new HandshakeFrames()
    const inner = await this.#connect(options, frames)
    try {
      const offer = await this.#askOffer(inner, frames, signal)
      const trusted = await this.#trust.judge(offer)
      const shown =
        ticket?.thumbprint === offer.identityThumbprint && offer.suites.includes(ticket.suite) ? ticket : undefined
      const pending = shown === undefined ? await this.#begin(offer) : resume(offer, shown)
      inner.send(pending.terminalBody.toString('latin1'))
      const session = await this.#finish(pending, frames, signal).catch((error: unknown) => {
        if (shown !== undefined && error instanceof ParleyError && error.code === 'sealing_failed') return undefined
        throw error
      })
      if (session === undefined) {
        inner.destroy()
        return 'refused'
      }
      // Only now is it known that the server has what belongs to its key.
      await trusted.keep()
      signal.throwIfAborted()
      const channel = this.#channel({ inner, options, offer, session, ticket: shown }, events)
      frames.handOver(channel)
      return channel
    } catch (error) {
      inner.destroy()
      throw error
    }
  }

  async #finish(pending: PendingHandshake, frames: HandshakeFrames, signal: AbortSignal): Promise<ClientSession> {
    const body = await frames.take(signal)
    const session = takeFinish(pending, Buffer.from(body, 'utf8'))
    if (session !== undefined) return session
    throw (
      passingRefusalIn(body) ??
      new ParleyError('sealing_failed', { message: 'The server has not the key that it showed.' })
    )
  }

  #connect(options: TransportOptions, frames: HandshakeFrames): Promise<Transport> {
    const { frameBytesMax } = options
    const recordBytesMax = Math.max(recordPlaintextBytesMax, frameBytesMax) + recordBytesMore
    return openTransport(this.#address, { ...options, frameBytesMax: Math.ceil((recordBytesMax * 4) / 3) }, frames)
  }

  /** Asks for the server's keys. One that greets with them by itself takes the question as crossed with that. */
  async #askOffer(inner: Transport, frames: HandshakeFrames, signal: AbortSignal): Promise<Offer> {
    inner.send(JSON.stringify({ MsgType: 'PlatformKeyRequest', CreateTime: nowSeconds(), Content: '{}' }))
    const body = await frames.take(signal)
    const read = readOffer(Buffer.from(body, 'utf8'), nowSeconds())
    if (read.ok) return read.offer
    throw refusalIn(body) ?? new ParleyError('sealing_failed', { message: `No sealed session: ${read.problem}.` })
  }

  async #begin(offer: Offer): Promise<PendingHandshake> {
    const suite = chooseSuite(offer, this.#suites)
    if (suite === undefined) {
      const message = `The server offers the suites ${offer.suites.join(', ')}, this client takes ${this.#suites.join(', ')}.`
      throw new ParleyError('sealing_refused', { message })
    }
    return makeTerminalKey(offer, { suite, key: await this.key }, { now: nowSeconds() })
  }

  #channel(made: Made, events: TransportEvents): SealedTransport {
    const { inner, options, offer, session, ticket } = made
    const { keys, suite } = session
    return new SealedTransport(
      {
        inner,
        form: this.#form(options),
        frameBytesMax: options.frameBytesMax,
        sealer: new RecordSealer({ suite, sender: 'client', keys }),
        opener: new RecordOpener({ suite, sender: 'server', keys }),
        prove: (frame) => clientProof(session, frame),
        session: { server: offer.identityThumbprint, suite, resumed: ticket !== undefined },
        offerNonce: offer.nonce,
        resumedUser: ticket?.userId,
        signingKey: keys.signingKey,
        keepTicket: (ticket, userId) => this.#keepTicket(made, ticket, userId),
      },
      events,
    )
  }

  /** How messages stand in records: on WebSocket, where the listener's bytes and charset do not count, always the same. */
  #form({ startByte, endByte, charset }: TransportOptions): FrameForm {
    if (this.#address.kind === 'websocket') return { startByte: 0x02, endByte: 0x03, charset: 'utf-8' }
    return { startByte, endByte, charset }
  }

  // Tickets.

  async #usableTicket(): Promise<SavedTicket | undefined> {
    const ticket = await this.#tickets.load(this.#server)
    if (ticket === undefined || ticket.expires - ticketMarginSeconds <= nowSeconds()) return undefined
    return this.#suites.includes(ticket.suite) ? ticket : undefined
  }

  #keepTicket({ offer, session }: Made, { ticket, expires }: LoginTicket, userId: string): void {
    const { suite, keys } = session
    if (suite === 3) return
    const secret = Buffer.from(keys.resumptionSecret.reveal()).toString('base64url')
    const saved: SavedTicket = { ticket, secret, suite, expires, userId, thumbprint: offer.identityThumbprint }
    // A ticket that is not kept costs a full handshake, no more.
    void Promise.resolve(this.#tickets.save(this.#server, saved)).catch(() => {})
  }
}

/** What a handshake has made. */
interface Made {
  readonly inner: Transport
  readonly options: TransportOptions
  readonly offer: Offer
  readonly session: ClientSession
  /** With which it was resumed. */
  readonly ticket: SavedTicket | undefined
}

class MemoryTicket implements TicketStore {
  #ticket: SavedTicket | undefined

  load(): SavedTicket | undefined {
    return this.#ticket
  }

  save(_server: string, ticket: SavedTicket | undefined): void {
    this.#ticket = ticket
  }
}

function readSuites(given: SealOptions['suites']): readonly (1 | 2)[] {
  const suites = given ?? [1, 2]
  if (suites.length > 0 && suites.every((suite) => suite === 1 || suite === 2)) return suites
  throw new ParleyError('bad_argument', { message: 'The option suites must be a list of 1 and 2, the best first.' })
}

function resume(offer: Offer, { ticket: text, suite, secret }: SavedTicket): PendingHandshake {
  const resumptionSecret = new Secret(Buffer.from(secret, 'base64url'))
  return makeResumption(offer, { text, suite, resumptionSecret }, { now: nowSeconds() })
}

/** What a server says instead of its keys, when it is not a mangled form of them. */
function refusalIn(body: string): ParleyError | undefined {
  const message = readMessage(body)
  if (message instanceof ParleyError || message.type === 'PlatformKeyMessage') return undefined
  return (
    passingRefusalIn(body) ??
    new ParleyError('sealing_refused', {
      message: 'The server does not offer sealed sessions. Nothing secret was sent.',
      cause: failureIn(message),
    })
  )
}

/**
 * That the server has no time just now. It is not known to be the server's word, so it ends nothing for good, and does not say
 * for how long to stay away.
 */
function passingRefusalIn(body: string): ParleyError | undefined {
  const message = readMessage(body)
  const failure = message instanceof ParleyError ? undefined : failureIn(message)
  return failure?.retryable ? new ParleyError(failure.code, { message: failure.message, retryable: true }) : undefined
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000)
}
