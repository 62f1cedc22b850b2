/**
 * The sealed form: a layer beneath one of the others. It splits the stream into records, opens them, and feeds the plaintext to
 * the form that it wraps; what that form would write is sealed. It owns the record keys of the connection. Whatever fails ends
 * the session without a word on the wire: the owner is told by `broken`, and nothing more is read or written.
 *
 * When the sink says stop within a record, the rest of the plaintext is kept here, and the last byte of the record counts as
 * not consumed: the owner comes back with it, as with any chunk that it could not take as a whole.
 *
 * Runs on: the acceptor thread.
 */
import type { Delimiters } from '../protocol/delimiters.ts'
import { type ClientProof, readClientProof } from '../security/client-proof.ts'
import type { SessionKeys } from '../security/key-schedule.ts'
import { RecordOpener, RecordSealer, recordPlaintextBytesMax, recordType } from '../security/records.ts'
import type { SuiteNumber } from '../security/suites.ts'
import { type RecordFraming, type RecordSink, recordFraming, type StreamFault } from './record-framing.ts'
import type { FormSink, InnerForm, WireForm } from './wire-form.ts'

/** Why a record could not be taken, for the log and the counter. */
export type RecordFault =
  | StreamFault
  /** Out of order, replayed, of another session, changed on the way, of a type that has no place there. */
  | 'not_opened'
  /** The first record holds no proof, or more than one frame behind it. */
  | 'bad_finish'
  /** The plaintext is not whole frames and nothing else. */
  | 'not_whole_frames'
  /** Something came behind the record that ends the session. */
  | 'after_close'

/** What a sealed form tells its owner, within `read`. */
export interface SealedEvents {
  /** The client's proof has come, and its login follows. False when it is wrong: nothing more is read. */
  proven(proof: ClientProof): boolean
  /** The session must end without a word. */
  broken(fault: RecordFault): void
  /** The client has ended the session, and means it. */
  farewell(): void
}

/** What a connection is sealed with. */
export interface Seal {
  readonly suite: SuiteNumber
  readonly keys: SessionKeys
  readonly events: SealedEvents
}

/** The client's MAC, a length, and a signature by the largest key that is taken, of 4096 bits. */
const proofBytesMax = 32 + 2 + 512
/** Delimiters, or a length. */
const frameBytesMax = 4

// Memory that is used again stays in the caches of the processor. Both are free again when the call that wrote there returns.
/** A record that is copied into its framing at once. */
const recordScratch: Buffer = Buffer.allocUnsafeSlow(recordPlaintextBytesMax + 256)
/** The plaintext of a record whose frames are read at once. */
const plaintextScratch: Buffer = Buffer.allocUnsafeSlow(recordPlaintextBytesMax)

/** What the next record may be. */
type Phase = 'proof' | 'messages' | 'over'

