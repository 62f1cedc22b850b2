/**
 * A sealed session as a generator has it: handshake and login as a dialogue, then one record for what one write holds. What a
 * sender encoded before the measurement is sealed as it is.
 */
import { generateKeyPairSync } from 'node:crypto'
import { base64Length, decodeBase64, encodeBase64 } from '../../src/protocol/base64.ts'
import {
  type ClientKey,
  type ClientSession,
  type ClientTicket,
  clientKeyOf,
  clientProof,
  makeResumption,
  makeTerminalKey,
  type PendingHandshake,
  takeFinish,
} from '../../src/security/client-handshake.ts'
import { type Offer, readOffer } from '../../src/security/offer.ts'
import { RecordOpener, RecordSealer, recordPlaintextBytesMax, recordType } from '../../src/security/records.ts'
import { Secret } from '../../src/security/secret.ts'
import { END, encodeLogin, START } from './frame.ts'
import { type FrameHandler, FrameReader } from './frame-reader.ts'
import type { Login } from './raw-connection.ts'
import { parleyWire } from './wires/parley.ts'
import { type Dialogue, type Reader, type Step, wait } from './wires/wire.ts'

const suite = 1
/** Records lie here until they are in their framing. */
const scratch: Buffer = Buffer.allocUnsafeSlow(recordPlaintextBytesMax + 256)
/** What records held lies here until it has been read. */
const plaintextScratch: Buffer = Buffer.allocUnsafeSlow(recordPlaintextBytesMax)
/** Kept for what a connection writes, if it is not longer. */
const outputBytesMax = 98_304

/** What a ticket and its secret look like as text. */
interface WrittenTicket {
  readonly text: string
  readonly secret: string
}

let key: ClientKey | undefined

/**
 * The RSA key of all clients of this process. Made once: it takes some hundred milliseconds, and which key a client has makes
 * no difference to a server.
 */
export function generatorKey(): ClientKey {
  key ??= clientKeyOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
  return key
}

/** How far a handshake is. */
type Phase =
  | { readonly kind: 'offer' }
  | { readonly kind: 'finish'; readonly pending: PendingHandshake }
  | { readonly kind: 'sealed'; readonly session: ClientSession }

/** See the head of the file. */
export class Sealing implements Reader {
  readonly #login: Login
  /** Reads what records hold. */
  readonly #inner: Reader
  readonly #broken: () => void
  readonly #records = new FrameReader((bytes, start, end) => this.#receive(bytes, start, end))
  readonly #plainLogin: Dialogue
  #phase: Phase = { kind: 'offer' }
  #offer: Offer | undefined
  #sealer: RecordSealer | undefined
  #opener: RecordOpener | undefined
  #ticket: string | undefined
  #output: Buffer = Buffer.alloc(0)

  /** @param broken called when a record can't be opened */
  constructor(login: Login, inner: Reader, broken: () => void) {
    this.#login = login
    this.#inner = inner
    this.#broken = broken
    this.#plainLogin = parleyWire.login(login)
  }

  // The dialogue

