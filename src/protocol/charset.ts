/**
 * GB18030 at the edge of the server; inside, everything is UTF-8. GB18030 reads and writes GB2312 and GBK
 * text too, and has a form for every character of Unicode, so nothing is lost on the way out.
 */
import iconv from 'iconv-lite'

const decoder = new TextDecoder('gb18030', { fatal: true })

/** Decodes GB18030 bytes; undefined when they are not valid in the charset. */
export function decodeGb18030(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Encodes text as GB18030. */
export function encodeGb18030(text: string): Buffer {
  return iconv.encode(text, 'gb18030')
}
