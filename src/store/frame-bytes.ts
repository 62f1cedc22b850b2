/**
 * Where frames begin and end in a run's bytes. Frames are whole, START body END, one after the other, and their
 * delimiters never occur in bodies, so a frame's end is the next END.
 */

/** Where the frame after the first `count` begins: how many bytes those take. */
export function bytesOfFrames(frames: Uint8Array, count: number, end: number): number {
  let at = 0
  for (let index = 0; index < count; index++) {
    const found = frames.indexOf(end, at)
    if (found === -1) throw new RangeError(`a run of less than ${count} frames`)
    at = found + 1
  }
  return at
}

/** How many of the first frames take no more than `bytesMax` together, at most `countMax`. */
export function framesWithin(frames: Uint8Array, end: number, countMax: number, bytesMax: number): number {
  let at = 0
  for (let count = 0; count < countMax; count++) {
    const found = frames.indexOf(end, at)
    if (found === -1 || found >= bytesMax) return count
    at = found + 1
  }
  return countMax
}

/** The same frames with other delimiters; the same bytes when they have those already. */
export function withDelimiters(
  frames: Uint8Array,
  from: { readonly start: number; readonly end: number },
  to: { readonly start: number; readonly end: number },
): Uint8Array {
  if (from.start === to.start && from.end === to.end) return frames
  return frames.map((byte) => (byte === from.start ? to.start : byte === from.end ? to.end : byte))
}
