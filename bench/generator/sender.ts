/** One sending client: numbers its messages, has one write under way at a time, and reads the answers. */
import { StreamVerifier } from '../verifier.ts'
import {
  type Encode,
  FrameBatch,
  type FrameSource,
  findCallback,
  type MessageShape,
  type Route,
  readCallback,
} from './frame.ts'
import type { RawConnection } from './raw-connection.ts'
import type { Complaints } from './work.ts'

/** The most messages of one write. */
const batchMax = 256

/** A client that sends. */
export class Sender {
  /** Messages given to the socket. */
  sent = 0
  /** Answers, verified like messages; the order of answers is free. */
  readonly answers: StreamVerifier = new StreamVerifier()
  readonly #connection: RawConnection
  readonly #frames: FrameSource
  readonly #complaints: Complaints
  #owed = 0
  #isWriting = false
  #callbackAt = 0
  #goodBytes = 0
  /** What a good answer says. */
  readonly #goodWord: string
  readonly #answered: ((sequence: number) => void) | undefined
  readonly #written = (): void => {
    this.#isWriting = false
    if (this.#owed > 0) this.flush()
  }

  constructor(
    connection: RawConnection,
    route: Route,
    options: {
      shape: MessageShape
      batchMax: number
      complaints: Complaints
      encode?: Encode
      /** Messages that are encoded already. */
      frames?: FrameSource | undefined
      /** Called for each answer. */
      answered?: (sequence: number) => void
    },
  ) {
    this.#connection = connection
    const encode = options.encode ?? connection.wire.encodeMessage
    this.#frames = options.frames ?? new FrameBatch(route, options.shape, Math.min(batchMax, options.batchMax), encode)
    this.#complaints = options.complaints
    this.#goodWord = `\\"${options.shape.status ?? 'sent'}\\"`
    this.#answered = options.answered
    connection.handler = (bytes, start, end) => this.#read(bytes, start, end)
    connection.onLost = () => options.complaints.add(`the connection of ${route.fromUserId} was closed`)
  }

  /** Owes so many more messages; {@link flush} sends them. */
  owe(count: number): void {
    this.#owed += count
  }

  /** Forgets what is owed. */
  forget(): void {
    this.#owed = 0
  }

  /** Sends what is owed, now or as soon as the write under way is done. */
  flush(): void {
    if (this.#isWriting || this.#owed === 0) return
    const left = (this.#frames.count ?? Number.POSITIVE_INFINITY) - this.sent
    const count = Math.min(this.#owed, this.#frames.capacity, left)
    if (count === 0) return
    const bytes = this.#frames.number(this.sent, count)
    this.#owed -= count
    this.sent += count
    this.#isWriting = true
    this.#connection.write(bytes, this.#written)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #read(bytes: Buffer, start: number, end: number): void {
    let at = start + this.#callbackAt
    // Behind a short frame may be what is left of an older one.
    let sequence = this.#callbackAt === 0 || at >= end ? Number.NaN : readCallback(bytes, at)
    if (Number.isNaN(sequence)) {
      at = findCallback(bytes, start, end)
      sequence = at === -1 ? Number.NaN : readCallback(bytes, at)
    }
    if (Number.isNaN(sequence)) {
      this.#readOther(bytes, start, end)
      return
    }
    this.#callbackAt = at - start
    // Answers of the same length say the same; look at the words of every one of another length, and of some.
    if (end - start !== this.#goodBytes || sequence % 64 === 0) {
      if (bytes.subarray(start, end).includes(this.#goodWord)) this.#goodBytes = end - start
      else this.#readOther(bytes, start, end)
    }
    if (this.answers.arrive(sequence)) this.#answered?.(sequence)
  }

  #readOther(bytes: Buffer, start: number, end: number): void {
    const complaint = this.#connection.answerControl(bytes, start, end)
    if (complaint !== undefined) this.#complaints.add(complaint)
  }
}
