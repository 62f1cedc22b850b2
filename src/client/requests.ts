/**
 * The requests of a client that wait: for their turn to be sent, or for their one answer. Owns their
 * time limits and the rule of who may answer. A request's life: queued → sent → settled.
 */
import { failureIn } from './answer.ts'
import { ParleyError } from './errors.ts'
import type { IncomingMessage } from './message.ts'
import type { SealedChannel } from './sealed-channel.ts'

/** What a request is made of. */
export interface RequestOptions {
  /** The text of its envelope. */
  readonly body: string
  /** The same for the session in which it is sent, where that signs it. */
  readonly bodyFor?: ((channel: SealedChannel) => string) | undefined
  /** Undefined: no answer is asked for, and the request is settled as soon as it is sent. */
  readonly callbackId: string | undefined
  /** The user whose answer is waited for; empty: the server. */
  readonly answerer: string
  readonly timeoutMs: number
  /** Its receivers recognise it when it comes again: it is sent again when the connection is lost before its answer. */
  readonly isRepeatable?: boolean
  /** Called at most once, and then `failed` never: with the answer, or without one when none was asked for. */
  answered(message: IncomingMessage | undefined): void
  /** Called at most once, and then `answered` never. */
  failed(error: ParleyError): void
}

/** A request on its way. */
export interface Request {
  readonly options: RequestOptions
  phase: 'queued' | 'sent' | 'settled'
  /** Given to a connection at least once: nobody knows whether it arrived. */
  wasSent: boolean
  /** To a user: the server has said that it has it, and only the user's answer is waited for. */
  isTaken: boolean
  /** Counts up in the order in which requests were made. */
  readonly number: number
  readonly timer: ReturnType<typeof setTimeout> | undefined
}

/** See the head of the file. */
export class Requests {
  /** A map, since a peer chooses the ids that replies to it carry. Two replies may carry the same. */
  readonly #waiting = new Map<string, Request[]>()
  #queue = new Set<Request>()
  readonly #limits: RequestLimits
  #queuedUnits = 0
  #waitingCount = 0
  #serverWaitingCount = 0
  #count = 0

  constructor(limits: RequestLimits) {
    this.#limits = limits
  }

  /** How many are queued and not yet sent. */
  get queuedCount(): number {
    return this.#queue.size
  }

  /** Whether something is still to be sent, or the server still has to answer something. */
  get isBusy(): boolean {
    return this.#queue.size > 0 || this.#serverWaitingCount > 0
  }

