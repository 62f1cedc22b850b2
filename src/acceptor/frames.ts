/** Small functions on frames in the server's own form: START body END. */
import type { Delimiters } from '../protocol/delimiters.ts'

/** Puts a body between delimiters. */
export function frameOfBody(delimiters: Delimiters, body: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(body.length + 2)
  frame[0] = delimiters.start
  frame.set(body, 1)
  frame[frame.length - 1] = delimiters.end
  return frame
}

/** Calls back with each body `[start, end)` of whole frames that follow one another without a gap. */
export function forEachFrame(frames: Buffer, delimiters: Delimiters, body: (start: number, end: number) => void): void {
  let at = 0
  while (at < frames.length) {
    const end = frames.indexOf(delimiters.end, at)
    if (end === -1) throw new Error('frames between threads must be whole')
    body(at + 1, end)
    at = end + 1
  }
}
