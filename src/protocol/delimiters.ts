/** The two bytes around a frame, and which bytes can serve. */

/** The charsets that a listener can speak. */
export const charsets = ['utf-8', 'gb18030'] as const
export type Charset = (typeof charsets)[number]

/** The bytes before and after a body. */
export interface Delimiters {
  readonly start: number
  readonly end: number
}

/** STX and ETX. */
export const defaultDelimiters: Delimiters = { start: 0x02, end: 0x03 }

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/**
 * Says why a pair of bytes can't delimit frames, or nothing when it can. A delimiter must never occur
 * inside a body: JSON text escapes the control characters but for TAB, LF and CR, and each charset has
 * bytes that it never uses.
 */
export function delimitersProblem(delimiters: Delimiters, charset: Charset): string | undefined {
  const { start, end } = delimiters
  if (start === end) return 'the start byte and the end byte must differ'
  for (const [name, byte] of [
    ['start', start],
    ['end', end],
  ] as const) {
    if (!canDelimit(byte, charset)) {
      return `the ${name} byte ${hex(byte)} can occur inside a body: take one of 0x00-0x1f (not 0x09, 0x0a, 0x0d) or ${unusedBytesText[charset]}`
    }
  }
  return undefined
}

const unusedBytesText = {
  'utf-8': '0xc0, 0xc1, 0xf5-0xff',
  gb18030: '0xff',
} as const

function canDelimit(byte: number, charset: Charset): boolean {
  if (!Number.isInteger(byte) || byte < 0 || byte > 0xff) return false
  if (byte < 0x20) return byte !== TAB && byte !== LINE_FEED && byte !== CARRIAGE_RETURN
  // A server keeps all text as UTF-8 between its threads, so what GB18030 never uses must be unused there too: 0xff is.
  if (charset === 'gb18030') return byte === 0xff
  return byte === 0xc0 || byte === 0xc1 || byte >= 0xf5
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`
}
