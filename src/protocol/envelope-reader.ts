/**
 * Reads the envelope out of a body's bytes: finds the fields, proves the JSON well-formed, and refuses what
 * parsers might read in two ways (a key twice, a key that differs from a known one only in case).
 * Nothing is copied or decoded that routing does not need; offsets point into the caller's bytes.
 *
 * The caller has checked that the bytes are valid UTF-8. One reader serves a whole thread: what `read`
 * found is valid until the next `read`.
 */

import { envelopeFields, envelopeLimits } from './envelope.ts'
import { type Fault, fault } from './errors.ts'
import {
  BACKSLASH,
  CLOSE_BRACE,
  COLON,
  OPEN_BRACE,
  plainRunEnd,
  QUOTE,
  skipEscape,
  skipInteger,
  skipSpace,
  skipString,
  skipValue,
} from './json-scanner.ts'
import { MessageShape, type ShapeValue, type ShapeValueKind } from './message-shape.ts'
import { userIdFault } from './user-id.ts'

const SPACE = 0x20
const COMMA = 0x2c
const MINUS = 0x2d
const LOWER_N = 0x6e
const LOWER_T = 0x74

// Fields by number; the order is that of `envelopeFields`.
const TO_USER_ID = 0
const FROM_USER_ID = 1
const MSG_TYPE = 2
const CREATE_TIME = 3
const CONTENT = 4
const CALLBACK_ID = 5
const CLIENT_MSG_ID = 6
const MSG_ID = 7
const SEQ = 8
const EPOCH = 9
const SERVER_TIME = 10
const VOLATILE = 11
const SIGN = 12
const FIELD_COUNT = envelopeFields.length
const UNKNOWN = -1

const fieldNames = envelopeFields.map((name) => Buffer.from(name, 'latin1'))
const foldedNames: ReadonlySet<string> = new Set(envelopeFields.map((name) => fold(name)))
/** Which fields have a name of that many bytes. */
const fieldsByLength: readonly (readonly number[])[] = Array.from({ length: 16 }, (_, length) =>
  fieldNames.flatMap((name, field) => (name.length === length ? [field] : [])),
)
/** Half of a surrogate pair, which only an escape can write. It does not survive UTF-8, so an answer could not have it. */
const halfCharacter = /\p{Surrogate}/u
/** Where a field's value is absent. */
const ABSENT = -1

/**
 * Folds case as any parser that ignores it might: both ways, since the two differ for some letters. The dotted I
 * becomes two characters here, but a plain i in Java.
 */
function fold(name: string): string {
  return name.replaceAll('\u0130', 'i').toLowerCase().toUpperCase().toLowerCase()
}

/** See the head of the file. */
export class EnvelopeReader {
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0
  /** Offsets of each field's value, for strings those of the text between the quotes; `ABSENT` where there is none. */
  readonly #valueStart = new Int32Array(FIELD_COUNT)
  readonly #valueEnd = new Int32Array(FIELD_COUNT)
  /** Fields whose string has escapes, as bits: their text must be decoded. */
  #escaped = 0
  /** Fields that were met, as bits. */
  #seen = 0
  /** Keys that are not the protocol's, decoded; made only when there is one. */
  #unknownKeys: Set<string> | undefined
  #keyCount = 0
  #memberStart = 0
  #nullFromStart = ABSENT
  /** The longest run of plain characters in the last string that had escapes. */
  #runStart = 0
  #runEnd = 0
  /** The text of a plain message without escapes, after `contentIsPlainMessage`. */
  #textStart = ABSENT
  #textEnd = 0

  /** Reads the body `bytes[start, end)`. Gives a fault (`bad_envelope`), or undefined when all is well. */
  read(bytes: Buffer, start: number, end: number): Fault | undefined {
    this.#bytes = bytes
    this.#start = start
    this.#valueStart.fill(ABSENT)
    this.#escaped = 0
    this.#seen = 0
    this.#unknownKeys = undefined
    this.#keyCount = 0
    this.#nullFromStart = ABSENT
    this.#textStart = ABSENT
    // No run of an earlier body: offsets of another one could fit by chance.
    this.#runStart = 0
    this.#runEnd = 0
    return this.#members(end)
  }

