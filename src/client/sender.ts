/**
 * What a client sends: writes it, signs it where that is asked for, and waits for the one answer; a message that was refused for
 * the moment is tried again where that is asked for, without being overtaken by later ones to its receiver.
 */
import { isErrorCode } from '../protocol/errors.ts'
import { failureIn, type SendResult, sendResultIn } from './answer.ts'
import { type Backoff, backoffDelayMs } from './backoff.ts'
import type { ClientKeys } from './client-keys.ts'
import type { EnvelopeWriter } from './envelope-writer.ts'
import { ParleyError } from './errors.ts'
import type { IncomingMessage } from './message.ts'
import type { ClientOptions } from './options.ts'
import { ReceiverLanes } from './receiver-lanes.ts'
import type { RequestOptions as QueuedRequest } from './requests.ts'
import type { SignAlgorithm } from './signing.ts'

/** One message and what is expected of it. */
export interface Exchange {
  /** Absent: the server. */
  readonly to?: string | undefined
  readonly callbackId: string | undefined
  readonly clientMsgId?: string | undefined
  readonly createTime?: number | undefined
  readonly timeoutMs?: number | undefined
  /** False: not signed. Undefined: as the client's option says. */
  readonly sign?: SignAlgorithm | false | undefined
  /** Not stored by the server, nor sent again. */
  readonly volatile?: boolean | undefined
}

/** A message to a user. */
export interface Delivery extends Exchange {
  readonly to: string
  /** Tries again what is refused for the moment. */
  readonly retry?: boolean | undefined
}

/** A question to the server, or with `to` to a user. */
export type Question = Omit<Exchange, 'callbackId'>

/** How long to wait before a refused message is tried again; the server may ask for more. */
const retryBackoff: Backoff = { baseMs: 200, capMs: 10_000 }

/** A signature that is older is made anew before it is sent. Servers take those of some minutes. */
const signAgainAfterMs = 60_000

/** See the head of the file. */
export class Sender {
  /** What signs and seals; undefined in a client that does neither. */
  optionalKeys: ClientKeys | undefined
  readonly #options: ClientOptions
  readonly #writer: EnvelopeWriter
  readonly #send: (request: QueuedRequest) => void
  readonly #lanes: ReceiverLanes
  /** Ends the pauses before further tries. */
  readonly #pauses = new Set<() => void>()

  constructor(options: ClientOptions, writer: EnvelopeWriter, send: (request: QueuedRequest) => void) {
    this.#options = options
    this.#writer = writer
    this.#send = send
    this.#lanes = new ReceiverLanes(options)
  }

  /** @throws ParleyError `key_required` in a client that was not told to seal */
  get keys(): ClientKeys {
    if (this.optionalKeys !== undefined) return this.optionalKeys
    throw new ParleyError('key_required', { message: 'That needs a key: connect with the option seal.' })
  }

