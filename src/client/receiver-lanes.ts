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

/** What waits for one receiver. */
interface Lane {
  /** The end of the last message that holds those behind it. */
  tail: Promise<void>
  waitingCount: number
}

/** See the head of the file. */
export class ReceiverLanes {
  readonly #limits: LaneLimits
  readonly #lanes = new Map<string, Lane>()
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
    const lane = this.#lanes.get(message.to)
    if (lane === undefined && !message.holds) return send(0)
    if (lane !== undefined) this.#checkRoom(message)
    const result = lane === undefined ? send(0) : this.#afterTurn(message, lane, send)
    if (message.holds) this.#hold(message.to, Promise.all([lane?.tail, settled(result)]))
    return result
  }

  async #afterTurn<Result>(
    message: LaneMessage,
    lane: Lane,
    send: (waitedMs: number) => Promise<Result>,
  ): Promise<Result> {
    const began = performance.now()
    this.#count(lane, 1, message.size)
    try {
      await inTime(lane.tail, message.timeoutMs)
    } catch (error) {
      this.#count(lane, -1, message.size)
      throw error
    }
    // Sent before the lane can be given up: what is sent from now on still comes behind it.
    const result = send(performance.now() - began)
    this.#count(lane, -1, message.size)
    return result
  }

  #count(lane: Lane, count: 1 | -1, size: number): void {
    lane.waitingCount += count
    this.#waitingCount += count
    this.#waitingSize += count * size
  }

  /** Those behind wait for this end, too; with the last of them the lane goes. */
  #hold(to: string, end: Promise<unknown>): void {
    const lane = this.#lanes.get(to) ?? { tail: Promise.resolve(), waitingCount: 0 }
    this.#lanes.set(to, lane)
    const tail = end.then(() => {
      if (lane.tail === tail) this.#giveUp(to, lane)
    })
    lane.tail = tail
  }

  /** Those that waited for the last end go on in the turns after it. */
  #giveUp(to: string, lane: Lane): void {
    const { tail } = lane
    const look = (): void => {
      if (lane.tail !== tail || this.#lanes.get(to) !== lane) return
      if (lane.waitingCount === 0) this.#lanes.delete(to)
      else queueMicrotask(look)
    }
    look()
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