  #members(end: number): Fault | undefined {
    const bytes = this.#bytes
    let at = skipSpace(bytes, this.#start, end)
    if (at >= end || bytes[at] !== OPEN_BRACE) return bad('The body is not a JSON object.')
    this.#memberStart = at + 1
    at = skipSpace(bytes, at + 1, end)
    if (at < end && bytes[at] === CLOSE_BRACE) return this.#valuesFault()
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return malformed
      const keyStart = at + 1
      const plainEnd = plainRunEnd(bytes, keyStart, end)
      at = plainEnd < end && bytes[plainEnd] === QUOTE ? plainEnd + 1 : skipString(bytes, at, end)
      if (at === -1) return malformed
      const keyEnd = at - 1
      const field = plainEnd === keyEnd ? this.#knownField(keyStart, keyEnd) : UNKNOWN
      if (bytes[at] !== COLON) at = skipSpace(bytes, at, end)
      if (at >= end || bytes[at] !== COLON) return malformed
      at++
      if (at < end && (bytes[at] as number) <= SPACE) at = skipSpace(bytes, at, end)
      if (at >= end) return malformed
      if (++this.#keyCount > envelopeLimits.keysMax)
        return bad(`The envelope has more than ${envelopeLimits.keysMax} keys.`)
      if (field === UNKNOWN) {
        const problem = this.#unknownKeyFault(keyStart, keyEnd)
        if (problem !== undefined) return problem
        at = skipValue(bytes, at, end, envelopeLimits.unknownDepthMax)
        if (at === -1) return bad('A field that this server does not know is malformed or nested too deep.')
      } else {
        if ((this.#seen & (1 << field)) !== 0) return bad(`The key ${envelopeFields[field]} stands twice.`)
        this.#seen |= 1 << field
        at = this.#value(field, at, end)
        if (at === -1) return bad(`${envelopeFields[field]} is malformed or has the wrong type.`)
      }
      if (bytes[at] !== COMMA) at = skipSpace(bytes, at, end)
      if (at >= end) return malformed
      if (bytes[at] === CLOSE_BRACE) break
      if (bytes[at] !== COMMA) return malformed
      at = skipSpace(bytes, at + 1, end)
    }
    if (skipSpace(bytes, at + 1, end) !== end) return bad('There is text after the JSON object.')
    return this.#valuesFault()
  }

  #knownField(keyStart: number, keyEnd: number): number {
    const bytes = this.#bytes
    const length = keyEnd - keyStart
    const candidates = fieldsByLength[length]
    if (candidates === undefined) return UNKNOWN
    for (const field of candidates) {
      const name = fieldNames[field] as Buffer
      let same = 0
      while (same < length && bytes[keyStart + same] === name[same]) same++
      if (same === length) return field
    }
    return UNKNOWN
  }

  /** The slow way for keys that are not, byte for byte, the protocol's. */
  #unknownKeyFault(keyStart: number, keyEnd: number): Fault | undefined {
    if (keyEnd - keyStart > envelopeLimits.keyBytesMax) {
      return bad(`A key is longer than ${envelopeLimits.keyBytesMax} bytes.`)
    }
    const key = this.#decode(keyStart, keyEnd, true)
    if (foldedNames.has(fold(key)))
      return bad(`The key ${JSON.stringify(key)} could be taken for a field of the envelope: spell it exactly.`)
    this.#unknownKeys ??= new Set()
    if (this.#unknownKeys.has(key)) return bad(`The key ${JSON.stringify(key)} stands twice.`)
    this.#unknownKeys.add(key)
    return undefined
  }

  /** Passes the value of a known field and notes where it is. */
  #value(field: number, from: number, end: number): number {
    const bytes = this.#bytes
    if (bytes[from] === LOWER_N) {
      // null counts as absent: many languages write every field of an object.
      const after = skipValue(bytes, from, end, 0)
      if (after !== -1 && field === FROM_USER_ID) this.#nullFromStart = from
      return after
    }
    switch (field) {
      case CREATE_TIME:
      case SEQ:
      case SERVER_TIME:
        return this.#note(field, from, skipInteger(bytes, from, end))
      case VOLATILE: {
        const after = skipValue(bytes, from, end, 0)
        return bytes[from] === 0x74 || bytes[from] === 0x66 ? this.#note(field, from, after) : -1
      }
      case TO_USER_ID:
      case FROM_USER_ID:
      case MSG_TYPE:
      case CONTENT:
      case CALLBACK_ID:
      case CLIENT_MSG_ID:
      case MSG_ID:
      case EPOCH:
        return this.#stringValue(field, from, end)
      default:
        return this.#note(field, from, skipValue(bytes, from, end, envelopeLimits.unknownDepthMax))
    }
  }

