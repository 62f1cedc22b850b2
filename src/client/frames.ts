/** Frames `START body END` as bytes, and back: how several envelopes stand in one write, or in one sealed record. */
import { decodeGb18030, encodeGb18030 } from '../protocol/charset.ts'
import type { Delimiters } from '../protocol/delimiters.ts'
import type { Charset } from './transport.ts'

/** How frames are written. */
export interface FrameForm {
  /** The byte before a body. */
  readonly startByte: number
  /** The byte after a body. */
  readonly endByte: number
  readonly charset: Charset
}

/** The bytes of several frames, as one buffer. */
export function encodeFrames(bodies: readonly string[], form: FrameForm): Buffer {
  const encode = form.charset === 'gb18030' ? encodeGb18030 : encodeUtf8
  const { startByte, endByte } = form
  if (startByte < 0x80 && endByte < 0x80) {
    // Below 0x80 both charsets are ASCII, so the delimiters can be part of one text that is encoded at once.
    const start = String.fromCharCode(startByte)
    const end = String.fromCharCode(endByte)
    return encode(start + bodies.join(end + start) + end)
  }
  return Buffer.concat(bodies.flatMap((body) => [Buffer.of(startByte), encode(body), Buffer.of(endByte)]))
}

/** Reads the text of bodies; undefined when the bytes are not valid in the charset. */
export function bodyDecoder(charset: Charset): (bytes: Uint8Array) => string | undefined {
  if (charset === 'gb18030') return decodeGb18030
  // A byte order mark is no JSON: it is kept, so that the reader of envelopes refuses it.
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  return (bytes) => {
    try {
      return utf8.decode(bytes)
    } catch {
      return undefined
    }
  }
}

/**
 * Takes bytes apart that must be whole frames and nothing else.
 *
 * @returns the bodies, or undefined when a byte is too much or too little
 */
export function splitFrames(bytes: Buffer, { start, end }: Delimiters): Buffer[] | undefined {
  const bodies: Buffer[] = []
  let position = 0
  while (position < bytes.length) {
    if (bytes[position] !== start) return undefined
    const bodyEnd = bytes.indexOf(end, position + 1)
    if (bodyEnd === -1) return undefined
    const body = bytes.subarray(position + 1, bodyEnd)
    // A second START would be a frame that was cut.
    if (body.includes(start)) return undefined
    bodies.push(body)
    position = bodyEnd + 1
  }
  return bodies.length === 0 ? undefined : bodies
}

function encodeUtf8(text: string): Buffer {
  return Buffer.from(text, 'utf8')
}
