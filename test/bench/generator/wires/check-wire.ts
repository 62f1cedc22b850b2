/** What the tests of all wires have in common: frames cut at every byte, and dialogues heard byte by byte. */
import type { MessageShape, Route } from '../../../../bench/generator/frame.ts'
import type { Dialogue, Step, Wire } from '../../../../bench/generator/wires/wire.ts'

/** A sender and its receiver. */
export const route: Route = { number: 7, fromUserId: 'bench-00000', toUserId: 'bench-00001' }

/** A short message. */
export const shape: MessageShape = { size: 40, from: 'set', callback: false }

/** The text of a message, with its number still zero. */
export const text = '~00007:0000000000~the quick brown fox ju'

/** The frames that a reader finds when the input comes in two chunks, cut at `at`. */
export function framesOf(wire: Wire, input: Buffer, at = input.length): string[] {
  const frames: string[] = []
  const reader = wire.makeReader((bytes, start, end) => frames.push(bytes.toString('latin1', start, end)))
  for (const chunk of [input.subarray(0, at), input.subarray(at)]) {
    // Chunks come in a buffer that is larger and holds old bytes.
    const shared = Buffer.alloc(chunk.length + 300, '>\r\n')
    chunk.copy(shared)
    if (chunk.length > 0) reader.consume(shared, chunk.length)
    shared.fill(0)
  }
  return frames
}

/** Cuts the input at every byte, and again into single bytes; gives what differs from the frames in one chunk. */
export function cutDifferences(wire: Wire, input: Buffer): unknown[] {
  const whole = JSON.stringify(framesOf(wire, input))
  const differences: unknown[] = []
  for (let at = 1; at < input.length; at++) {
    const frames = JSON.stringify(framesOf(wire, input, at))
    if (frames !== whole) differences.push({ at, frames })
  }
  const single: string[] = []
  const reader = wire.makeReader((bytes, start, end) => single.push(bytes.toString('latin1', start, end)))
  for (const byte of input) reader.consume(Buffer.from([byte]), 1)
  if (JSON.stringify(single) !== whole) differences.push({ at: 'each byte', single })
  return differences
}

/** Lets a dialogue hear the server's words byte by byte; tells what it said and how it ended. */
export function talk(dialogue: Dialogue, words: readonly (string | Buffer)[]): { said: Buffer[]; end: Step } {
  const said: Buffer[] = [dialogue.opening]
  let input = Buffer.alloc(0)
  let end: Step = { kind: 'wait' }
  for (const byte of Buffer.concat(words.map((word) => Buffer.from(word)))) {
    input = Buffer.concat([input, Buffer.from([byte])])
    end = dialogue.hear(input)
    while (end.kind === 'say') {
      if (end.bytes.length > 0) said.push(end.bytes)
      input = input.subarray(end.consumed)
      end = dialogue.hear(input)
    }
    if (end.kind !== 'wait') break
  }
  return { said, end }
}