  #note(field: number, start: number, end: number): number {
    this.#valueStart[field] = start
    this.#valueEnd[field] = end
    return end
  }

  #stringValue(field: number, from: number, end: number): number {
    const bytes = this.#bytes
    if (bytes[from] !== QUOTE) return -1
    const plainEnd = plainRunEnd(bytes, from + 1, end)
    let after = plainEnd + 1
    if (plainEnd >= end || bytes[plainEnd] !== QUOTE) {
      after = this.#skipEscaped(plainEnd, end)
      if (after === -1) return -1
      this.#escaped |= 1 << field
    }
    this.#note(field, from + 1, after - 1)
    return after
  }

  /**
   * Passes a string from its first escape on, and notes its longest run of plain characters: in a text that is the
   * text itself, which then is not looked at again when the content is checked.
   */
  #skipEscaped(from: number, end: number): number {
    const bytes = this.#bytes
    this.#runStart = 0
    this.#runEnd = 0
    let at = from
    for (;;) {
      if (at >= end) return -1
      if (bytes[at] === QUOTE) return at + 1
      if (bytes[at] !== BACKSLASH) return -1
      const runStart = skipEscape(bytes, at, end)
      if (runStart === -1) return -1
      at = plainRunEnd(bytes, runStart, end)
      if (at - runStart > this.#runEnd - this.#runStart) {
        this.#runStart = runStart
        this.#runEnd = at
      }
    }
  }

  /** What the fields hold, after the whole object was seen to be well-formed. */
  #valuesFault(): Fault | undefined {
    if (this.#length(MSG_TYPE) <= 0) return bad('MsgType is missing or empty.')
    if (this.#length(MSG_TYPE) > envelopeLimits.msgTypeBytesMax) {
      return bad(`MsgType is longer than ${envelopeLimits.msgTypeBytesMax} bytes.`)
    }
    if (this.#length(CALLBACK_ID) > envelopeLimits.callbackIdBytesMax) {
      return bad(`CallbackID is longer than ${envelopeLimits.callbackIdBytesMax} bytes.`)
    }
    if (this.#length(CLIENT_MSG_ID) > envelopeLimits.clientMsgIdBytesMax) {
      return bad(`ClientMsgId is longer than ${envelopeLimits.clientMsgIdBytesMax} bytes.`)
    }
    for (const field of [CALLBACK_ID, CLIENT_MSG_ID]) {
      if (this.#isEscaped(field) && halfCharacter.test(this.#text(field) ?? '')) {
        return bad(`${envelopeFields[field]} has half of a surrogate pair.`)
      }
    }
    if (this.#length(TO_USER_ID) > 0 && !this.#isShortAscii(TO_USER_ID)) {
      const problem = userIdFault(this.to())
      if (problem !== undefined) return bad(`ToUserId is no UserId: ${problem}.`)
    }
    if (this.#length(CREATE_TIME) > 15 || this.#bytes[this.#valueStart[CREATE_TIME] as number] === MINUS) {
      return bad('CreateTime is no Unix time in seconds.')
    }
    return undefined
  }

  /** Whether a text is 1 to 64 printable ASCII characters without escapes: then it needs no decoding to be checked. */
  #isShortAscii(field: number): boolean {
    const bytes = this.#bytes
    const end = this.#valueEnd[field] as number
    const start = this.#valueStart[field] as number
    if (this.#isEscaped(field) || end - start > 64) return false
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      if (byte <= 0x20 || byte >= 0x7f) return false
    }
    return true
  }

  #isEscaped(field: number): boolean {
    return (this.#escaped & (1 << field)) !== 0
  }

  #length(field: number): number {
    const start = this.#valueStart[field] as number
    return start === ABSENT ? -1 : (this.#valueEnd[field] as number) - start
  }

  #text(field: number): string | undefined {
    const start = this.#valueStart[field] as number
    if (start === ABSENT) return undefined
    return this.#decode(start, this.#valueEnd[field] as number, this.#isEscaped(field))
  }

  #decode(start: number, end: number, escaped: boolean): string {
    if (!escaped) return this.#bytes.toString('utf8', start, end)
    return JSON.parse(this.#bytes.toString('utf8', start - 1, end + 1)) as string
  }

  /** The receiver; empty for the server itself. */
  to(): string {
    return this.#text(TO_USER_ID) ?? ''
  }

  /** Whether the message is for the server itself. */
  isToServer(): boolean {
    return this.#length(TO_USER_ID) <= 0
  }

  /** Whether the receiver's name is written, without escapes, with exactly these bytes. */
  isTo(name: Buffer): boolean {
    return this.#equals(TO_USER_ID, name)
  }

  /** The claimed sender; undefined when absent. */
  from(): string | undefined {
    return this.#text(FROM_USER_ID)
  }

  /** Whether a sender is claimed. */
  hasFrom(): boolean {
    return this.#valueStart[FROM_USER_ID] !== ABSENT
  }

  /** Whether the claimed sender is written, without escapes, with exactly these bytes. */
  isFrom(name: Buffer): boolean {
    return this.#equals(FROM_USER_ID, name)
  }

  type(): string {
    return this.#text(MSG_TYPE) ?? ''
  }

  /** Whether `MsgType` is written, without escapes, with exactly these bytes. */
  isType(name: Buffer): boolean {
    return this.#equals(MSG_TYPE, name)
  }

  content(): string | undefined {
    return this.#text(CONTENT)
  }

  /** The `CallbackID`; an empty one counts as absent. */
  callbackId(): string | undefined {
    const id = this.#text(CALLBACK_ID)
    return id === '' ? undefined : id
  }

  /** Whether there is a `CallbackID` that asks for an answer. */
  hasCallbackId(): boolean {
    return this.#length(CALLBACK_ID) > 0
  }

  clientMsgId(): string | undefined {
    return this.#text(CLIENT_MSG_ID)
  }

  /** The claimed time of making, Unix time in seconds. */
  createTime(): number | undefined {
    const start = this.#valueStart[CREATE_TIME] as number
    if (start === ABSENT) return undefined
    return Number(this.#bytes.toString('latin1', start, this.#valueEnd[CREATE_TIME] as number))
  }

  /** Whether the message is for who is there now, and for nobody else. */
  isVolatile(): boolean {
    const start = this.#valueStart[VOLATILE] as number
    return start !== ABSENT && this.#bytes[start] === LOWER_T
  }

  /** After `contentIsPlainMessage`: where the text lies, when it has no escapes. Valid until the next `read`. */
  plainText(): { readonly bytes: Buffer; readonly start: number; readonly end: number } | undefined {
    if (this.#textStart === ABSENT) return undefined
    return { bytes: this.#bytes, start: this.#textStart, end: this.#textEnd }
  }

  /** Whether there is a `Sign`. */
  hasSign(): boolean {
    return this.#valueStart[SIGN] !== ABSENT
  }

  /** The JSON text of `Sign`. */
  sign(): string | undefined {
    return this.#text(SIGN)
  }

  /** `Content` as it lies in the envelope: the bytes of the JSON string with its quotes, valid until the next `read`. */
  contentJson(): Buffer | undefined {
    const start = this.#valueStart[CONTENT] as number
    if (start === ABSENT) return undefined
    return this.#bytes.subarray(start - 1, (this.#valueEnd[CONTENT] as number) + 1)
  }

  /** The first field that only the server may set, if one is present. */
  serverField(): 'MsgId' | 'Seq' | 'Epoch' | 'ServerTime' | undefined {
    if ((this.#seen & SERVER_FIELDS) === 0) return undefined
    for (const field of [MSG_ID, SEQ, EPOCH, SERVER_TIME]) {
      if (this.#valueStart[field] !== ABSENT) return envelopeFields[field] as 'MsgId' | 'Seq' | 'Epoch' | 'ServerTime'
    }
    return undefined
  }

  /**
   * Where the true sender has to be written when the client did not name itself: before `at` if the
   * field is absent, in the place of `null` if it is there without a value.
   */
  fromSplice(): { readonly at: number; readonly isNull: boolean } {
    if (this.#nullFromStart !== ABSENT) return { at: this.#nullFromStart, isNull: true }
    return { at: this.#memberStart, isNull: false }
  }

  /**
   * Whether `Content` is, in its plainest spelling, `{"Message": <string>}`: then it fits the schema of a text
   * and needs no parsing. False says nothing; the caller then takes the slow way.
   */
  contentIsPlainMessage(): boolean {
    const start = this.#valueStart[CONTENT] as number
    this.#textStart = ABSENT
    return start !== ABSENT && this.#isPlainMessage(start, this.#valueEnd[CONTENT] as number)
  }

  /**
   * After `contentIsPlainMessage`: the shape of the message, when none of its values has escapes. A signed message has none:
   * its signature would be taken for one of another text.
   */
  shape(start: number, end: number): MessageShape | undefined {
    if (this.#textStart === ABSENT || (this.#escaped & SHAPE_STRINGS) !== 0 || this.hasSign()) return undefined
    const values: ShapeValue[] = [{ kind: 'text', start: this.#textStart, end: this.#textEnd }]
    for (const [field, kind] of shapeFields) {
      const valueStart = this.#valueStart[field] as number
      if (valueStart !== ABSENT) values.push({ kind, start: valueStart, end: this.#valueEnd[field] as number })
    }
    values.sort((a, b) => a.start - b.start)
    return new MessageShape(this.#bytes, start, end, values)
  }

  /** Text inside a string inside JSON: a backslash of the inner text is two here, its quote is `\"`. */
  #isPlainMessage(start: number, end: number): boolean {
    const bytes = this.#bytes
    if (end - start < messageHead.length + 5) return false
    for (let index = 0; index < messageHead.length; index++) {
      if (bytes[start + index] !== messageHead[index]) return false
    }
    let at = start + messageHead.length
    if (bytes[at] === SPACE) at++
    if (bytes[at] !== BACKSLASH || bytes[at + 1] !== QUOTE) return false
    const textStart = at + 2
    let escapes = 0
    at = textStart === this.#runStart ? this.#runEnd : plainRunEnd(bytes, textStart, end)
    for (;;) {
      // The outer string is known to be well-formed: an escape is whole.
      if (at >= end || bytes[at] !== BACKSLASH) return false
      if (bytes[at + 1] === QUOTE) break
      if (bytes[at + 1] !== BACKSLASH) return false
      at = skipInnerEscape(bytes, at + 2, end)
      if (at === -1) return false
      escapes++
      at = plainRunEnd(bytes, at, end)
    }
    if (at + 3 !== end || bytes[at + 2] !== CLOSE_BRACE) return false
    if (escapes === 0) {
      this.#textStart = textStart
      this.#textEnd = at
    }
    return true
  }

  #equals(field: number, name: Buffer): boolean {
    // A name may have a backslash in it: the same bytes are another name where they are an escape.
    if (this.#isEscaped(field)) return false
    const start = this.#valueStart[field] as number
    const length = name.length
    if (start === ABSENT || (this.#valueEnd[field] as number) - start !== length) return false
    const bytes = this.#bytes
    for (let index = 0; index < length; index++) {
      if (bytes[start + index] !== name[index]) return false
    }
    return true
  }
}

/** The fields whose values differ between messages of one shape. */
const shapeFields: readonly (readonly [number, ShapeValueKind])[] = [
  [TO_USER_ID, 'to'],
  [CREATE_TIME, 'time'],
  [CALLBACK_ID, 'callbackId'],
  [CLIENT_MSG_ID, 'clientMsgId'],
]
const SHAPE_STRINGS = (1 << TO_USER_ID) | (1 << CALLBACK_ID) | (1 << CLIENT_MSG_ID)
const SERVER_FIELDS = (1 << MSG_ID) | (1 << SEQ) | (1 << EPOCH) | (1 << SERVER_TIME)

const messageHead = Buffer.from('{\\"Message\\":', 'latin1')

/** Passes what follows the inner backslash: a letter of a simple escape, or a doubled backslash or quote. */
function skipInnerEscape(bytes: Buffer, from: number, end: number): number {
  if (from >= end) return -1
  switch (bytes[from]) {
    case 0x62: // b
    case 0x66: // f
    case 0x6e: // n
    case 0x72: // r
    case 0x74: // t
    case 0x2f: // /
      return from + 1
    case BACKSLASH:
      return from + 1 < end && (bytes[from + 1] === BACKSLASH || bytes[from + 1] === QUOTE) ? from + 2 : -1
    case 0x75: {
      // \uXXXX: four hexadecimal digits
      if (from + 5 > end) return -1
      const digits = bytes.toString('latin1', from + 1, from + 5)
      return /^[0-9a-fA-F]{4}$/.test(digits) ? from + 5 : -1
    }
    default:
      return -1
  }
}

const malformed: Fault = fault('bad_envelope', 'The body is not well-formed JSON.')

function bad(message: string): Fault {
  return fault('bad_envelope', message)
}
