/**
 * Reads messages of a known shape. A client's library writes each message in the same way, so two of them differ
 * in a few values only: receiver, time, ids and text. What was proved of one message of a shape, its form and
 * all constant bytes, holds for the next one too, if the bytes between the values are the same and each value
 * is of its kind:
 *
 *     {"ToUserId":" bob ","MsgType":"TextMsgRequest","CreateTime": 1700000000 ,"Content":"{\"Message\":\" hello \"}"}
 *     └── part ──┘     └───────────── part ─────────────────────┘            └───────── part ──────────┘       └part┘
 *
 * Every byte is still looked at; none is looked at twice, and no key has to be recognised. What does not fit is no
 * error: the caller then reads the message in full. That the bytes are valid UTF-8 is checked by the caller, as for
 * every body.
 */
import { envelopeLimits } from './envelope.ts'
import { plainRunEnd } from './json-scanner.ts'

/** The values that may differ between messages of one shape. */
export type ShapeValueKind = 'to' | 'time' | 'callbackId' | 'clientMsgId' | 'text'

/** Where a value lies in a body: strings without their quotes. */
export interface ShapeValue {
  readonly kind: ShapeValueKind
  readonly start: number
  readonly end: number
}

const ZERO = 0x30
const NINE = 0x39
/** A time has at most 15 digits, so that it is exact in every language. */
const timeDigitsMax = 15
/** Names of plain ASCII, one byte a code point: longer ones and others are read in full. */
const toBytesMax = 64

/** See the head of the file. */
export class MessageShape {
  /** The constant bytes before each value, and after the last one. */
  readonly #parts: readonly DataView[]
  readonly #kinds: readonly ShapeValueKind[]
  /** Where `match` found the receiver. */
  toStart = 0
  toEnd = 0
  /** Where `match` found the `CallbackID`; empty when there is none. */
  callbackStart = 0
  callbackEnd = 0
  /** Where `match` found the `ClientMsgId`; empty when there is none. */
  idStart = 0
  idEnd = 0
  /** Where `match` found the text. */
  textStart = 0
  textEnd = 0

  /**
   * Learns the shape of a body, `bytes[start, end)`, that was read in full and found to be a text to a user.
   *
   * @param values all that it has of the kinds above, in the order in which they lie
   */
  constructor(bytes: Buffer, start: number, end: number, values: readonly ShapeValue[]) {
    const parts: DataView[] = []
    let at = start
    for (const value of values) {
      parts.push(copyOf(bytes, at, value.start))
      at = value.end
    }
    parts.push(copyOf(bytes, at, end))
    this.#parts = parts
    this.#kinds = values.map((value) => value.kind)
  }

  /**
   * Whether a body has this shape; then the fields say where its values are.
   *
   * @param view over the same memory as `bytes`, from its first byte
   */
  match(bytes: Buffer, view: DataView, start: number, end: number): boolean {
    this.callbackStart = 0
    this.callbackEnd = 0
    const kinds = this.#kinds
    let at = start
    for (let index = 0; index < kinds.length; index++) {
      const part = this.#parts[index] as DataView
      const valueStart = at + part.byteLength
      if (valueStart > end || !isSame(view, at, part)) return false
      at = this.#pass(kinds[index] as ShapeValueKind, bytes, view, valueStart, end)
      if (at === -1) return false
    }
    const last = this.#parts[kinds.length] as DataView
    return end - at === last.byteLength && isSame(view, at, last)
  }

  /** Passes a value; gives the offset after it, or -1 when it is not of its kind. */
  #pass(kind: ShapeValueKind, bytes: Buffer, view: DataView, start: number, end: number): number {
    switch (kind) {
      case 'text': {
        const after = plainEnd(bytes, view, start, end)
        this.textStart = start
        this.textEnd = after
        return after
      }
      case 'time':
        return timeEnd(bytes, start, end)
      case 'to': {
        const after = asciiNameEnd(bytes, start, end)
        this.toStart = start
        this.toEnd = after
        return after
      }
      case 'callbackId': {
        const after = plainRunEnd(bytes, start, end)
        this.callbackStart = start
        this.callbackEnd = after
        return after - start <= envelopeLimits.callbackIdBytesMax ? after : -1
      }
      case 'clientMsgId': {
        const after = plainRunEnd(bytes, start, end)
        this.idStart = start
        this.idEnd = after
        return after - start <= envelopeLimits.clientMsgIdBytesMax ? after : -1
      }
      default:
        kind satisfies never
        return -1
    }
  }
}

function copyOf(bytes: Buffer, start: number, end: number): DataView {
  const copy = new Uint8Array(end - start)
  copy.set(bytes.subarray(start, end))
  return new DataView(copy.buffer)
}

/** Whether the bytes from `at` on are those of a part; the caller has made sure that there are as many. */
function isSame(view: DataView, at: number, part: DataView): boolean {
  const length = part.byteLength
  let index = 0
  for (; index + 4 <= length; index += 4) {
    if (view.getInt32(at + index) !== part.getInt32(index)) return false
  }
  for (; index < length; index++) {
    if (view.getUint8(at + index) !== part.getUint8(index)) return false
  }
  return true
}

/**
 * The end of a run without quote, backslash or control character, four bytes at a time. In each of four lanes,
 * `(x - n) & ~x & 0x80` is set when x < n (for x below 0x80): n = 0x20 finds control characters, n = 1 after XOR
 * finds a byte ("determine if a word has a byte less than n", Bit Twiddling Hacks). A borrow between lanes can
 * only make it look again byte by byte.
 */
function plainEnd(bytes: Buffer, view: DataView, start: number, end: number): number {
  let at = start
  for (; at + 4 <= end; at += 4) {
    const word = view.getInt32(at)
    const quotes = word ^ 0x22222222
    const backslashes = word ^ 0x5c5c5c5c
    const found =
      ((word - 0x20202020) & ~word) | ((quotes - 0x01010101) & ~quotes) | ((backslashes - 0x01010101) & ~backslashes)
    if ((found & 0x80808080) !== 0) break
  }
  return plainRunEnd(bytes, at, end)
}

/** The end of a whole number that is not negative, or -1. */
function timeEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end && (bytes[at] as number) >= ZERO && (bytes[at] as number) <= NINE) at++
  const digits = at - start
  if (digits === 0 || digits > timeDigitsMax) return -1
  return digits > 1 && bytes[start] === ZERO ? -1 : at
}

/** The end of a name of printable ASCII, or -1 when it is empty, too long, or has anything else in it. */
function asciiNameEnd(bytes: Buffer, start: number, end: number): number {
  let at = start
  while (at < end) {
    const byte = bytes[at] as number
    if (byte <= 0x20 || byte >= 0x7f || byte === 0x22 || byte === 0x5c) break
    at++
  }
  const length = at - start
  return length === 0 || length > toBytesMax ? -1 : at
}
