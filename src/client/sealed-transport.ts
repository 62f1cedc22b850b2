/**
 * A connection within a connection: what the client sends goes out in sealed records, and only what opens comes in.
 * All bodies of one turn of the loop share a record. Anything else than the server's next record ends it. For Node.
 *
 * Its life: unproven (nothing sent) → proven (the first record, with the login, has gone) → ended by us or by the server
 * → over. An end that neither side has announced inside the session is a cut, and told as a loss.
 */
import {
  type RecordOpener,
  type RecordSealer,
  type RecordType,
  recordPlaintextBytesMax,
  recordType,
} from '../security/records.ts'
import type { Secret } from '../security/secret.ts'
import type { LoginTicket } from './answer.ts'
import { ParleyError } from './errors.ts'
import { bodyDecoder, encodeFrames, type FrameForm, splitFrames } from './frames.ts'
import type { SealedChannel } from './sealed-channel.ts'
import type { SealedSession } from './sealing-options.ts'
import type { Transport, TransportEvents } from './transport.ts'

/** What the handshake leaves to the session. */
export interface SealedTransportOptions {
  readonly inner: Transport
  /** How messages stand in a record. */
  readonly form: FrameForm
  readonly frameBytesMax: number
  readonly sealer: RecordSealer
  readonly opener: RecordOpener
  /** The first record: the frame with the login, behind what proves us. */
  prove(frame: Uint8Array): Uint8Array
  readonly session: SealedSession
  readonly offerNonce: string
  readonly resumedUser: string | undefined
  readonly signingKey: Secret
  keepTicket(ticket: LoginTicket, userId: string): void
}

/** UTF-8 has at most 3 bytes a UTF-16 unit, GB18030 at most 4. */
const bytesPerUnitMax = 4

/** See the head of the file. It tells its owner, and is told by the connection below, by the same interface. */
export class SealedTransport implements SealedChannel, TransportEvents {
  readonly #options: SealedTransportOptions
  readonly #events: TransportEvents
  readonly #decode: (bytes: Uint8Array) => string | undefined
  #life: 'unproven' | 'proven' | 'ending' | 'ended' | 'over' = 'unproven'
  /** Bodies of this turn that are not yet sealed, and their size in UTF-16 units. */
  #batch: string[] = []
  #batchUnits = 0
  #error: ParleyError | undefined

  constructor(options: SealedTransportOptions, events: TransportEvents) {
    this.#options = options
    this.#events = events
    this.#decode = bodyDecoder(options.form.charset)
  }

  get session(): SealedSession {
    return this.#options.session
  }

  get offerNonce(): string {
    return this.#options.offerNonce
  }

  get resumedUser(): string | undefined {
    return this.#options.resumedUser
  }

  get signingKey(): Secret {
    return this.#options.signingKey
  }

  get isProven(): boolean {
    return this.#life !== 'unproven'
  }

  keepTicket(ticket: LoginTicket, userId: string): void {
    this.#options.keepTicket(ticket, userId)
  }

  get unsentBytes(): number {
    return this.#batchUnits + this.#options.inner.unsentBytes
  }