  /** Asks for the server's keys, makes or resumes a session, and logs in. */
  dialogue(): Dialogue {
    return { opening: frameOf('{"MsgType":"PlatformKeyRequest","Content":"{}"}'), hear: (input) => this.#hear(input) }
  }

  /** What the session can be resumed with, once the login is done. */
  get resumption(): string | undefined {
    if (this.#ticket === undefined || this.#phase.kind !== 'sealed') return undefined
    const secret = Buffer.from(this.#phase.session.keys.resumptionSecret.reveal()).toString('base64')
    return JSON.stringify({ text: this.#ticket, secret } satisfies WrittenTicket)
  }

  /** What the handshake agreed on, and the offer that began it; undefined before. */
  get agreed(): { readonly session: ClientSession; readonly offer: Offer } | undefined {
    if (this.#phase.kind !== 'sealed' || this.#offer === undefined) return undefined
    return { session: this.#phase.session, offer: this.#offer }
  }

  #hear(input: Buffer): Step {
    const start = input.indexOf(START)
    const end = input.indexOf(END, start + 1)
    if (start === -1 || end === -1) return wait
    const body = Buffer.from(input.subarray(start + 1, end))
    const consumed = end + 1
    switch (this.#phase.kind) {
      case 'offer':
        return this.#answer(body, consumed)
      case 'finish':
        return this.#prove(this.#phase.pending, body, consumed)
      case 'sealed':
        return this.#logIn(body, consumed)
    }
  }

  #answer(body: Buffer, consumed: number): Step {
    const now = Math.floor(Date.now() / 1000)
    const read = readOffer(body, now)
    if (!read.ok) return { kind: 'failed', reason: `${read.problem}: ${body.toString()}` }
    this.#offer = read.offer
    const ticket = this.#login.resume === undefined ? undefined : readTicket(this.#login.resume)
    const pending =
      ticket === undefined
        ? makeTerminalKey(read.offer, { suite, key: generatorKey() }, { now })
        : makeResumption(read.offer, ticket, { now })
    this.#phase = { kind: 'finish', pending }
    return { kind: 'say', bytes: frameOf(pending.terminalBody), consumed }
  }

  #prove(pending: PendingHandshake, body: Buffer, consumed: number): Step {
    const session = takeFinish(pending, body)
    if (session === undefined) return { kind: 'failed', reason: `the handshake failed: ${body.toString()}` }
    const { keys } = session
    this.#sealer = new RecordSealer({ suite, sender: 'client', keys })
    this.#opener = new RecordOpener({ suite, sender: 'server', keys })
    this.#phase = { kind: 'sealed', session }
    const proof = clientProof(session, encodeLogin(this.#login))
    return { kind: 'say', bytes: recordFrame(this.#sealer.seal(recordType.finish, proof)), consumed }
  }

  #logIn(body: Buffer, consumed: number): Step {
    const opened = this.#opener?.open(Buffer.from(body.toString('latin1'), 'base64'))
    if (opened === undefined) return { kind: 'failed', reason: 'a record does not open' }
    let rest = opened.plaintext
    for (;;) {
      const step = this.#plainLogin.hear(rest)
      switch (step.kind) {
        case 'wait':
          return { kind: 'say', bytes: Buffer.alloc(0), consumed }
        case 'failed':
          return step
        case 'say':
          rest = rest.subarray(step.consumed)
          break
        case 'done':
          this.#ticket = step.ticket
          rest = rest.subarray(step.consumed)
          this.#inner.consume(rest, rest.length)
          return { ...step, consumed }
      }
    }
  }

  // Reading

  get handler(): FrameHandler {
    return this.#inner.handler
  }

  set handler(handler: FrameHandler) {
    this.#inner.handler = handler
  }

  consume(bytes: Buffer, length: number): void {
    this.#records.consume(bytes, length)
  }

  #receive(bytes: Buffer, start: number, end: number): void {
    const record = decodeBase64(bytes, start + 1, end - 1)
    const opened = record === undefined ? undefined : this.#opener?.open(record, plaintextScratch)
    if (opened === undefined) this.#broken()
    else if (opened.type === recordType.data) this.#inner.consume(opened.plaintext, opened.plaintext.length)
  }

  // Writing

  /**
   * What goes over the wire for whole frames, which must be sent, in this order. The bytes stay as they are until the next call:
   * whoever writes has one write under way at a time.
   */
  seal(frames: Buffer): Buffer {
    const sealer = this.#sealer
    if (sealer === undefined) throw new Error('the handshake comes first')
    let at = 0
    for (let from = 0; from < frames.length; ) {
      const end = cutAt(frames, from)
      if (sealer.keyUpdateDue) at = this.#append(sealer.seal(recordType.keyUpdate, undefined, scratch), at)
      at = this.#append(sealer.seal(recordType.data, frames.subarray(from, end), scratch), at)
      from = end
    }
    return this.#output.subarray(0, at)
  }

  /** Adds the frame of a record to the output. */
  #append(record: Buffer, at: number): number {
    const end = at + base64Length(record.length) + 2
    if (end > this.#output.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(end, Math.min(2 * end, outputBytesMax)))
      this.#output.copy(larger, 0, 0, at)
      this.#output = larger
    }
    return writeFrame(record, this.#output, at)
  }

  /** The record that ends the session. */
  goodbye(): Buffer | undefined {
    const sealer = this.#phase.kind === 'sealed' ? this.#sealer : undefined
    return sealer === undefined ? undefined : recordFrame(sealer.seal(recordType.close))
  }
}

function readTicket(resume: string): ClientTicket {
  const { text, secret } = JSON.parse(resume) as WrittenTicket
  return { text, suite, resumptionSecret: new Secret(Buffer.from(secret, 'base64')) }
}

/** Where the record that begins at `at` ends: with the last frame that it has room for. */
function cutAt(frames: Buffer, at: number): number {
  if (frames.length - at <= recordPlaintextBytesMax) return frames.length
  const end = frames.lastIndexOf(END, at + recordPlaintextBytesMax - 1) + 1
  return end > at ? end : frames.indexOf(END, at) + 1
}

function frameOf(body: string | Buffer): Buffer {
  return Buffer.concat([Buffer.of(START), Buffer.from(body), Buffer.of(END)])
}

function recordFrame(record: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(base64Length(record.length) + 2)
  writeFrame(record, bytes, 0)
  return bytes
}

function writeFrame(record: Buffer, to: Buffer, at: number): number {
  to[at] = START
  const end = encodeBase64(record, to, at + 1)
  to[end] = END
  return end + 1
}
