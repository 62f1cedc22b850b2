/**
 * The compact codec: the same envelope as a MessagePack map. On TCP a client announces it with the prelude and
 * then every frame, both ways, is a length of 4 bytes (big-endian) and a body; on WebSocket a binary message is a body.
 * At the edge of the server it becomes JSON text, so that everything behind knows one form only.
 */
import { Packr } from 'msgpackr'

/** The first bytes of a TCP connection that speaks the compact codec: `PLY` and the version. */
export const compactPrelude: Buffer = Buffer.of(0x50, 0x4c, 0x59, 0x01)

/** Levels of maps and arrays that a body may have, the envelope itself included. */
const depthMax = 17

/** Thrown inside the walk only, and turned into a result at its root. */
class NotCompact extends Error {}

interface Cursor {
  readonly bytes: Buffer
  at: number
}

/**
 * Turns a MessagePack body into JSON text.
 *
 * Takes maps with string keys, arrays, strings of valid UTF-8, finite numbers, booleans and nil. A key that
 * stands twice stands twice in the text as well: who reads the text refuses it.
 *
 * @returns the text, or undefined when the body is anything else, is cut short, or goes on after its value
 */
export function compactToJson(body: Buffer): string | undefined {
  const cursor: Cursor = { bytes: body, at: 0 }
  try {
    const text = readValue(cursor, depthMax)
    return cursor.at === body.length ? text : undefined
  } catch (error) {
    if (error instanceof NotCompact || error instanceof RangeError) return undefined
    throw error
  }
}

/**
 * Turns the JSON text of an envelope into a MessagePack body. JSON can write half of a surrogate pair as an
 * escape, which UTF-8 can't: U+FFFD stands in its place.
 */
export function jsonToCompact(text: string): Buffer {
  const value: unknown = JSON.parse(text)
  return packr.pack(surrogateEscape.test(text) ? wellFormed(value) : value)
}

/**
 * Writes objects as they are. A member that a stranger has named `toJSON` is a value like any other: the library
 * would call it.
 */
const packr = new Packr({ useRecords: false, useToJSON: false })

const surrogateEscape = /\\u[dD][89a-fA-F]/

/** An envelope is known to have few levels. */
function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('utf8')
  if (Array.isArray(value)) return value.map(wellFormed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [wellFormed(key), wellFormed(member)]))
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function readValue(cursor: Cursor, depth: number): string {
  const type = cursor.bytes.readUInt8(cursor.at++)
  if (type <= 0x7f) return String(type)
  if (type <= 0x8f) return readMap(cursor, type & 0x0f, depth)
  if (type <= 0x9f) return readArray(cursor, type & 0x0f, depth)
  if (type <= 0xbf) return readString(cursor, type & 0x1f)
  if (type >= 0xe0) return String(type - 0x100)
  switch (type) {
    case 0xc0:
      return 'null'
    case 0xc2:
      return 'false'
    case 0xc3:
      return 'true'
    case 0xca:
      return finite(advance(cursor, 4, (bytes, at) => bytes.readFloatBE(at)))
    case 0xcb:
      return finite(advance(cursor, 8, (bytes, at) => bytes.readDoubleBE(at)))
    case 0xcc:
    case 0xcd:
    case 0xce:
      return String(readLength(cursor, 1 << (type - 0xcc)))
    case 0xcf:
      return String(advance(cursor, 8, (bytes, at) => bytes.readBigUInt64BE(at)))
    case 0xd0:
    case 0xd1:
    case 0xd2: {
      const width = 1 << (type - 0xd0)
      return String(advance(cursor, width, (bytes, at) => bytes.readIntBE(at, width)))
    }
    case 0xd3:
      return String(advance(cursor, 8, (bytes, at) => bytes.readBigInt64BE(at)))
    case 0xd9:
    case 0xda:
    case 0xdb:
      return readString(cursor, readLength(cursor, 1 << (type - 0xd9)))
    case 0xdc:
    case 0xdd:
      return readArray(cursor, readLength(cursor, 2 << (type - 0xdc)), depth)
    case 0xde:
    case 0xdf:
      return readMap(cursor, readLength(cursor, 2 << (type - 0xde)), depth)
    default:
      throw new NotCompact()
  }
}

function advance<Value>(cursor: Cursor, width: number, read: (bytes: Buffer, at: number) => Value): Value {
  const value = read(cursor.bytes, cursor.at)
  cursor.at += width
  return value
}

function readLength(cursor: Cursor, width: number): number {
  return advance(cursor, width, (bytes, at) => bytes.readUIntBE(at, width))
}

function finite(value: number): string {
  if (!Number.isFinite(value)) throw new NotCompact()
  return JSON.stringify(value)
}

function readString(cursor: Cursor, byteCount: number): string {
  const end = cursor.at + byteCount
  if (end > cursor.bytes.length) throw new NotCompact()
  try {
    const text = utf8.decode(cursor.bytes.subarray(cursor.at, end))
    cursor.at = end
    return JSON.stringify(text)
  } catch {
    throw new NotCompact()
  }
}

// A length is only believed as far as the bytes reach: each element takes one byte at least.
function checkLength(cursor: Cursor, count: number, depth: number): void {
  if (depth === 0 || count > cursor.bytes.length - cursor.at) throw new NotCompact()
}

function readArray(cursor: Cursor, count: number, depth: number): string {
  checkLength(cursor, count, depth)
  const parts: string[] = []
  for (let index = 0; index < count; index++) parts.push(readValue(cursor, depth - 1))
  return `[${parts.join(',')}]`
}

function readMap(cursor: Cursor, count: number, depth: number): string {
  checkLength(cursor, count, depth)
  const parts: string[] = []
  for (let index = 0; index < count; index++) {
    const key = readValue(cursor, depth - 1)
    if (key[0] !== '"') throw new NotCompact()
    parts.push(`${key}:${readValue(cursor, depth - 1)}`)
  }
  return `{${parts.join(',')}}`
}
