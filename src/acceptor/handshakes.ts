/**
 * The acceptor's part in handshakes: offers the keys of the server, passes the client's answer on to who can compute with it, seals the
 * connection with what comes of that, and checks the client's proof. From the offer on whatever is out of place ends the
 * connection without a word. It owns no connection: what it decides goes out as calls of `HandshakeEffects`.
 * Runs on: the acceptor thread.
 */
import { randomBytes } from 'node:crypto'
import type { KeyOffer, SealMessage } from '../mailbox/acceptor-messages.ts'
import type { ExchangeKeysMessage } from '../mailbox/router-messages.ts'
import { type ErrorCode, errors, type Fault, fault } from '../protocol/errors.ts'
import type { Answered } from '../protocol/replies.ts'
import { encodeBase64Url } from '../security/base64url.ts'
import type { ClientProof } from '../security/client-proof.ts'
import { macOf } from '../security/finish-frame.ts'
import { asciiJson } from '../security/handshake-body.ts'
import { readSessionKeys } from '../security/key-schedule.ts'
import { nonceBytes, offerWriter } from '../security/offer.ts'
import { Secret } from '../security/secret.ts'
import type { Connection, OfferedKeys, SealedFacts } from './connection.ts'
import { HandshakeRate } from './handshake-rate.ts'
import type { RecordFault, SealedEvents } from './sealed-form.ts'

/** What handshakes cause. */
export interface HandshakeEffects {
  exchangeKeys(message: ExchangeKeysMessage): void
  refuse(connection: Connection, answered: Answered, problem: Fault): void
  /** Ends a connection after telling it why. */
  close(connection: Connection, reason: ErrorCode, message: string): void
  /** Ends a connection without a word. The detail is for the log and the counter: a few words that say nothing of the client. */
  cut(connection: Connection, reason: 'handshake_failed' | 'record_failed', detail: string): void
  /** A handshake has come to its end. */
  sealed(connection: Connection, resumed: boolean): void
  /** The client has ended its sealed session. */
  farewell(connection: Connection): void
}

/** Limits and rules. */
export interface HandshakeOptions {
  readonly requiresSealing: boolean
  readonly authTimeoutMs: number
  readonly handshakesPerSecond: number
}

/** A frame that came before the client's keys. */
export interface EarlyFrame {
  readonly answered: Answered
  readonly body: Buffer
}

/** See the head of the file. */
export class Handshakes {
  readonly #options: HandshakeOptions
  readonly #effects: HandshakeEffects
  readonly #rate: HandshakeRate
  #offer: { readonly id: number; readonly write: ReturnType<typeof offerWriter> } | undefined

  constructor(options: HandshakeOptions, effects: HandshakeEffects) {
    this.#options = options
    this.#effects = effects
    this.#rate = new HandshakeRate(options.handshakesPerSecond)
  }

  /** Whether there are keys to offer. */
  isReady(): boolean {
    return this.#offer !== undefined
  }

  /** Connections are offered these keys from now on. */
  use(offer: KeyOffer): void {
    this.#offer = { id: offer.id, write: offerWriter(offer) }
  }

  /** A connection has come in: it is greeted where sessions must be sealed. `now` on the acceptor's clock. */
  opened(connection: Connection, now: number): void {
    if (this.#options.requiresSealing) this.#make(connection, { callbackId: undefined, isUnasked: true }, now)
  }

  /** `PlatformKeyRequest` before a login. */
  requested(connection: Connection, answered: Answered, now: number): void {
    if (connection.sealed !== undefined) {
      this.#effects.refuse(connection, answered, fault('not_allowed', 'This session is sealed already.'))
    } else {
      this.#make(connection, { callbackId: answered.callbackId, isUnasked: false }, now)
    }
  }

  #make(
    connection: Connection,
    how: { readonly callbackId: string | undefined; readonly isUnasked: boolean },
    now: number,
  ): void {
    const offer = this.#offer
    if (offer === undefined) {
      this.#effects.close(connection, 'server_busy', errors.server_busy.message)
      return
    }
    const nonce = randomBytes(nonceBytes)
    const { callbackId } = how
    const time = Math.floor(Date.now() / 1000)
    const moment = { nonce, now: time }
    const callbackJson = callbackId === undefined ? undefined : asciiJson(callbackId)
    const body = offer.write(callbackId === undefined ? moment : { ...moment, callbackId })
    const deadline =
      connection.state.kind === 'greeting' ? connection.state.deadline : now + this.#options.authTimeoutMs
    const offered = { id: offer.id, nonce: encodeBase64Url(nonce), time, callbackId: callbackJson }
    connection.state = { kind: 'offered', deadline, offer: offered, isUnasked: how.isUnasked }
    connection.sentBytes += connection.channel.writeText(body)
  }