  send(body: string): void {
    switch (this.#life) {
      case 'unproven':
        // By itself: the record that proves us holds exactly one message.
        this.#life = 'proven'
        this.#seal(recordType.finish, this.#options.prove(encodeFrames([body], this.#options.form)))
        return
      case 'proven':
        if (this.#batch.length === 0) queueMicrotask(() => this.#flush())
        this.#batch.push(body)
        this.#batchUnits += body.length + 2
        return
      case 'ending':
      case 'ended':
      case 'over':
        return
    }
  }

  end(): void {
    if (this.#life === 'proven') {
      this.#flush()
      this.#seal(recordType.close)
    }
    if (this.#life === 'unproven' || this.#life === 'proven') this.#life = 'ending'
    this.#options.inner.end()
  }

  destroy(): void {
    if (this.#life !== 'over') this.#life = 'ending'
    this.#options.inner.destroy()
  }

  // What the connection below tells.

  body(text: string): void {
    if (this.#life === 'ended' || this.#life === 'over' || this.#error !== undefined) return
    const record = Buffer.from(text, 'base64')
    // Node's decoder skips what it does not know; only a canonical text comes out again as it was.
    const opened = record.toString('base64') === text ? this.#options.opener.open(record) : undefined
    if (opened === undefined) {
      this.#fail(this.#options.opener.problem ?? 'a record is no base64')
      return
    }
    switch (opened.type) {
      case recordType.data:
        this.#deliver(opened.plaintext)
        return
      case recordType.close:
        this.#life = 'ended'
        this.#options.inner.end()
        return
      case recordType.heartbeat:
      case recordType.keyUpdate:
      case recordType.finish:
        return
    }
  }

  fault(error: ParleyError): void {
    this.#fail(error.message)
  }

  drained(): void {
    this.#events.drained()
  }

  closed(cause: unknown): void {
    if (this.#life === 'over') return
    const wasEnded = this.#life === 'ended' || this.#life === 'ending'
    this.#life = 'over'
    const cut = cause ?? new Error('it was cut, the server has not ended it')
    this.#events.closed(this.#error ?? (wasEnded ? undefined : cut))
  }

  // Records.

  #flush(): void {
    if (this.#life !== 'proven' || this.#batch.length === 0) return
    const bodies = this.#batch
    const units = this.#batchUnits
    this.#batch = []
    this.#batchUnits = 0
    const { form } = this.#options
    if (bodies.length === 1 || units * bytesPerUnitMax <= recordPlaintextBytesMax) {
      this.#seal(recordType.data, encodeFrames(bodies, form))
      return
    }
    const frames = bodies.map((body) => encodeFrames([body], form))
    for (const plaintext of packed(frames)) this.#seal(recordType.data, plaintext)
  }

  #seal(type: RecordType, plaintext?: Uint8Array): void {
    const { sealer, inner } = this.#options
    if (sealer.keyUpdateDue) inner.send(sealer.seal(recordType.keyUpdate).toString('base64'))
    inner.send(sealer.seal(type, plaintext).toString('base64'))
  }

  #deliver(plaintext: Buffer): void {
    const { form, frameBytesMax } = this.#options
    const bodies = splitFrames(plaintext, { start: form.startByte, end: form.endByte })
    if (bodies === undefined) {
      this.#fail('a record does not hold whole messages')
      return
    }
    for (const body of bodies) {
      const text = this.#decode(body)
      if (text === undefined) {
        this.#fail(`a message is not valid ${form.charset}`)
        return
      }
      if (body.length <= frameBytesMax) this.#events.body(text)
      else
        this.#events.fault(
          new ParleyError('frame_too_large', { message: 'A message from the server is too long; it was skipped.' }),
        )
    }
  }

  /** What came is not from the server: nothing of it, nor after it, counts. */
  #fail(reason: string): void {
    if (this.#error !== undefined) return
    this.#error = new ParleyError('sealing_failed', {
      message: `The sealed session was disturbed and ended: ${reason}.`,
    })
    this.#options.inner.destroy()
  }
}

/** Puts frames together, in order, into plaintexts of at most the size of a record; a longer frame is alone. */
function packed(frames: readonly Buffer[]): Buffer[] {
  const plaintexts: Buffer[] = []
  let group: Buffer[] = []
  let bytes = 0
  for (const frame of frames) {
    if (group.length > 0 && bytes + frame.length > recordPlaintextBytesMax) {
      plaintexts.push(Buffer.concat(group, bytes))
      group = []
      bytes = 0
    }
    group.push(frame)
    bytes += frame.length
  }
  plaintexts.push(Buffer.concat(group, bytes))
  return plaintexts
}
