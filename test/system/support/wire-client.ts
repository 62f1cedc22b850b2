/**
 * A raw client for tests: knows the wire from its document, shares no code with the SDK or the server, and keeps
 * all that came. Subclasses bring the bytes.
 */
import { usualMs, within } from './deadline.ts'

/** An envelope as it came. */
export interface Envelope {
  readonly MsgType: string
  readonly Content: string
  readonly ToUserId?: string
  readonly FromUserId?: string
  readonly CreateTime?: number
  readonly CallbackID?: string
  readonly [field: string]: unknown
}

/** What a `Content` may hold, as far as tests look into it. */
export interface Content {
  readonly Success?: boolean
  readonly Code?: string
  readonly Message?: string
  readonly Data?: { readonly [member: string]: unknown }
  readonly Token?: string
  readonly Items?: readonly { readonly Text: string; readonly Value: string }[]
  readonly [member: string]: unknown
}

/** One message that came. */
export interface Received {
  /** The body as text. */
  readonly body: string
  readonly envelope: Envelope
  readonly content: Content
}

/** Which message a test waits for. */
export type Matches = (message: Received) => boolean

/** Messages of that type. */
export function ofType(type: string): Matches {
  return ({ envelope }) => envelope.MsgType === type
}

/** Texts of a user. */
export function textFrom(user: string): Matches {
  return ({ envelope }) => envelope.MsgType === 'TextMsgRequest' && envelope.FromUserId === user
}

/** The server's answer to a request. */
export function answerTo(callbackId: string): Matches {
  return ({ envelope }) => isOfServer(envelope) && envelope.CallbackID === callbackId
}

/** An `ErrorResponse` of the server with that code. */
export function errorOf(code: string): Matches {
  return ({ envelope, content }) =>
    isOfServer(envelope) && envelope.MsgType === 'ErrorResponse' && content.Code === code
}

function isOfServer(envelope: Envelope): boolean {
  return envelope.FromUserId === undefined || envelope.FromUserId === ''
}

/** An envelope as JSON text, the content written into it as text. */
export function bodyOf(type: string, content: unknown, fields: object = {}): string {
  return JSON.stringify({ ...fields, MsgType: type, Content: JSON.stringify(content) })
}

interface Waiting {
  readonly matches: Matches
  readonly resolve: (message: Received) => void
  readonly reject: (error: Error) => void
}

let callbacks = 0

/** See the head of the file. */
export abstract class WireClient {
  /** All that came, in order. */
  readonly messages: Received[] = []
  /** What a correct server never sends: bytes between frames, text that is no envelope. */
  readonly faults: string[] = []
  /** Told of each message; one that it keeps is not kept here. */
  onMessage: ((message: Received) => 'kept' | undefined) | undefined
  /** The user, after a login. */
  user = ''
  #untaken: Received[] = []
  #waiting: Waiting[] = []
  #isEnded = false
  #end: () => void = () => {}
  readonly #ended: Promise<void> = new Promise((resolve) => {
    this.#end = resolve
  })

  /** Sends one body, framed as the transport frames it. */
  abstract sendBody(body: string | Buffer): void

  /** Stops reading. */
  abstract pause(): void

  /** Reads on. */
  abstract resume(): void

  /** Cuts the connection. */
  abstract destroy(): void

  /** Sends a message. */
  send(type: string, content: unknown, fields: object = {}): void {
    this.sendBody(bodyOf(type, content, fields))
  }

  /** Sends a message with a `CallbackID` and waits for the server's answer. */
  async request(type: string, content: unknown, fields: object = {}): Promise<Received> {
    const callbackId = newCallbackId()
    this.send(type, content, { ...fields, CallbackID: callbackId })
    return await this.take(answerTo(callbackId), `the answer to ${type}`)
  }

  /** Sends a text to a user and waits for what became of it. */
  async text(to: string, message: string): Promise<Content> {
    return (await this.request('TextMsgRequest', { Message: message }, { ToUserId: to })).content
  }

  /** Logs in, with a password or a token. */
  async login(user: string, secret: { Password: string } | { Token: string }): Promise<Content> {
    const { envelope, content } = await this.request('AuthRequest', { UserId: user, ...secret })
    if (envelope.MsgType !== 'AuthResponse') throw new Error(`a login was answered with ${envelope.MsgType}`)
    if (content.Success === true) this.user = user
    return content
  }

  /** Resolves when the server has dealt with everything that was sent before, in each of its threads. */
  async settled(): Promise<void> {
    await this.request('UserListRequest', {})
    await this.request('HeartbeatRequest', {})
  }

  /** The first message that matches and was not taken before; waits for it when it has not come yet. */
  take(matches: Matches, what: string, ms: number = usualMs): Promise<Received> {
    const index = this.#untaken.findIndex(matches)
    const found = this.#untaken[index]
    if (found !== undefined) {
      this.#untaken.splice(index, 1)
      return Promise.resolve(found)
    }
    const wanted = `${this.user || 'a client'} waits for ${what}`
    if (this.#isEnded) return Promise.reject(new Error(`${wanted}, but its connection has ended: ${this.#rest()}`))
    let waiting: Waiting | undefined
    const coming = new Promise<Received>((resolve, reject) => {
      waiting = { matches, resolve, reject: (error) => reject(new Error(`${wanted}, but ${error.message}`)) }
      this.#waiting.push(waiting)
    })
    return within(coming, wanted, ms).catch((error: Error) => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting)
      throw new Error(`${error.message}; came: ${this.#rest()}`)
    })
  }

  /** Waits for the end of the connection; gives the code of the server's last word. */
  async ended(ms: number = usualMs): Promise<string | undefined> {
    await within(this.#ended, `${this.user || 'a client'} waits for the end of its connection`, ms)
    return this.endCode()
  }

  /** Whether the connection has ended. */
  isEnded(): boolean {
    return this.#isEnded
  }

  /** The code of the last message, if that says why the connection ends. */
  endCode(): string | undefined {
    const last = this.messages.at(-1)
    if (last === undefined || last.envelope.MsgType !== 'ErrorResponse' || !isOfServer(last.envelope)) return undefined
    return last.envelope.CallbackID === undefined ? last.content.Code : undefined
  }

  /** To be called with the text of each body. */
  protected receive(body: string): void {
    const message = readBody(body)
    if (typeof message === 'string') {
      this.faults.push(message)
      return
    }
    if (this.onMessage?.(message) === 'kept') return
    this.messages.push(message)
    const index = this.#waiting.findIndex(({ matches }) => matches(message))
    const [waiting] = index === -1 ? [] : this.#waiting.splice(index, 1)
    if (waiting === undefined) this.#untaken.push(message)
    else waiting.resolve(message)
  }

  /** To be called at the end of the connection. */
  protected end(): void {
    this.#isEnded = true
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('its connection ended'))
    this.#end()
  }

  #rest(): string {
    const bodies = this.#untaken.slice(-5).map(({ body }) => body.slice(0, 200))
    return bodies.length === 0 ? 'nothing else' : bodies.join(' ')
  }
}

/** A `CallbackID` that no other request of this process has. */
export function newCallbackId(): string {
  return `c${++callbacks}`
}

function readBody(body: string): Received | string {
  try {
    const envelope = JSON.parse(body) as Envelope
    if (typeof envelope.MsgType !== 'string' || typeof envelope.Content !== 'string') {
      return `no envelope: ${body.slice(0, 200)}`
    }
    return { body, envelope, content: JSON.parse(envelope.Content) as Content }
  } catch {
    return `no JSON: ${body.slice(0, 200)}`
  }
}