  /** A whole frame, that could be read as an envelope, has come in the state `offered`. */
  received(connection: Connection, frame: EarlyFrame, now: number): void {
    const { state } = connection
    if (state.kind !== 'offered') return
    const { answered } = frame
    if (answered.type === 'TerminalKeyMessage' && !answered.toUser) {
      this.#exchange(connection, state.offer, frame.body, now)
    } else if (!state.isUnasked) {
      this.#effects.cut(connection, 'handshake_failed', 'another message in the handshake')
    } else if (answered.type === 'PlatformKeyRequest' && !answered.toUser) {
      // Sent before the greeting could be seen: that is the answer to it.
      connection.state = { ...state, isUnasked: false }
    } else {
      // A client that knows nothing of handshakes: its user must learn what is wrong.
      this.#effects.refuse(connection, answered, fault('sealing_required'))
      this.#effects.close(connection, 'sealing_required', errors.sealing_required.message)
    }
  }

  #exchange(connection: Connection, offer: OfferedKeys, terminalBody: Buffer, now: number): void {
    const { addressKey } = connection
    if (!this.#rate.take(addressKey, now)) {
      this.#effects.close(connection, 'server_busy', 'Too many handshakes from this address: come back in a second.')
      return
    }
    connection.state = { kind: 'exchanging' }
    this.#effects.exchangeKeys({
      kind: 'exchangeKeys',
      connection: connection.id,
      address: addressKey,
      offer: offer.id,
      nonce: offer.nonce,
      offerTime: offer.time,
      offerCallbackId: offer.callbackId,
      terminalBody,
    })
  }

  /** The keys are there: the last plain frame goes out, and all that follows is sealed. */
  seal(connection: Connection, message: SealMessage, now: number): void {
    if (connection.state.kind !== 'exchanging') return
    const { suite, thumbprint, resumed, transcriptHash } = message
    const keys = readSessionKeys(message.keys)
    connection.sentBytes += connection.channel.writeText(message.body)
    connection.channel.seal({
      suite,
      keys,
      events: new HandshakeOf(this, connection, resumed),
    })
    // A copy: the others are not to stay in memory with it.
    const signingKey = new Secret(Uint8Array.from(keys.signingKey.reveal()))
    connection.state = {
      kind: 'confirming',
      // The pool may have taken the client's time.
      deadline: now + this.#options.authTimeoutMs,
      mac: new Secret(macOf(keys.clientFinishKey, transcriptHash)),
      facts: { suite, thumbprint, signingKey },
    }
  }

  /** The client's proof has come. False when it is wrong. */
  proven(connection: Connection, proof: ClientProof, resumed: boolean): boolean {
    const { state } = connection
    if (state.kind !== 'confirming') return false
    if (!state.mac.equals(proof.mac)) {
      this.#effects.cut(connection, 'handshake_failed', "the client's MAC is wrong")
      return false
    }
    if (resumed && proof.signature.length > 0) {
      this.#effects.cut(connection, 'handshake_failed', 'a signature beside a ticket')
      return false
    }
    const facts: SealedFacts = state.facts
    connection.sealed = facts
    connection.state = { kind: 'greeting', deadline: state.deadline, proof: Buffer.from(proof.signature) }
    this.#effects.sealed(connection, resumed)
    return true
  }

  /** What came can't be taken. */
  broken(connection: Connection, problem: RecordFault): void {
    const reason = connection.state.kind === 'confirming' ? 'handshake_failed' : 'record_failed'
    this.#effects.cut(connection, reason, problem)
  }

  /** The client has ended its session. */
  farewell(connection: Connection): void {
    this.#effects.farewell(connection)
  }

  /** Forgets addresses that have been quiet. */
  forget(now: number): void {
    this.#rate.forget(now)
  }
}

/** What a sealed form tells, for its connection. It stays as long as that does, so it is one object and not three functions. */
class HandshakeOf implements SealedEvents {
  readonly #handshakes: Handshakes
  readonly #connection: Connection
  readonly #isResumed: boolean

  constructor(handshakes: Handshakes, connection: Connection, isResumed: boolean) {
    this.#handshakes = handshakes
    this.#connection = connection
    this.#isResumed = isResumed
  }

  proven(proof: ClientProof): boolean {
    return this.#handshakes.proven(this.#connection, proof, this.#isResumed)
  }

  broken(fault: RecordFault): void {
    this.#handshakes.broken(this.#connection, fault)
  }

  farewell(): void {
    this.#handshakes.farewell(this.#connection)
  }
}
