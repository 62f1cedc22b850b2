/** One client that sends messages to somebody who is away, and counts each when its answer says that it is stored. */
import { StreamVerifier } from '../verifier.ts'
import { now } from './clock.ts'
import type { TimeRecorder } from './distribution.ts'
import type { MessageShape, Route } from './frame.ts'
import type { RawConnection } from './raw-connection.ts'
import { RequestBatch } from './request-batch.ts'
import { type AnswerReader, notAnAnswer, refused } from './wires/storing.ts'
import type { Complaints } from './work.ts'

/** The most messages of one write. */
const batchMax = 256
/** One answer in so many is timed. */
const timeEvery = 4

/** What a sender works with. */
export interface StoringSenderOptions {
  readonly shape: MessageShape
  /** Messages in flight at most: sent and not yet answered. */
  readonly window: number
  /** Messages in all. */
  readonly limit: number
  readonly complaints: Complaints
  /** Gets the time of answers from when it is there. */
  readonly times: () => TimeRecorder | undefined
  /** Called after answers have come, with their number. */
  readonly answered: (count: number) => void
}

/** A client that sends. */
export class StoringSender {
  /** Messages given to the socket. */
  sent = 0
  /** Answers; they may come in any order. */
  readonly answers: StreamVerifier = new StreamVerifier()
  readonly #connection: RawConnection
  readonly #options: StoringSenderOptions
  readonly #batch: RequestBatch
  readonly #readAnswer: AnswerReader
  readonly #isCumulative: boolean
  /** When a message was sent, by its number modulo the length. */
  readonly #sentMs: Float64Array
  /** The first number without an answer. */
  #expected = 0
  #owed = 0
  #isWriting = false
  readonly #written = (): void => {
    this.#isWriting = false
    if (this.#owed > 0) this.flush()
  }

  constructor(connection: RawConnection, route: Route, options: StoringSenderOptions) {
    const { storing } = connection.wire
    if (storing === undefined) throw new Error('nothing is stored over this wire')
    this.#connection = connection
    this.#options = options
    this.#batch = new RequestBatch(connection.wire, route, {
      shape: options.shape,
      capacity: Math.min(batchMax, options.window),
    })
    this.#readAnswer = storing.makeAnswerReader()
    this.#isCumulative = storing.isCumulative
    this.#sentMs = new Float64Array(options.window)
    connection.handler = (bytes, start, end) => this.#read(bytes, start, end)
    connection.onLost = () => options.complaints.add(`the connection of ${route.fromUserId} was closed`)
  }

  /** Owes so many more messages; {@link flush} sends them. */
  owe(count: number): void {
    this.#owed = Math.min(this.#owed + count, this.#options.limit - this.sent)
  }

  /** Forgets what is owed. */
  forget(): void {
    this.#owed = 0
  }

  /** Sends what is owed, now or as soon as the write under way is done. */
  flush(): void {
    if (this.#isWriting || this.#owed === 0) return
    const count = Math.min(this.#owed, this.#batch.capacity)
    const bytes = this.#batch.number(this.sent, count)
    const at = now()
    for (let index = 0; index < count; index++) this.#sentMs[(this.sent + index) % this.#sentMs.length] = at
    this.#owed -= count
    this.sent += count
    this.#isWriting = true
    this.#connection.write(bytes, this.#written)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #read(bytes: Buffer, start: number, end: number): void {
    const sequence = this.#readAnswer(bytes, start, end, this.#expected)
    if (sequence === notAnAnswer) {
      const complaint = this.#connection.answerControl(bytes, start, end)
      if (complaint !== undefined) this.#options.complaints.add(complaint)
      return
    }
    if (sequence === refused) {
      this.#options.complaints.add(`not stored: ${bytes.toString('utf8', start, end)}`)
      return
    }
    const first = this.#isCumulative ? this.#expected : sequence
    let count = 0
    for (let one = first; one <= sequence; one++) if (this.#answer(one)) count++
    if (count > 0) this.#options.answered(count)
  }

  #answer(sequence: number): boolean {
    if (sequence >= this.sent || !this.answers.arrive(sequence)) return false
    if (sequence >= this.#expected) this.#expected = sequence + 1
    if (sequence % timeEvery === 0) {
      this.#options.times()?.record(now() - (this.#sentMs[sequence % this.#sentMs.length] ?? 0))
    }
    return true
  }
}
