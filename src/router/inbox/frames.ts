/** Parts of a run: whole frames, START body END, one after the other; the delimiters never occur in bodies. */

/** The first frames of a run. */
export function firstFrames(frames: Buffer, count: number, end: number): Buffer {
  return frames.subarray(0, offsetOf(frames, count, end))
}

/** Where the frame with an index begins. */
export function offsetOf(frames: Uint8Array, index: number, end: number): number {
  let at = 0
  for (let passed = 0; passed < index; passed++) {
    const found = frames.indexOf(end, at)
    if (found === -1) throw new RangeError(`a run of fewer than ${index} frames`)
    at = found + 1
  }
  return at
}
