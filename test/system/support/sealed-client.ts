/**
 * The raw client of sealed sessions, in all forms of the wire. The steps of a handshake can be taken singly, so that a test can
 * change whatever goes over the wire in between. It shares the cryptography with the SDK, and nothing else.
 */
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import iconv from 'iconv-lite'
import { pack, unpack } from 'msgpackr'
import { WebSocket } from 'ws'
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
} from '../../../src/security/client-handshake.ts'
import { type Offer, readOffer } from '../../../src/security/offer.ts'
import { RecordOpener, RecordSealer, type RecordType, recordType } from '../../../src/security/records.ts'
import { makeSuite3Terminal } from '../../../src/security/suite3.ts'
import type { SuiteNumber } from '../../../src/security/suites.ts'
import { within } from './deadline.ts'
import { answerTo, bodyOf, type Content, newCallbackId, WireClient } from './wire-client.ts'

/** How a client speaks. */
export type SealedSpeech = 'tcp' | 'compact' | 'ws-text' | 'ws-binary'

/** What a client is told of its server. */
export interface SealedOptions {
  readonly speech?: SealedSpeech
  readonly charset?: 'utf-8' | 'gb18030'
  readonly start?: number
  readonly end?: number
  /** Whether it asks for the server's keys; else it waits for a greeting. */
  readonly asks?: boolean
}

/** How a handshake goes. */
export interface HandshakeOptions {
  readonly suite?: SuiteNumber
  readonly ticket?: ClientTicket
  readonly key?: ClientKey
}

const prelude = Buffer.from('504c5901', 'hex')
let usualKey: ClientKey | undefined

/** A client's RSA key: the same one in a process, since making one takes a while. */
export function clientKey(): ClientKey {
  usualKey ??= newClientKey()
  return usualKey
}

/** Another one. */
export function newClientKey(): ClientKey {
  return clientKeyOf(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey)
}

/** See the head of the file. */
export class SealedClient extends WireClient {
  readonly speech: SealedSpeech
  readonly #options: Required<Omit<SealedOptions, 'speech'>>
  readonly #wire: Socket | WebSocket
  /** Bodies of handshake frames, and records, as they came. */
  readonly units: Buffer[] = []
  #taken = 0
  #wake: () => void = () => {}
  #rest = Buffer.alloc(0)
  session: ClientSession | undefined
  #sealer: RecordSealer | undefined
  #opener: RecordOpener | undefined
  /** Whether the server has ended the session, and meant it. */
  isClosedByServer = false
  recordsReceived = 0