/** See the head of the file. */
export class SealedForm implements WireForm, RecordSink {
  readonly #inner: InnerForm
  readonly #events: SealedEvents
  readonly #opener: RecordOpener
  readonly #sealer: RecordSealer
  readonly #framing: RecordFraming
  /** Passes frames on to the sink of the chunk, and lets nothing else through. */
  readonly #frames: FormSink = {
    frame: (bytes, start, end) => this.#onFrame(bytes, start, end),
    noise: () => this.#break('not_whole_frames'),
    truncated: () => this.#break('not_whole_frames'),
    tooLarge: () => this.#sink?.tooLarge(),
  }
  #phase: Phase = 'proof'
  #isSaidGoodbye = false
  #sink: FormSink | undefined
  /** The plaintext that is left of a record whose last byte was not consumed. */
  #rest: Buffer | undefined
  /** Whether the sink takes more. */
  #goesOn = true

  constructor(inner: InnerForm, delimiters: Delimiters, { suite, keys, events }: Seal) {
    this.#inner = inner
    this.#events = events
    this.#opener = new RecordOpener({ suite, sender: 'client', keys })
    this.#sealer = new RecordSealer({ suite, sender: 'server', keys })
    this.#framing = recordFraming(inner.framing, delimiters, this)
    this.#framing.recordBytesMax = this.#sealer.recordLength(proofBytesMax + inner.bodyBytesMax + frameBytesMax)
  }

  get bodyBytesMax(): number {
    return this.#inner.bodyBytesMax
  }

  /** Raised at the login: from then on records may be as long as they get. */
  set bodyBytesMax(bytes: number) {
    this.#inner.bodyBytesMax = bytes
    this.#framing.recordBytesMax = this.#sealer.recordLength(Math.max(recordPlaintextBytesMax, bytes + frameBytesMax))
  }

  // Reading

  read(chunk: Buffer, sink: FormSink): number {
    this.#sink = sink
    this.#goesOn = true
    let consumed = 0
    const rest = this.#rest
    if (rest !== undefined) {
      this.#readInner(rest)
      if (this.#rest !== undefined) return 0
      // The byte that stood for the rest.
      consumed = 1
    }
    if (this.#goesOn && this.#phase !== 'over') {
      consumed += this.#framing.push(consumed === 0 ? chunk : chunk.subarray(consumed))
      if (this.#rest !== undefined) consumed--
    }
    this.#sink = undefined
    // What follows an end is of no interest to anybody.
    return this.#phase === 'over' ? chunk.length : consumed
  }

  record(bytes: Buffer): boolean {
    if (this.#phase === 'over') return false
    // What a login holds is kept longer than until the next record.
    const opened = this.#opener.open(bytes, bytes[0] === recordType.data ? plaintextScratch : undefined)
    if (opened === undefined) return this.#break('not_opened')
    switch (opened.type) {
      case recordType.finish:
        return this.#onFinish(opened.plaintext)
      case recordType.data:
        // An empty record is no message.
        if (opened.plaintext.length === 0) return this.#break('not_whole_frames')
        return this.#readInner(opened.plaintext)
      case recordType.heartbeat:
      case recordType.keyUpdate:
        return true
      case recordType.close:
        this.#phase = 'over'
        this.#events.farewell()
        return false
      default:
        opened.type satisfies never
        return false
    }
  }

  broken(fault: StreamFault): void {
    this.#break(fault)
  }

  #onFinish(plaintext: Buffer): boolean {
    const proof = readClientProof(plaintext)
    // One frame: its end is the end of the record.
    if (proof === undefined || this.#inner.cut(proof.frame, 0, 1) !== proof.frame.length) {
      return this.#break('bad_finish')
    }
    if (!this.#events.proven(proof)) {
      this.#phase = 'over'
      return false
    }
    this.#phase = 'messages'
    return this.#readInner(proof.frame)
  }

  /** Gives the frames of a record, or of what is left of one, to the sink. False when it takes no more. */
  #readInner(plaintext: Buffer): boolean {
    this.#rest = undefined
    this.#sink?.stable?.(plaintext)
    const consumed = this.#inner.read(plaintext, this.#frames)
    this.#sink?.unstable?.()
    if (this.#phase === 'over') return false
    // A copy: other records come to lie there before it is read on.
    if (consumed < plaintext.length) this.#rest = Buffer.from(plaintext.subarray(consumed))
    else if (this.#inner.isInFrame()) return this.#break('not_whole_frames')
    return this.#goesOn
  }

  #onFrame(bytes: Buffer, start: number, end: number): boolean {
    if (this.#phase === 'over') return false
    this.#goesOn = this.#sink?.frame(bytes, start, end) ?? false
    return this.#goesOn
  }

  #break(fault: RecordFault): false {
    if (this.#phase !== 'over') {
      this.#phase = 'over'
      this.#rest = undefined
      this.#events.broken(fault)
    }
    this.#goesOn = false
    return false
  }

  // Writing

  encode(frames: Buffer): Buffer {
    const plaintext = this.#inner.encode(frames)
    if (plaintext.length > recordPlaintextBytesMax || this.#sealer.keyUpdateDue) {
      return this.#framing.join(this.#sealAll(plaintext))
    }
    return this.#framing.join([this.#sealer.seal(recordType.data, plaintext, recordScratch)])
  }

  /** Seals whole frames, as few records as may be, cut where frames end. Whoever gets records must send them, in their order. */
  seal(frames: Buffer): Buffer[] {
    return this.#sealAll(this.#inner.encode(frames))
  }

  #sealAll(plaintext: Buffer): Buffer[] {
    const records: Buffer[] = []
    let at = 0
    while (at < plaintext.length) {
      const end =
        plaintext.length - at <= recordPlaintextBytesMax
          ? plaintext.length
          : this.#inner.cut(plaintext, at, recordPlaintextBytesMax)
      if (this.#sealer.keyUpdateDue) records.push(this.#sealer.seal(recordType.keyUpdate))
      records.push(this.#sealer.seal(recordType.data, plaintext.subarray(at, end)))
      at = end
    }
    return records
  }

  /** The record that ends the session, as it goes over the wire; undefined when it was given before. */
  goodbye(): Buffer | undefined {
    const record = this.goodbyeRecord()
    return record === undefined ? undefined : this.#framing.join([record])
  }

  /** The same, without the framing. */
  goodbyeRecord(): Buffer | undefined {
    if (this.#isSaidGoodbye) return undefined
    this.#isSaidGoodbye = true
    return this.#sealer.seal(recordType.close)
  }
}
