/**
 * Keeps the order of messages to one receiver while one of them may be tried again: what comes after it waits until
 * it is known what became of it. Receivers do not wait for one another, nor does anything where nothing is tried again.
 */
import { ParleyError } from './errors.ts'

/** The bounds of what waits; see the options of the same names. */
export interface LaneLimits {
  readonly queuedMessagesMax: number
  readonly queuedBytesMax: number
}

/** A message that wants its turn. */
export interface LaneMessage {
  readonly to: string
  /** The size of its text. */
  readonly size: number
  /** Those behind it wait until it is done. */
  readonly holds: boolean
  /** How long it may wait for its turn; milliseconds. */
  readonly timeoutMs: number
}

/** See the head of the file. */
export class ReceiverLanes {
  readonly #limits: LaneLimits
  /** For each receiver, the end of the last message that holds those behind it. */
  readonly #tails = new Map<string, Promise<void>>()
  #waitingCount = 0
  #waitingSize = 0

  constructor(limits: LaneLimits) {
    this.#limits = limits
  }

  /**
   * Sends a message when its turn has come.
   *
   * @param send is given how many milliseconds of the time have passed
   * @throws ParleyError `queue_full`, or `timeout` when the turn does not come in time; what `send` throws
   */
  async run<Result>(message: LaneMessage, send: (waitedMs: number) => Promise<Result>): Promise<Result> {
    const tail = this.#tails.get(message.to)
    if (tail === undefined && !message.holds) return send(0)
    if (tail !== undefined) this.#checkRoom(message)
    // Behind it from now on, also behind what gives up its own turn.
    const result = tail === undefined ? send(0) : this.#afterTurn(message, tail, send)
    if (message.holds) this.#hold(message.to, Promise.all([tail, settled(result)]))
    return result
  }

  async #afterTurn<Result>(
    message: LaneMessage,
    tail: Promise<void>,
    send: (waitedMs: number) => Promise<Result>,
  ): Promise<Result> {
    const began = performance.now()
    this.#waitingCount++
    this.#waitingSize += message.size
    try {
      await inTime(tail, message.timeoutMs)
    } finally {
      this.#waitingCount--
      this.#waitingSize -= message.size
    }
    return send(performance.now() - began)
  }

  #hold(to: string, end: Promise<unknown>): void {
    const tail = end.then(() => {
      if (this.#tails.get(to) === tail) this.#tails.delete(to)
    })
    this.#tails.set(to, tail)
  }

  #checkRoom({ size }: LaneMessage): void {
    const { queuedMessagesMax, queuedBytesMax } = this.#limits
    const isFull = this.#waitingCount >= queuedMessagesMax
    if (isFull || (this.#waitingCount > 0 && this.#waitingSize + size > queuedBytesMax)) {
      throw new ParleyError('queue_full')
    }
  }
}

/** @throws ParleyError `timeout` when the promise takes longer */
async function inTime(promise: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const message = 'The message could not be sent in time; it has not left this client.'
    if (timeoutMs < 2 ** 31) timer = setTimeout(() => reject(new ParleyError('timeout', { message })), timeoutMs)
  })
  try {
    await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => {},
    () => {},
  )
}
