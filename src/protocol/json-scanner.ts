/**
 * Walks over JSON text in UTF-8 bytes and proves it well-formed (RFC 8259) without building values and
 * without recursion. Whether the bytes are valid UTF-8 is checked by the caller, natively.
 *
 * Every function takes the offset to begin at and returns the offset after what it passed, or -1.
 */

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
export const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
export const COLON = 0x3a
const OPEN_BRACKET = 0x5b
export const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
const LOWER_U = 0x75

/** 1 for the bytes that end a run of plain characters inside a string: control characters, quote, backslash. */
const endsPlainRun = new Uint8Array(256)
endsPlainRun.fill(1, 0, 0x20)
endsPlainRun[QUOTE] = 1
endsPlainRun[BACKSLASH] = 1

/** 1 for what may follow a backslash, `u` apart. */
const isSimpleEscape = new Uint8Array(256)
for (const char of '"\\/bfnrt') isSimpleEscape[char.charCodeAt(0)] = 1

const isHexDigit = new Uint8Array(256)
for (const char of '0123456789abcdefABCDEF') isHexDigit[char.charCodeAt(0)] = 1

/** The offset of the first quote, backslash or control character at or after `from`, or `end`. */
export function plainRunEnd(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  // Most runs are short; a long one goes on eight bytes at a time, which takes a third off its cost.
  const shortEnd = Math.min(from + shortRunBytes, end)
  while (at < shortEnd && endsPlainRun[bytes[at] as number] === 0) at++
  if (at === shortEnd) {
    while (at + 8 <= end && areEightPlain(bytes, at)) at += 8
    while (at < end && endsPlainRun[bytes[at] as number] === 0) at++
  }
  return at
}

const shortRunBytes = 24

function areEightPlain(bytes: Uint8Array, at: number): boolean {
  const ends = endsPlainRun
  const firstFour =
    (ends[bytes[at] as number] as number) |
    (ends[bytes[at + 1] as number] as number) |
    (ends[bytes[at + 2] as number] as number) |
    (ends[bytes[at + 3] as number] as number)
  const lastFour =
    (ends[bytes[at + 4] as number] as number) |
    (ends[bytes[at + 5] as number] as number) |
    (ends[bytes[at + 6] as number] as number) |
    (ends[bytes[at + 7] as number] as number)
  return (firstFour | lastFour) === 0
}

/** Passes white space; always succeeds. */
export function skipSpace(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end) {
    const byte = bytes[at]
    if (byte !== SPACE && byte !== TAB && byte !== LINE_FEED && byte !== CARRIAGE_RETURN) break
    at++
  }
  return at
}

/** Passes a string whose opening quote stands at `from`. */
export function skipString(bytes: Uint8Array, from: number, end: number): number {
  let at = from + 1
  for (;;) {
    at = plainRunEnd(bytes, at, end)
    if (at >= end) return -1
    const byte = bytes[at]
    if (byte === QUOTE) return at + 1
    if (byte !== BACKSLASH) return -1
    at = skipEscape(bytes, at, end)
    if (at === -1) return -1
  }
}

/** Passes an escape whose backslash stands at `from`. */
export function skipEscape(bytes: Uint8Array, from: number, end: number): number {
  if (from + 1 >= end) return -1
  const escaped = bytes[from + 1] as number
  if (isSimpleEscape[escaped] === 1) return from + 2
  if (escaped !== LOWER_U || from + 6 > end) return -1
  for (let at = from + 2; at < from + 6; at++) {
    if (isHexDigit[bytes[at] as number] === 0) return -1
  }
  return from + 6
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE
}

function skipDigits(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && isDigit(bytes[at])) at++
  return at === from ? -1 : at
}

/** Passes an integer without fraction or exponent. */
export function skipInteger(bytes: Uint8Array, from: number, end: number): number {
  const digits = bytes[from] === MINUS ? from + 1 : from
  const at = skipDigits(bytes, digits, end)
  if (at === -1) return -1
  return bytes[digits] === ZERO && at > digits + 1 ? -1 : at
}

function skipNumber(bytes: Uint8Array, from: number, end: number): number {
  let at = skipInteger(bytes, from, end)
  if (at === -1) return -1
  if (at < end && bytes[at] === DOT) {
    at = skipDigits(bytes, at + 1, end)
    if (at === -1) return -1
  }
  if (at < end && (bytes[at] === 0x65 || bytes[at] === 0x45)) {
    const sign = bytes[at + 1]
    at = skipDigits(bytes, sign === 0x2b || sign === MINUS ? at + 2 : at + 1, end)
  }
  return at
}

const literals = ['true', 'false', 'null'].map((word) => Buffer.from(word, 'latin1'))

function skipLiteral(bytes: Uint8Array, from: number, end: number): number {
  for (const word of literals) {
    if (from + word.length > end) continue
    let same = 0
    while (same < word.length && bytes[from + same] === word[same]) same++
    if (same === word.length) return from + same
  }
  return -1
}

function skipScalar(bytes: Uint8Array, from: number, end: number): number {
  const byte = bytes[from]
  if (byte === QUOTE) return skipString(bytes, from, end)
  if (byte === MINUS || isDigit(byte)) return skipNumber(bytes, from, end)
  return skipLiteral(bytes, from, end)
}

/**
 * Passes one value of any kind, with at most `depthMax` (up to 31) levels of objects and arrays.
 * The open levels are kept as the bits of one number, so nothing grows with the input.
 */
export function skipValue(bytes: Uint8Array, from: number, end: number, depthMax: number): number {
  // The lowest bit tells the innermost level: 1 an object, 0 an array.
  let levels = 0
  let depth = 0
  let at = from
  for (;;) {
    at = skipSpace(bytes, at, end)
    if (at >= end) return -1
    const byte = bytes[at]
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      if (depth === depthMax) return -1
      const isObject = byte === OPEN_BRACE
      at = skipSpace(bytes, at + 1, end)
      if (bytes[at] === (isObject ? CLOSE_BRACE : CLOSE_BRACKET) && at < end) {
        at++
      } else {
        depth++
        levels = (levels << 1) | (isObject ? 1 : 0)
        if (isObject) at = skipKey(bytes, at, end)
        if (at === -1) return -1
        continue
      }
    } else {
      at = skipScalar(bytes, at, end)
      if (at === -1) return -1
    }
    // A value has ended: close levels until one goes on with a comma.
    for (;;) {
      if (depth === 0) return at
      at = skipSpace(bytes, at, end)
      if (at >= end) return -1
      const next = bytes[at]
      if (next === COMMA) {
        at++
        if ((levels & 1) === 1) at = skipKey(bytes, at, end)
        if (at === -1) return -1
        break
      }
      if (next !== ((levels & 1) === 1 ? CLOSE_BRACE : CLOSE_BRACKET)) return -1
      levels >>>= 1
      depth--
      at++
    }
  }
}

/** Passes `"key" :` with the white space around it. */
function skipKey(bytes: Uint8Array, from: number, end: number): number {
  let at = skipSpace(bytes, from, end)
  if (at >= end || bytes[at] !== QUOTE) return -1
  at = skipString(bytes, at, end)
  if (at === -1) return -1
  at = skipSpace(bytes, at, end)
  return at < end && bytes[at] === COLON ? at + 1 : -1
}
