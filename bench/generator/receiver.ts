/** One receiving client: checks every frame by the numbers at the place that it has learned, and some in full. */
import { StreamVerifier } from '../verifier.ts'
import { filler, fillerAt, findMark, isMark, readSender, readSequence } from './frame.ts'
import type { FrameHandler } from './frame-reader.ts'
import type { RawConnection } from './raw-connection.ts'
import type { Complaints } from './work.ts'

/** One frame in so many is compared in full. */
const fullCheckEvery = 64

/** Who receives, and what. */
export interface ReceiverOptions {
  /** The number of the only sender that may write here. */
  readonly senderNumber: number
  /** Characters of a text. */
  readonly size: number
  readonly complaints: Complaints
  /** Called for each message that arrived for the first time. */
  readonly arrived: (sequence: number) => void
  /** Gets every message, also one that came again; the bytes are valid only during the call. */
  readonly took?: FrameHandler
  /** Gets what is no message; says whether it has dealt with it, else the connection does. */
  readonly other?: (bytes: Buffer, start: number, end: number) => boolean
}

/** A client that receives. */
export class Receiver {
  readonly stream: StreamVerifier = new StreamVerifier()
  readonly #connection: RawConnection
  readonly #options: ReceiverOptions
  readonly #filler: Buffer
  #markAt = 0

  constructor(connection: RawConnection, options: ReceiverOptions) {
    this.#connection = connection
    this.#options = options
    this.#filler = Buffer.from(filler(options.size))
    connection.handler = (bytes, start, end) => this.#read(bytes, start, end)
    connection.onLost = () => options.complaints.add('the connection of a receiver was closed')
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #read(bytes: Buffer, start: number, end: number): void {
    let mark = start + this.#markAt
    // Behind a short frame may be what is left of an older one, which still looks like a message.
    if (mark >= end || !isMark(bytes, mark)) {
      mark = findMark(bytes, start, end)
      if (mark === -1) {
        this.#readOther(bytes, start, end)
        return
      }
      this.#markAt = mark - start
    }
    const sequence = readSequence(bytes, mark)
    const isMeant = readSender(bytes, mark) === this.#options.senderNumber
    if (!isMeant || (sequence % fullCheckEvery === 0 && !this.#isWhole(bytes, end, mark))) {
      this.stream.arriveForeign()
      this.#options.complaints.add(`foreign: ${bytes.toString('utf8', start + 1, end - 1)}`)
      return
    }
    this.#options.took?.(bytes, start, end)
    if (this.stream.arrive(sequence)) this.#options.arrived(sequence)
  }

  #isWhole(bytes: Buffer, end: number, mark: number): boolean {
    const from = fillerAt(mark)
    const to = from + this.#filler.length
    return this.#filler.compare(bytes, from, to) === 0 && findMark(bytes.subarray(to, end), 0, end - to) === -1
  }

  #readOther(bytes: Buffer, start: number, end: number): void {
    if (this.#options.other?.(bytes, start, end) === true) return
    const complaint = this.#connection.answerControl(bytes, start, end)
    if (complaint !== undefined) this.#options.complaints.add(complaint)
  }
}
