/** What a client sends: writes it, signs it where that is asked for, and waits for the one answer. */
import { failureIn, type SendStatus, statusIn } from './answer.ts'
import type { ClientKeys } from './client-keys.ts'
import type { EnvelopeWriter } from './envelope-writer.ts'
import { ParleyError } from './errors.ts'
import type { IncomingMessage } from './message.ts'
import type { ClientOptions } from './options.ts'
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
}

/** A message to a user. */
export interface Delivery extends Exchange {
  readonly to: string
}

/** A question to the server, or with `to` to a user. */
export type Question = Omit<Exchange, 'callbackId'>

/** See the head of the file. */
export class Sender {
  /** What signs and seals; undefined in a client that does neither. */
  optionalKeys: ClientKeys | undefined
  readonly #options: ClientOptions
  readonly #writer: EnvelopeWriter
  readonly #send: (request: QueuedRequest) => void

  constructor(options: ClientOptions, writer: EnvelopeWriter, send: (request: QueuedRequest) => void) {
    this.#options = options
    this.#writer = writer
    this.#send = send
  }

  /** @throws ParleyError `key_required` in a client that was not told to seal */
  get keys(): ClientKeys {
    if (this.optionalKeys !== undefined) return this.optionalKeys
    throw new ParleyError('key_required', { message: 'That needs a key: connect with the option seal.' })
  }

  /** Sends a message to a user; gives what became of it. Without a `callbackId` no answer is waited for. */
  async deliver(type: string, content: unknown, delivery: Delivery): Promise<{ readonly status: SendStatus }> {
    const answer = await this.#exchange(type, content, delivery, '')
    return { status: answer === undefined ? 'unconfirmed' : statusIn(answer) }
  }

  /** The same for the user's devices alone. @throws ParleyError also for keys that are missing or not believed */
  async deliverEndToEnd(type: string, content: unknown, delivery: Delivery): Promise<{ readonly status: SendStatus }> {
    const clientMsgId = this.#writer.nextId()
    const createTime = Math.floor(Date.now() / 1000)
    const sealed = await this.keys.seal({ to: delivery.to, clientMsgId, createTime, msgType: type, content })
    return this.deliver('EndToEndMsgRequest', sealed, { ...delivery, clientMsgId, createTime })
  }

  /** Asks, and gives the answer; a failure that it tells of is thrown. */
  async ask(type: string, content: unknown, question: Question): Promise<IncomingMessage> {
    const callbackId = this.#writer.nextId()
    const answer = await this.#exchange(type, content, { ...question, callbackId }, question.to ?? '')
    if (answer === undefined) throw new ParleyError('bad_answer')
    return answer
  }

  #exchange(
    type: string,
    content: unknown,
    exchange: Exchange,
    answerer: string,
  ): Promise<IncomingMessage | undefined> {
    const { callbackId } = exchange
    const written = this.#write(type, content, exchange)
    const timeoutMs = exchange.timeoutMs ?? this.#options.requestTimeoutMs
    return new Promise((resolve, reject) => {
      const answered = (message: IncomingMessage | undefined): void => {
        const failure = message === undefined ? undefined : failureIn(message)
        if (failure === undefined) resolve(message)
        else reject(failure)
      }
      this.#send({ ...written, callbackId, answerer, timeoutMs, answered, failed: reject })
    })
  }

  /** Writes the envelope. By the client's option, messages to users and to all are signed. */
  #write(type: string, content: unknown, exchange: Exchange): Pick<QueuedRequest, 'body' | 'bodyFor'> {
    const { to, callbackId, createTime } = exchange
    const byDefault = to !== undefined || type === 'BroadcastRequest' ? this.#options.sign : undefined
    const sign = exchange.sign === undefined ? byDefault : exchange.sign || undefined
    const clientMsgId = exchange.clientMsgId ?? (sign === undefined ? undefined : this.#writer.nextId())
    const fields = { to, callbackId, clientMsgId, createTime }
    if (sign === undefined) return { body: this.#writer.write(type, content, fields) }
    const { keys } = this
    if (sign === 'PS256') return { body: this.#writer.write(type, content, { ...fields, sign: keys.signer(sign) }) }
    return {
      body: this.#writer.write(type, content, fields),
      bodyFor: (channel) => this.#writer.write(type, content, { ...fields, sign: keys.signer(sign, channel) }),
    }
  }
}