  private constructor(wire: Socket | WebSocket, options: SealedOptions) {
    super()
    this.speech = options.speech ?? 'tcp'
    this.#wire = wire
    const { charset = 'utf-8', start = 0x02, end = 0x03, asks = true } = options
    this.#options = { charset, start, end, asks }
    if (wire instanceof WebSocket) {
      wire.on('message', (data: Buffer, isBinary: boolean) => {
        if (isBinary === (this.speech === 'ws-binary') || this.session === undefined) this.#onUnit(data)
        else this.faults.push('a message of the other kind')
      })
    } else {
      wire.on('data', (chunk: Buffer) => this.#onData(chunk))
    }
    wire.on('error', () => {})
    wire.on('close', () => {
      this.end()
      this.#wake()
    })
  }

  static async connect(ports: { tcp: number; ws: number }, options: SealedOptions = {}): Promise<SealedClient> {
    const { speech = 'tcp' } = options
    if (speech === 'ws-text' || speech === 'ws-binary') {
      const webSocket = new WebSocket(`ws://127.0.0.1:${ports.ws}/ws`, { perMessageDeflate: false })
      const client = new SealedClient(webSocket, options)
      await within(once(webSocket, 'open'), 'a WebSocket')
      return client
    }
    const socket = connect({ port: ports.tcp, host: '127.0.0.1', noDelay: true })
    const client = new SealedClient(socket, options)
    await within(once(socket, 'connect'), 'a connection')
    if (speech === 'compact') socket.write(prelude)
    return client
  }

  // The handshake, step by step

  /** Frame 1. */
  async offer(): Promise<Offer> {
    if (this.#options.asks) this.sendText(Buffer.from(bodyOf('PlatformKeyRequest', {})))
    const read = readOffer(await this.nextUnit('the keys of the server'), Math.floor(Date.now() / 1000))
    if (!read.ok) throw new Error(read.problem)
    return read.offer
  }

  /** Makes frame 2. */
  answer(offer: Offer, options: HandshakeOptions = {}): PendingHandshake {
    const { ticket, suite = 1, key = clientKey() } = options
    const now = { now: Math.floor(Date.now() / 1000) }
    if (ticket !== undefined) return makeResumption(offer, ticket, now)
    return suite === 3 ? makeSuite3Terminal(offer, key, now) : makeTerminalKey(offer, { suite, key }, now)
  }

  /** Takes frame 3; from here on all is sealed. */
  async finish(pending: PendingHandshake): Promise<ClientSession> {
    const session = takeFinish(pending, await this.nextUnit('the end of the handshake'))
    if (session === undefined) throw new Error('the last frame of the handshake is not right')
    this.use(session)
    return session
  }

  /** Seals from now on. */
  use(session: ClientSession): void {
    this.session = session
    const { suite, keys } = session
    this.#sealer = new RecordSealer({ suite, sender: 'client', keys })
    this.#opener = new RecordOpener({ suite, sender: 'server', keys })
  }

  /** All of it. */
  async handshake(options: HandshakeOptions = {}): Promise<ClientSession> {
    const pending = this.answer(await this.offer(), options)
    this.sendText(pending.terminalBody)
    return await this.finish(pending)
  }

  /** The first record, with a login; gives what the server says to it. */
  async prove(user: string, secret: object): Promise<Content> {
    const callbackId = newCallbackId()
    const frame = this.innerFrame(bodyOf('AuthRequest', { UserId: user, ...secret }, { CallbackID: callbackId }))
    if (this.session === undefined) throw new Error('the handshake comes first')
    this.sendRecord(this.sealRecord(recordType.finish, clientProof(this.session, frame)))
    const { content } = await this.take(answerTo(callbackId), 'the answer to the login')
    if (content.Success === true) this.user = user
    return content
  }

  /** What it can come back with. */
  ticketOf(content: Content): ClientTicket {
    if (this.session === undefined) throw new Error('the handshake comes first')
    const { suite, keys } = this.session
    return { text: content['Ticket'] as string, suite, resumptionSecret: keys.resumptionSecret }
  }

  // Bytes

  /** Bytes of a handshake's frame, or of anything else that is not sealed, in the form of the wire. */
  sendText(body: Buffer): void {
    if (this.#wire instanceof WebSocket) this.#wire.send(body, { binary: this.speech === 'ws-binary' })
    else this.#wire.write(this.speech === 'compact' ? withLength(body) : this.#delimited(body))
  }

  /** Bytes as they are. */
  sendBytes(bytes: Buffer): void {
    if (this.#wire instanceof WebSocket) this.#wire.send(bytes, { binary: this.speech === 'ws-binary' })
    else this.#wire.write(bytes)
  }

  sealRecord(type: RecordType, plaintext?: Buffer): Buffer {
    if (this.#sealer === undefined) throw new Error('the handshake comes first')
    return this.#sealer.seal(type, plaintext)
  }

  sendRecord(record: Buffer): void {
    this.sendBytes(this.outer(record))
  }

  /** What goes over the wire for a record. */
  outer(record: Buffer): Buffer {
    switch (this.speech) {
      case 'tcp':
        return this.#delimited(Buffer.from(record.toString('base64')))
      case 'compact':
        return withLength(record)
      case 'ws-text':
        return Buffer.from(record.toString('base64'))
      default:
        return record
    }
  }

  override sendBody(body: string | Buffer): void {
    this.sendRecord(this.sealRecord(recordType.data, this.innerFrame(body.toString())))
  }

  /** Several bodies in one record. */
  sendBodies(bodies: readonly string[]): void {
    this.sendRecord(this.sealRecord(recordType.data, Buffer.concat(bodies.map((body) => this.innerFrame(body)))))
  }

  /** How a body stands in a record. */
  innerFrame(body: string): Buffer {
    if (this.#isCompact()) return withLength(pack(JSON.parse(body)))
    if (this.speech === 'ws-text') return Buffer.from(`\u0002${body}\u0003`)
    return this.#delimited(this.#options.charset === 'utf-8' ? Buffer.from(body) : iconv.encode(body, 'gb18030'))
  }

  /** The next handshake frame, or record. */
  async nextUnit(what: string): Promise<Buffer> {
    const coming = async (): Promise<Buffer> => {
      for (;;) {
        const unit = this.units[this.#taken]
        if (unit !== undefined) {
          this.#taken++
          return unit
        }
        if (this.isEnded()) throw new Error(`the connection has ended, and ${what} has not come`)
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
    return await within(coming(), what)
  }

  override pause(): void {
    this.#wire.pause()
  }

  override resume(): void {
    this.#wire.resume()
  }

  override destroy(): void {
    if (this.#wire instanceof WebSocket) this.#wire.terminate()
    else this.#wire.destroy()
  }

  /** Ends the sending side of a stream. */
  endSending(): void {
    if (this.#wire instanceof WebSocket) this.#wire.close()
    else this.#wire.end()
  }

  #isCompact(): boolean {
    return this.speech === 'compact' || this.speech === 'ws-binary'
  }

  #delimited(body: Buffer): Buffer {
    return Buffer.concat([Buffer.of(this.#options.start), body, Buffer.of(this.#options.end)])
  }

  #onData(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (;;) {
      // A greeting is text between delimiters, whatever the client speaks: it comes before the server knows.
      const isText = this.speech === 'tcp' || (this.units.length === 0 && this.#rest[1] === 0x7b)
      const unit = isText ? this.#nextDelimited() : this.#nextPrefixed()
      if (unit === undefined) return
      this.#onUnit(unit)
    }
  }

  #nextDelimited(): Buffer | undefined {
    const end = this.#rest.indexOf(this.#options.end)
    if (end === -1) return undefined
    const frame = this.#rest.subarray(0, end)
    this.#rest = this.#rest.subarray(end + 1)
    if (frame[0] !== this.#options.start) this.faults.push(`bytes outside frames: ${frame.toString('latin1')}`)
    return frame.subarray(1)
  }

  #nextPrefixed(): Buffer | undefined {
    if (this.#rest.length < 4) return undefined
    const end = 4 + this.#rest.readUInt32BE(0)
    if (this.#rest.length < end) return undefined
    const body = this.#rest.subarray(4, end)
    this.#rest = this.#rest.subarray(end)
    return body
  }

  #onUnit(unit: Buffer): void {
    if (this.#opener === undefined) {
      this.units.push(unit)
      this.#wake()
      return
    }
    const isRaw = this.#isCompact()
    const opened = this.#opener.open(isRaw ? unit : Buffer.from(unit.toString('latin1'), 'base64'))
    if (opened === undefined) {
      this.faults.push(`a record does not open: ${this.#opener.problem}`)
      return
    }
    this.recordsReceived++
    if (opened.type === recordType.close) this.isClosedByServer = true
    else for (const body of this.#bodiesIn(opened.plaintext)) this.receive(body)
  }

  #bodiesIn(plaintext: Buffer): string[] {
    const bodies: string[] = []
    let at = 0
    const { charset, start, end } = this.speech === 'ws-text' ? { charset: 'utf-8', start: 2, end: 3 } : this.#options
    while (at < plaintext.length) {
      if (this.#isCompact()) {
        const next = at + 4 + plaintext.readUInt32BE(at)
        bodies.push(JSON.stringify(unpack(plaintext.subarray(at + 4, next))))
        at = next
      } else {
        const next = plaintext.indexOf(end, at)
        if (plaintext[at] !== start || next === -1) throw new Error('a record holds something else than frames')
        const body = plaintext.subarray(at + 1, next)
        bodies.push(charset === 'utf-8' ? body.toString('utf8') : iconv.decode(body, 'gb18030'))
        at = next + 1
      }
    }
    return bodies
  }
}

function withLength(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}
