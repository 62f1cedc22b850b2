/** A user that writes to many others and reads what they write: a frame for every receiver, encoded at first use. */
import {
  filler,
  fillerAt,
  findMark,
  isMark,
  type MessageShape,
  readSender,
  readSequence,
  sequenceAt,
  writeSequence,
} from './frame.ts'
import type { RawConnection } from './raw-connection.ts'
import type { Complaints } from './work.ts'

const batchBytesMax = 64 * 1024
/** One frame in so many is compared in full. */
const fullCheckEvery = 64

/** Who it is, and who hears of it. */
export interface MeshUserOptions {
  /** The user's own number, its place in `userIds`. */
  readonly number: number
  readonly userIds: readonly string[]
  readonly shape: MessageShape
  readonly complaints: Complaints
  readonly arrived: (sender: number, sequence: number) => void
  readonly foreign: () => void
}

interface Template {
  readonly bytes: Buffer
  readonly sequenceAt: number
  /** Messages to this receiver so far. */
  sent: number
}

/** A user that sends and receives. */
export class MeshUser {
  readonly number: number
  /** Messages given to the socket. */
  sent = 0
  readonly #connection: RawConnection
  readonly #options: MeshUserOptions
  readonly #templates: (Template | undefined)[]
  readonly #filler: Buffer
  #output: Buffer = Buffer.allocUnsafe(8192)
  #owed: number[] = []
  #isWriting = false
  #markAt = 0
  readonly #written = (): void => {
    this.#isWriting = false
    if (this.owes) this.flush()
  }

  constructor(connection: RawConnection, options: MeshUserOptions) {
    this.number = options.number
    this.#connection = connection
    this.#options = options
    this.#templates = new Array<Template | undefined>(options.userIds.length).fill(undefined)
    this.#filler = Buffer.from(filler(options.shape.size))
    connection.handler = (bytes, start, end) => this.#read(bytes, start, end)
    connection.onLost = () => options.complaints.add('the connection of a user was closed')
  }

  /** Whether something waits for {@link flush}. */
  get owes(): boolean {
    return this.#owed.length > 0
  }

  /** Owes a message to a receiver. */
  owe(receiver: number): void {
    this.#owed.push(receiver)
  }

  /** Forgets what is owed. */
  forget(): void {
    this.#owed = []
  }

  /** Sends what is owed in one write, now or as soon as the write under way is done. */
  flush(): void {
    if (this.#isWriting || this.#owed.length === 0) return
    let length = 0
    let count = 0
    for (const receiver of this.#owed) {
      if (length > batchBytesMax) break
      length = this.#append(receiver, length)
      count++
    }
    this.#owed = this.#owed.slice(count)
    this.sent += count
    this.#isWriting = true
    this.#connection.write(this.#output.subarray(0, length), this.#written)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  #append(receiver: number, at: number): number {
    const template = this.#templates[receiver] ?? this.#encode(receiver)
    const end = at + template.bytes.length
    if (end > this.#output.length) {
      const larger = Buffer.allocUnsafe(2 * end)
      this.#output.copy(larger, 0, 0, at)
      this.#output = larger
    }
    template.bytes.copy(this.#output, at)
    writeSequence(this.#output, at + template.sequenceAt, template.sent++)
    return end
  }

  #encode(receiver: number): Template {
    const { number, userIds, shape } = this.#options
    const route = { number, fromUserId: userIds[number] ?? '', toUserId: userIds[receiver] ?? '' }
    const bytes = this.#connection.wire.encodeMessage(route, shape)
    const template = { bytes, sequenceAt: sequenceAt(findMark(bytes, 0, bytes.length)), sent: 0 }
    this.#templates[receiver] = template
    return template
  }

  #read(bytes: Buffer, start: number, end: number): void {
    let mark = start + this.#markAt
    // Behind a short frame may be what is left of an older one, which still looks like a message.
    if (mark >= end || !isMark(bytes, mark)) {
      mark = findMark(bytes, start, end)
      if (mark === -1) {
        const complaint = this.#connection.answerControl(bytes, start, end)
        if (complaint !== undefined) this.#options.complaints.add(complaint)
        return
      }
      this.#markAt = mark - start
    }
    const sequence = readSequence(bytes, mark)
    if (sequence % fullCheckEvery === 0 && !this.#isWhole(bytes, mark)) {
      this.#options.foreign()
      this.#options.complaints.add(`foreign: ${bytes.toString('utf8', start, end)}`)
      return
    }
    this.#options.arrived(readSender(bytes, mark), sequence)
  }

  #isWhole(bytes: Buffer, mark: number): boolean {
    const from = fillerAt(mark)
    return this.#filler.compare(bytes, from, from + this.#filler.length) === 0
  }
}
