/**
 * Memory that is given back before the garbage collector finds it. What ciphers give has memory of its own, outside of the heap: left
 * to the collector, each result lies at another place, none of them in the caches of the processor.
 */

// Node 20 has it behind `--harmony-rab-gsab-transfer`, which `bin/parley.js` sets; without it this file does nothing.
const { transfer } = ArrayBuffer.prototype as { transfer?: (this: ArrayBufferLike, byteLength: number) => ArrayBuffer }

/** Frees the memory of bytes that nobody uses any more, if they are all that lies in it. They are empty afterwards. */
export function release(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes
  // What shares its memory with others is somebody else's too.
  if (transfer !== undefined && byteLength > 0 && buffer.byteLength === byteLength) transfer.call(buffer, 0)
}
