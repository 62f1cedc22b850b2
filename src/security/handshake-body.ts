/**
 * The bodies of the handshake's frames: ordinary envelopes, but in one exact form, so that no two parsers can read
 * different things in them: ASCII, JSON without white space, no member twice, `Content` last.
 */
import { parseJson } from '../protocol/json.ts'

/** The longest body that is read, in bytes. Frame 1 with four rotations of 4096-bit keys has 9 KiB. */
export const handshakeBodyBytesMax = 16_384

/** The type of frame 2. */
export const terminalType = 'TerminalKeyMessage'

const limits = { depthMax: 5, keysMax: 64 } as const
const printableAscii = /^[\x20-\x7e]*$/

/** The members of an entity, as `JSON.parse` gives them: nothing about them is checked. */
export type Members = Readonly<Record<string, unknown>>

/**
 * Reads a body.
 *
 * @returns the members of its `Content`, or undefined for another type, or anything that is not exactly as it must be
 */
export function readHandshakeBody(body: Uint8Array, msgType: string): Members | undefined {
  if (body.length > handshakeBodyBytesMax) return undefined
  const envelope = readExactly(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1'))
  if (envelope?.['MsgType'] !== msgType || Object.keys(envelope).at(-1) !== 'Content') return undefined
  const content = envelope['Content']
  return typeof content === 'string' ? readExactly(content) : undefined
}

/** Writes a body. `members` are written in their order. */
export function writeHandshakeBody(msgType: string, createTime: number, members: Members, callbackId?: string): string {
  const envelope = { MsgType: msgType, CreateTime: createTime, CallbackID: callbackId, Content: asciiJson(members) }
  return asciiJson(envelope)
}

/** Writes frame 2. */
export function writeTerminalBody(createTime: number, members: Members): Buffer {
  return Buffer.from(writeHandshakeBody(terminalType, createTime, members), 'latin1')
}

function readExactly(text: string): Members | undefined {
  if (!printableAscii.test(text)) return undefined
  const parsed = parseJson(text, limits)
  if ('problem' in parsed || !isObject(parsed.value)) return undefined
  // White space, members twice, other escapes: all of that does not come out again as it went in.
  return asciiJson(parsed.value) === text ? parsed.value : undefined
}

/** JSON text without white space, everything outside ASCII escaped. */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