  /** Sends a message to a user; gives what became of it. Without a `callbackId` no answer is waited for. */
  async deliver(type: string, content: unknown, delivery: Delivery): Promise<SendResult> {
    const { to, retry: holds = false, callbackId } = delivery
    if (holds && callbackId === undefined) {
      throw new ParleyError('bad_argument', { message: 'What asks for no answer can’t be tried again.' })
    }
    const clientMsgId = delivery.clientMsgId ?? this.#writer.nextMessageId()
    const exchange = { ...delivery, clientMsgId }
    const written = this.#write(type, content, exchange)
    const timeoutMs = delivery.timeoutMs ?? this.#options.requestTimeoutMs
    const answer = await this.#lanes.run({ to, size: written.body.length, holds, timeoutMs }, (waitedMs) => {
      const rest = { ...exchange, timeoutMs: Math.max(1, timeoutMs - waitedMs) }
      return holds ? this.#insist(written, rest) : this.#exchange(written, rest, '')
    })
    if (answer === undefined) return { status: 'unconfirmed', msgId: undefined, clientMsgId, duplicate: false }
    return sendResultIn(answer, clientMsgId)
  }

  /** The same for the user's devices alone. @throws ParleyError also for keys that are missing or not believed */
  async deliverEndToEnd(type: string, content: unknown, delivery: Delivery): Promise<SendResult> {
    const clientMsgId = delivery.clientMsgId ?? this.#writer.nextMessageId()
    const createTime = Math.floor(Date.now() / 1000)
    const sealed = await this.keys.seal({ to: delivery.to, clientMsgId, createTime, msgType: type, content })
    return this.deliver('EndToEndMsgRequest', sealed, { ...delivery, clientMsgId, createTime })
  }

  /** Asks, and gives the answer; a failure that it tells of is thrown. */
  async ask(type: string, content: unknown, question: Question): Promise<IncomingMessage> {
    const { to, clientMsgId = to === undefined ? undefined : this.#writer.nextMessageId() } = question
    const exchange = { ...question, clientMsgId, callbackId: this.#writer.nextId() }
    const answer = await this.#exchange(this.#write(type, content, exchange), exchange, to ?? '')
    if (answer === undefined) throw new ParleyError('bad_answer')
    return answer
  }

  /** The client is closed: nothing waits for another try. */
  close(): void {
    for (const end of this.#pauses) end()
  }

  /** Sends until it is not refused for the moment any more, or the time is over. */
  async #insist(written: Written, exchange: TimedExchange): Promise<IncomingMessage | undefined> {
    const deadline = performance.now() + exchange.timeoutMs
    for (let attempt = 0; ; attempt++) {
      try {
        const timeoutMs = Math.max(1, deadline - performance.now())
        return await this.#exchange(written, { ...exchange, timeoutMs }, '')
      } catch (error) {
        // The client's own codes say that nothing, or not enough, is known.
        if (!(error instanceof ParleyError) || !error.retryable || !isErrorCode(error.code)) throw error
        const delayMs = backoffDelayMs(retryBackoff, attempt, this.#options.random())
        const pauseMs = Math.max(delayMs, error.retryAfterMs ?? 0)
        if (performance.now() + pauseMs >= deadline) throw error
        await this.#pause(pauseMs)
      }
    }
  }

  #pause(pauseMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#pauses.delete(end)
        resolve()
      }
      const timer = setTimeout(end, pauseMs)
      this.#pauses.add(end)
    })
  }

  #exchange(written: Written, exchange: Exchange, answerer: string): Promise<IncomingMessage | undefined> {
    const { to, callbackId, clientMsgId } = exchange
    const timeoutMs = exchange.timeoutMs ?? this.#options.requestTimeoutMs
    const isRepeatable = to !== undefined && callbackId !== undefined && exchange.volatile !== true
    return new Promise((resolve, reject) => {
      const failed = (error: ParleyError): void => reject(to === undefined ? error : error.of(clientMsgId))
      const answered = (message: IncomingMessage | undefined): void => {
        const failure = message === undefined ? undefined : failureIn(message)
        if (failure === undefined) resolve(message)
        else failed(failure)
      }
      this.#send({ ...written, callbackId, answerer, timeoutMs, isRepeatable, answered, failed })
    })
  }

  /** Writes the envelope. By the client's option, messages to users and to all are signed. */
  #write(type: string, content: unknown, exchange: Exchange): Written {
    const { to, callbackId, createTime, volatile: isVolatile } = exchange
    const byDefault = to !== undefined || type === 'BroadcastRequest' ? this.#options.sign : undefined
    const sign = exchange.sign === undefined ? byDefault : exchange.sign || undefined
    const clientMsgId = exchange.clientMsgId ?? (sign === undefined ? undefined : this.#writer.nextMessageId())
    const fields = { to, callbackId, clientMsgId, createTime, isVolatile }
    if (sign === undefined) return { body: this.#writer.write(type, content, fields) }
    const { keys } = this
    if (sign === 'PS256') {
      const signed = (): string => this.#writer.write(type, content, { ...fields, sign: keys.signer(sign) })
      const [body, signedAt] = [signed(), Date.now()]
      // What waited for a connection is too old for the server; but a time that was given belongs to the content.
      const isStale = (): boolean => createTime === undefined && Date.now() - signedAt >= signAgainAfterMs
      return { body, bodyFor: () => (isStale() ? signed() : body) }
    }
    return {
      body: this.#writer.write(type, content, fields),
      bodyFor: (channel) => this.#writer.write(type, content, { ...fields, sign: keys.signer(sign, channel) }),
    }
  }
}

type Written = Pick<QueuedRequest, 'body' | 'bodyFor'>

type TimedExchange = Exchange & { readonly timeoutMs: number }
