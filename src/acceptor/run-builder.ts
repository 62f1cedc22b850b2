/**
 * Gathers frames of one session to one user into runs, so that many cross between threads as one record. A
 * frame that already names its sender is passed on untouched, in place; into any other the true `FromUserId` is
 * written. Runs on: the acceptor thread.
 */
import { messageKeyBytes } from '../mailbox/message-key.ts'
import type { RelayRun } from '../mailbox/router-codec.ts'
import type { Connection, Session } from './connection.ts'

/** Where a frame goes, what has to be written into it, and whether an answer is wanted. Valid for one frame. */
export interface Addressing {
  /** The receiver's name as UTF-8 is `to[toStart, toEnd)`. */
  readonly to: Buffer
  readonly toStart: number
  readonly toEnd: number
  /** The offset within the body at which the true sender has to be written; undefined when the frame names it. */
  readonly senderAt: number | undefined
  /** Whether a `null` stands there, which the sender replaces. */
  readonly senderIsNull: boolean
  readonly callbackId: string | undefined
  /** Whether the message is for who is there now, and for nobody else. */
  readonly isVolatile: boolean
  /** By which a repeat of the message is known, see `mailbox/message-key.ts`; undefined when it has no id. */
  readonly key: Buffer | undefined
}

/** A frame: its body is `bytes[start, end)`, with the delimiters around it. */
export interface FrameBytes {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

const nullBytes = 4
const none: readonly string[] = []
const scratchBytes = 65_536

/** See the head of the file. */
export class RunBuilder {
  readonly #send: (run: RelayRun) => void
  /** Where frames are written into which the sender had to be put. */
  #scratch: Buffer = Buffer.allocUnsafe(scratchBytes)
  #scratchUsed = 0
  #count = 0
  #callbackIds: string[] = []
  #isVolatile = false
  #asks = false
  /** The keys of the run, one after the other. */
  #keys: Buffer = Buffer.allocUnsafe(messageKeyBytes * 64)
  #hasKeys = false
  #connection = 0
  #to: Buffer = this.#scratch
  #toStart = 0
  #toEnd = 0
  #bytes: Buffer = this.#scratch
  #start = 0
  #end = 0

  constructor(send: (run: RelayRun) => void) {
    this.#send = send
  }

  /** Adds a checked frame to the run, after sending the run that it does not continue. */
  add(connection: Connection, session: Session, how: Addressing, frame: FrameBytes): void {
    let { bytes } = frame
    let start = frame.start - 1
    let end = frame.end + 1
    if (how.senderAt !== undefined) {
      end = this.#writeWithSender(session, how.senderAt, how.senderIsNull, frame)
      bytes = this.#scratch
      start = this.#scratchUsed
      this.#scratchUsed = end
    }
    if (this.#count > 0 && bytes === this.#bytes && start === this.#end && this.#isLike(how) && this.#isTo(how)) {
      this.#end = end
      this.#count++
    } else {
      this.#sendRun()
      this.#to = how.to
      this.#toStart = how.toStart
      this.#toEnd = how.toEnd
      this.#connection = connection.id
      this.#bytes = bytes
      this.#start = start
      this.#end = end
      this.#count = 1
      this.#isVolatile = how.isVolatile
      this.#asks = how.callbackId !== undefined
      this.#hasKeys = how.key !== undefined
    }
    if (how.key !== undefined) this.#addKey(how.key)
    if (how.callbackId !== undefined) this.#callbackIds.push(how.callbackId)
  }

  /** In a run all messages have ids or none has, and so for answers and for being volatile: then each is told by its place. */
  #isLike(how: Addressing): boolean {
    return (
      how.isVolatile === this.#isVolatile &&
      (how.callbackId !== undefined) === this.#asks &&
      (how.key !== undefined) === this.#hasKeys
    )
  }

  #addKey(key: Buffer): void {
    const at = (this.#count - 1) * messageKeyBytes
    if (at === this.#keys.length) this.#keys = Buffer.concat([this.#keys, this.#keys])
    key.copy(this.#keys, at)
  }

  /** Whether the run goes to the same receiver. Names are short: a loop is faster than a native call. */
  #isTo(how: Addressing): boolean {
    const length = how.toEnd - how.toStart
    if (length !== this.#toEnd - this.#toStart) return false
    for (let index = 0; index < length; index++) {
      if (how.to[how.toStart + index] !== this.#to[this.#toStart + index]) return false
    }
    return true
  }

  /** Sends what was gathered; the bytes of the chunk are free afterwards. */
  flush(): void {
    this.#sendRun()
    this.#scratchUsed = 0
    if (this.#scratch.length > scratchBytes) this.#scratch = Buffer.allocUnsafe(scratchBytes)
  }

  /** A copy of a frame with its true sender, for requests that are passed on. */
  frameWithSender(session: Session, how: Addressing, frame: FrameBytes): Buffer {
    if (how.senderAt === undefined) return Buffer.from(frame.bytes.subarray(frame.start - 1, frame.end + 1))
    const end = this.#writeWithSender(session, how.senderAt, how.senderIsNull, frame)
    return Buffer.from(this.#scratch.subarray(this.#scratchUsed, end))
  }

  #sendRun(): void {
    if (this.#count === 0) return
    // The receiver of the run may keep the list: it is given away.
    const callbackIds = this.#callbackIds.length > 0 ? this.#callbackIds : none
    if (callbackIds !== none) this.#callbackIds = []
    this.#send({
      connection: this.#connection,
      count: this.#count,
      to: this.#to,
      toStart: this.#toStart,
      toEnd: this.#toEnd,
      callbackIds,
      isVolatile: this.#isVolatile,
      keys: this.#hasKeys ? this.#keys.subarray(0, this.#count * messageKeyBytes) : undefined,
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
