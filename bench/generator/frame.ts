/**
 * The frames of the benchmark: encoded once, then only the sequence numbers in them change. The text of a
 * message begins with a mark, `~SSSSS:NNNNNNNNNN~`, the sender's and the message's number, so that a
 * receiver checks a frame by a few bytes at a place that it has learned. Pure.
 */

/** Begins a frame. */
export const START = 0x02
/** Ends a frame. */
export const END = 0x03

const TILDE = 0x7e
const COLON = 0x3a
const ZERO = 0x30

const senderDigits = 5
/** Digits of a message's number. */
export const sequenceDigits = 10
const markBytes = senderDigits + sequenceDigits + 3
const letters = 'the quick brown fox jumps over the lazy dog; '

/** How messages look. */
export interface MessageShape {
  /** Characters of the text. */
  readonly size: number
  readonly from: 'set' | 'absent'
  readonly callback: boolean
  /** Begins the `ClientMsgId` of each message; without it they have none. */
  readonly clientMsgIds?: string
  /** What an answer should say of a message; `sent` unless said otherwise. */
  readonly status?: 'sent' | 'delivered' | 'stored'
}

/** Who sends to whom; `number` is the sender's, in the mark. */
export interface Route {
  readonly number: number
  readonly fromUserId: string
  readonly toUserId: string
}

/** Encodes a request to log in; without a secret where a ticket has said already who it is. */
export function encodeLogin(login: {
  userId: string
  password?: string | undefined
  token?: string | undefined
  resume?: string | undefined
  ack?: { deviceId?: string } | undefined
}): Buffer {
  const { userId, password, token, resume, ack } = login
  const secret = resume !== undefined ? {} : token === undefined ? { Password: password } : { Token: token }
  const durable = ack === undefined ? {} : { Ack: true, DeviceId: ack.deviceId }
  const body = JSON.stringify({
    MsgType: 'AuthRequest',
    CreateTime: Math.floor(Date.now() / 1000),
    Content: JSON.stringify({ UserId: userId, ...secret, ...durable, Client: 'parley-bench', Version: 1 }),
    CallbackID: 'login',
  })
  return Buffer.from(`\x02${body}\x03`)
}

/** Numbered messages of one sender, ready to be written. */
export interface FrameSource {
  /** The most that it gives at a time. */
  readonly capacity: number
  /** How many there are in all, where they end. */
  readonly count?: number
  /** `count` of them, at most the capacity, numbered from `first`. The bytes stay valid until the next call. */
  number(first: number, count: number): Buffer
}

/** Encodes one message whose numbers are still zero. */
export type Encode = (route: Route, shape: MessageShape) => Buffer

/** Room for up to `capacity` messages of one sender, encoded but for their numbers. */
export class FrameBatch implements FrameSource {
  readonly capacity: number
  readonly #bytes: Buffer
  readonly #frameBytes: number
  readonly #sequenceAt: number
  readonly #callbackAt: number

