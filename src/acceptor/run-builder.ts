/**
 * Gathers frames of one session to one user into runs, so that many cross between threads as one record. A
 * frame that already names its sender is passed on untouched, in place; into any other the true `FromUserId` is
 * written. Runs on: the acceptor thread.
 */
import type { RelayRun } from '../mailbox/router-codec.ts'
import type { EnvelopeReader } from '../protocol/envelope-reader.ts'
import type { Connection, Session } from './connection.ts'

/** Where a frame goes and what has to be written into it; the same for all frames that differ in their text only. */
export interface Addressing {
  /** The receiver's name as UTF-8. */
  readonly to: Buffer
  /** The offset within the body at which the true sender has to be written; undefined when the frame names it. */
  readonly senderAt: number | undefined
  /** Whether a `null` stands there, which the sender replaces. */
  readonly senderIsNull: boolean
}

/** A frame: its body is `bytes[start, end)`, with the delimiters around it. */
export interface FrameBytes {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

const nullBytes = 4
const scratchBytes = 65_536

/** See the head of the file. */
export class RunBuilder {
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

  constructor(send: (run: RelayRun) => void) {
    this.#send = send
  }

  /** How the frame that the envelope has just read is addressed. */
  addressing(envelope: EnvelopeReader, start: number): Addressing {
    const to = envelope.isTo(this.#to) ? this.#to : Buffer.from(envelope.to(), 'utf8')
    if (envelope.hasFrom()) return { to, senderAt: undefined, senderIsNull: false }
    const splice = envelope.fromSplice()
    return { to, senderAt: splice.at - start, senderIsNull: splice.isNull }
  }

  /**
   * Adds a checked frame to the run, after sending the run that it does not continue.
   *
   * @param callbackId given when the sender wants an answer; the frame is then a run of its own
   */
  add(connection: Connection, session: Session, how: Addressing, frame: FrameBytes, callbackId?: string): void {
    let { bytes } = frame
    let start = frame.start - 1
    let end = frame.end + 1
    if (how.senderAt !== undefined) {
      end = this.#writeWithSender(session, how.senderAt, how.senderIsNull, frame)
      bytes = this.#scratch
      start = this.#scratchUsed
      this.#scratchUsed = end
    }
    const continues = this.#count > 0 && callbackId === undefined && bytes === this.#bytes && start === this.#end
    if (continues && (how.to === this.#to || how.to.equals(this.#to))) {
      this.#end = end
      this.#count++
      return
    }
    this.#sendRun()
    this.#to = how.to
    this.#connection = connection.id
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    this.#count = 1
    if (callbackId !== undefined) this.#sendRun(callbackId)
  }

  /** Sends what was gathered; the bytes of the chunk are free afterwards. */
  flush(): void {
    this.#sendRun()
    this.#scratchUsed = 0
    if (this.#scratch.length > scratchBytes) this.#scratch = Buffer.allocUnsafe(scratchBytes)
  }

  /** A copy of a frame with its true sender, for requests that are passed on. */
  frameWithSender(session: Session, envelope: EnvelopeReader, frame: FrameBytes): Buffer {
    const { senderAt, senderIsNull } = this.addressing(envelope, frame.start)
    if (senderAt === undefined) return Buffer.from(frame.bytes.subarray(frame.start - 1, frame.end + 1))
    const end = this.#writeWithSender(session, senderAt, senderIsNull, frame)
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
  #writeWithSender(session: Session, senderAt: number, senderIsNull: boolean, frame: FrameBytes): number {
    const { bytes, start, end } = frame
    const inserted = senderIsNull ? session.nameJson : session.senderMember
    const bytesMax = end - start + 2 + inserted.length
    if (this.#scratchUsed + bytesMax > this.#scratch.length) {
      // A run that lies in the old scratch bytes keeps them; this frame then begins a new run.
      this.#scratch = Buffer.allocUnsafe(Math.max(scratchBytes, bytesMax))
      this.#scratchUsed = 0
    }
    const scratch = this.#scratch
    const rest = start + senderAt + (senderIsNull ? nullBytes : 0)
    let at = copy(bytes, start - 1, start + senderAt, scratch, this.#scratchUsed)
    at = copy(inserted, 0, inserted.length, scratch, at)
    return copy(bytes, rest, end + 1, scratch, at)
  }
}

/** Below this a loop is faster than a call of the native copy, which costs some 80 ns. */
const nativeCopyBytesMin = 48

/** Copies `from[start, end)` to `to` at an offset; gives the offset after it. */
function copy(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start >= nativeCopyBytesMin) return at + from.copy(to, at, start, end)
  let next = at
  for (let index = start; index < end; index++) to[next++] = from[index] as number
  return next
}
