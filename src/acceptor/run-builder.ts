/**
 * Gathers frames of one session to one user into runs, so that many cross between threads as one record. A
 * frame that already names its sender is passed on untouched, in place; into any other the true `FromUserId` is
 * written. Runs on: the acceptor thread.
 */
import type { RelayRun } from '../mailbox/router-codec.ts'
import type { Delimiters } from '../protocol/delimiters.ts'
import type { EnvelopeReader } from '../protocol/envelope-reader.ts'
import type { Connection, Session } from './connection.ts'

/** A checked frame to a user: its body is `bytes[start, end)`, with the delimiters around it. */
export interface CheckedFrame {
  readonly connection: Connection
  readonly session: Session
  /** Has just read this frame. */
  readonly envelope: EnvelopeReader
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

const fieldHead = Buffer.from('"FromUserId":', 'latin1')
const COMMA = 0x2c
const nullBytes = 4
const scratchBytes = 65_536

/** See the head of the file. */
export class RunBuilder {
  readonly #delimiters: Delimiters
  readonly #send: (run: RelayRun) => void
  /** Where frames are written into which the sender had to be put. */
  #scratch: Buffer = Buffer.allocUnsafe(scratchBytes)
  #scratchUsed = 0
  #count = 0
  #connection = 0
  #to: Buffer = Buffer.alloc(0)
  #bytes: Buffer = this.#scratch
  #start = 0
  #end = 0

  constructor(delimiters: Delimiters, send: (run: RelayRun) => void) {
    this.#delimiters = delimiters
    this.#send = send
  }

  /** Adds a frame to the run, after sending the run that it does not continue. */
  add(frame: CheckedFrame): void {
    const { envelope, connection } = frame
    let { bytes } = frame
    let start = frame.start - 1
    let end = frame.end + 1
    if (!envelope.hasFrom()) {
      end = this.#writeWithSender(frame)
      bytes = this.#scratch
      start = this.#scratchUsed
      this.#scratchUsed = end
    }
    const wantsAnswer = envelope.hasCallbackId()
    if (this.#count > 0 && !wantsAnswer && bytes === this.#bytes && start === this.#end && envelope.isTo(this.#to)) {
      this.#end = end
      this.#count++
      return
    }
    this.#sendRun()
    if (!envelope.isTo(this.#to)) this.#to = Buffer.from(envelope.to(), 'utf8')
    this.#connection = connection.id
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#count = 1
    if (wantsAnswer) this.#sendRun(envelope.callbackId())
  }

  /** Sends what was gathered; the bytes of the chunk are free afterwards. */
  flush(): void {
    this.#sendRun()
    this.#scratchUsed = 0
    if (this.#scratch.length > scratchBytes) this.#scratch = Buffer.allocUnsafe(scratchBytes)
  }

  /** A copy of a frame with its true sender, for requests that are passed on. */
  frameWithSender(frame: Omit<CheckedFrame, 'connection'>): Buffer {
    if (frame.envelope.hasFrom()) return Buffer.from(frame.bytes.subarray(frame.start - 1, frame.end + 1))
    const end = this.#writeWithSender(frame)
    return Buffer.from(this.#scratch.subarray(this.#scratchUsed, end))
  }

  #sendRun(callbackId?: string): void {
    if (this.#count === 0) return
    this.#send({
      connection: this.#connection,
      count: this.#count,
      to: this.#to,
      callbackId,
      bytes: this.#bytes,
      start: this.#start,
      end: this.#end,
    })
    this.#count = 0
  }

  /** Writes the frame with its sender at the end of the scratch bytes; gives the offset after it. */
  #writeWithSender(frame: Omit<CheckedFrame, 'connection'>): number {
    const { session, envelope, bytes, start, end } = frame
    const splice = envelope.fromSplice()
    const bytesMax = end - start + 2 + fieldHead.length + session.nameJson.length + 1
    if (this.#scratchUsed + bytesMax > this.#scratch.length) {
      // A run that lies in the old scratch bytes keeps them; this frame then begins a new run.
      this.#scratch = Buffer.allocUnsafe(Math.max(scratchBytes, bytesMax))
      this.#scratchUsed = 0
    }
    const scratch = this.#scratch
    let at = this.#scratchUsed
    scratch[at++] = this.#delimiters.start
    at += bytes.copy(scratch, at, start, splice.at)
    if (splice.isNull) {
      at += session.nameJson.copy(scratch, at)
      at += bytes.copy(scratch, at, splice.at + nullBytes, end)
    } else {
      at += fieldHead.copy(scratch, at)
      at += session.nameJson.copy(scratch, at)
      scratch[at++] = COMMA
      at += bytes.copy(scratch, at, splice.at, end)
    }
    scratch[at++] = this.#delimiters.end
    return at
  }
}