  constructor(route: Route, shape: MessageShape, capacity: number, encode: Encode = encodeMessage) {
    const frame = encode(route, shape)
    this.capacity = capacity
    this.#frameBytes = frame.length
    this.#sequenceAt = findMark(frame, 0, frame.length) + senderDigits + 2
    this.#callbackAt = shape.callback ? findCallback(frame, 0, frame.length) : -1
    this.#bytes = Buffer.allocUnsafe(frame.length * capacity)
    for (let index = 0; index < capacity; index++) frame.copy(this.#bytes, index * frame.length)
  }

  /**
   * The frames of `count` messages (at most the capacity), numbered from `first`. The bytes stay valid until the next
   * call: write them out before.
   */
  number(first: number, count: number): Buffer {
    for (let index = 0; index < count; index++) {
      const at = index * this.#frameBytes
      writeDigits(this.#bytes, at + this.#sequenceAt, first + index)
      if (this.#callbackAt !== -1) writeDigits(this.#bytes, at + this.#callbackAt, first + index)
    }
    return this.#bytes.subarray(0, count * this.#frameBytes)
  }
}

/** The text that message shapes of one size share behind the mark. */
export function filler(size: number): string {
  return letters.repeat(Math.ceil(size / letters.length)).slice(0, size - markBytes)
}

/** Finds the mark in a frame, or -1. */
export function findMark(bytes: Buffer, start: number, end: number): number {
  let at = bytes.indexOf(TILDE, start)
  while (at !== -1 && at < end) {
    if (isMark(bytes, at)) return at
    at = bytes.indexOf(TILDE, at + 1)
  }
  return -1
}

/** Whether the mark begins at a place. */
export function isMark(bytes: Buffer, at: number): boolean {
  return bytes[at] === TILDE && bytes[at + senderDigits + 1] === COLON && bytes[at + markBytes - 1] === TILDE
}

/** The sender's number in the mark at a place; NaN when it is none. */
export function readSender(bytes: Buffer, markAt: number): number {
  return readDigits(bytes, markAt + 1, senderDigits)
}

/** The message's number in the mark at a place; NaN when it is none. */
export function readSequence(bytes: Buffer, markAt: number): number {
  return readDigits(bytes, markAt + senderDigits + 2, sequenceDigits)
}

/** Where the text behind the mark begins. */
export function fillerAt(markAt: number): number {
  return markAt + markBytes
}

const callbackKey = '"CallbackID":"'

/** Finds the value of `CallbackID` in a frame, or -1. */
export function findCallback(bytes: Buffer, start: number, end: number): number {
  const at = bytes.indexOf(callbackKey, start, 'latin1')
  return at === -1 || at >= end ? -1 : at + callbackKey.length
}

/** The message's number in a `CallbackID` at a place; NaN when it is none. */
export function readCallback(bytes: Buffer, at: number): number {
  return readDigits(bytes, at, sequenceDigits)
}

/** A message in Parley's wire. */
export function encodeMessage(route: Route, shape: MessageShape): Buffer {
  return encodeText(route, shape, 'TextMsgRequest')
}

/** A message of an operator to everybody else, in Parley's wire. */
export function encodeBroadcast(route: Route, shape: MessageShape): Buffer {
  return encodeText(route, shape, 'BroadcastRequest')
}

function encodeText(route: Route, shape: MessageShape, type: string): Buffer {
  const sender = String(route.number).padStart(senderDigits, '0')
  const text = `~${sender}:${'0'.repeat(sequenceDigits)}~${filler(shape.size)}`
  const body = JSON.stringify({
    ToUserId: type === 'BroadcastRequest' ? undefined : route.toUserId,
    FromUserId: shape.from === 'set' ? route.fromUserId : undefined,
    MsgType: type,
    CreateTime: Math.floor(Date.now() / 1000),
    Content: JSON.stringify({ Message: text }),
    CallbackID: shape.callback ? '0'.repeat(sequenceDigits) : undefined,
    ClientMsgId: shape.clientMsgIds === undefined ? undefined : `${shape.clientMsgIds}${'0'.repeat(sequenceDigits)}`,
  })
  return Buffer.from(`\x02${body}\x03`)
}

/** Writes a message's number at the place that {@link sequenceAt} tells. */
export function writeSequence(bytes: Buffer, at: number, sequence: number): void {
  writeDigits(bytes, at, sequence)
}

/** Where the message's number stands behind a mark. */
export function sequenceAt(markAt: number): number {
  return markAt + senderDigits + 2
}

function writeDigits(bytes: Buffer, at: number, value: number): void {
  // Two halves, since arithmetic on integers over 31 bits is many times slower.
  let high = Math.floor(value / 100_000)
  let low = value - high * 100_000
  for (let place = 4; place >= 0; place--) {
    const nextHigh = (high / 10) | 0
    const nextLow = (low / 10) | 0
    bytes[at + place] = ZERO + high - nextHigh * 10
    bytes[at + place + 5] = ZERO + low - nextLow * 10
    high = nextHigh
    low = nextLow
  }
}

/** The number of so many digits at a place; NaN when it is none. */
export function readDigits(bytes: Buffer, at: number, count: number): number {
  let value = 0
  for (let place = at; place < at + count; place++) {
    const digit = (bytes[place] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}