  /**
   * Takes a request in; its time runs from now.
   *
   * @returns the request, or the `queue_full` error when too many wait for answers
   */
  add(options: RequestOptions): Request | ParleyError {
    if (this.#waitingCount >= this.#limits.requestsMax) return new ParleyError('queue_full')
    const { timeoutMs } = options
    // A longer time than timers can have is none.
    const timer =
      timeoutMs < 2 ** 31 ? setTimeout(() => this.#fail(request, timeoutError(request)), timeoutMs) : undefined
    const request: Request = {
      options,
      phase: 'queued',
      wasSent: false,
      isTaken: false,
      number: ++this.#count,
      timer,
    }
    const { callbackId } = options
    if (callbackId !== undefined) {
      this.#waitingCount++
      if (options.answerer === '') this.#serverWaitingCount++
      const same = this.#waiting.get(callbackId)
      if (same === undefined) this.#waiting.set(callbackId, [request])
      else same.push(request)
    }
    return request
  }

  /** Puts a request in the queue; when that is full the request fails. */
  enqueue(request: Request): void {
    const units = request.options.body.length
    const full =
      this.#queue.size >= this.#limits.queuedMessagesMax ||
      // One that is larger than the whole queue may wait alone; its own size has a limit too.
      (this.#queue.size > 0 && this.#queuedUnits + units > this.#limits.queuedBytesMax)
    if (full) {
      this.#fail(request, new ParleyError('queue_full'))
      return
    }
    this.#queue.add(request)
    this.#queuedUnits += units
  }

  /** Takes the next request from the queue. */
  dequeue(): Request | undefined {
    for (const request of this.#queue) {
      this.#unqueue(request)
      return request
    }
    return undefined
  }

  /** Notes that a request was given to the connection. */
  sent(request: Request): void {
    if (request.phase !== 'queued') return
    request.phase = 'sent'
    request.wasSent = true
    if (request.options.callbackId !== undefined) return
    this.#settle(request)
    request.options.answered(undefined)
  }

  /**
   * Gives a message to the request that it answers.
   *
   * @returns false when it answers none, or comes from someone who may not
   */
  answer(message: IncomingMessage): boolean {
    const callbackId = message.envelope.CallbackID
    if (!callbackId) return false
    const sent = this.#waiting.get(callbackId)?.filter((each) => each.phase === 'sent') ?? []
    const request = sent.find((each) => each.options.answerer === message.from)
    if (request === undefined) {
      const [toUser] = sent
      if (message.from !== '' || toUser === undefined) return false
      // The server's word on a request to a user: a failure ends it, else the user's own answer is still to come.
      const failure = failureIn(message)
      if (failure !== undefined) this.#fail(toUser, failure)
      else toUser.isTaken = true
      return true
    }
    this.#settle(request)
    request.options.answered(message)
    return true
  }

  /**
   * The connection is gone. What was sent and has no answer fails: its fate is unknown. But what is repeatable waits, when
   * there will be another connection, to be sent again before everything else, in its order.
   */
  connectionLost(error: ParleyError, willReturn: boolean): void {
    const sent = this.#all().filter((request) => request.phase === 'sent')
    const again: Request[] = []
    for (const request of sent) {
      if (!willReturn || !request.options.isRepeatable) this.#fail(request, error)
      else if (!request.isTaken) again.push(request)
    }
    if (again.length === 0) return
    again.sort((left, right) => left.number - right.number)
    for (const request of again) {
      request.phase = 'queued'
      this.#queuedUnits += request.options.body.length
    }
    this.#queue = new Set([...again, ...this.#queue])
  }

  /** Fails everything. */
  failAll(error: ParleyError): void {
    for (const request of new Set([...this.#queue, ...this.#all()])) {
      const message = `${error.message} The message may or may not have arrived.`
      const { code, cause } = error
      this.#fail(request, request.wasSent ? new ParleyError(code, { cause, message }) : error)
    }
  }

  #all(): Request[] {
    return [...this.#waiting.values()].flat()
  }

  #fail(request: Request, error: ParleyError): void {
    if (request.phase === 'settled') return
    this.#settle(request)
    request.options.failed(error)
  }

  #settle(request: Request): void {
    request.phase = 'settled'
    clearTimeout(request.timer)
    this.#unqueue(request)
    const { callbackId, answerer } = request.options
    if (callbackId === undefined) return
    this.#waitingCount--
    if (answerer === '') this.#serverWaitingCount--
    const rest = this.#waiting.get(callbackId)?.filter((each) => each !== request) ?? []
    if (rest.length === 0) this.#waiting.delete(callbackId)
    else this.#waiting.set(callbackId, rest)
  }

  #unqueue(request: Request): void {
    if (this.#queue.delete(request)) this.#queuedUnits -= request.options.body.length
  }
}

/** The bounds that `Requests` keeps; see the options of the same names. */
export interface RequestLimits {
  readonly requestsMax: number
  readonly queuedMessagesMax: number
  readonly queuedBytesMax: number
}

function timeoutError({ wasSent, options }: Request): ParleyError {
  if (!wasSent) {
    return new ParleyError('timeout', {
      message: 'The message could not be sent in time; it has not left this client.',
    })
  }
  const advice = options.isRepeatable ? ' Sent again with the same clientMsgId, it is shown once at most.' : ''
  return new ParleyError('timeout', {
    message: `No answer came in time; the request may or may not have arrived.${advice}`,
  })
}
