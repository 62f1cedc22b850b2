/**
 * What a frame costs in the splitter and the reader, alone and together: `node build/bench/micro/frames.js`.
 * Takes the best of many short rounds, which on a shared machine is nearest to what the code itself costs.
 */
import { DelimitedSplitter } from '../../src/protocol/delimited-splitter.ts'
import { defaultDelimiters } from '../../src/protocol/delimiters.ts'
import { writeEnvelope } from '../../src/protocol/envelope.ts'
import { EnvelopeReader } from '../../src/protocol/envelope-reader.ts'
import { frameOf } from '../../src/protocol/replies.ts'

const chunkBytes = 65_536
const rounds = 300

function textFrame(textBytes: number): Buffer {
  const fields = {
    ToUserId: 'user000042',
    FromUserId: 'user000041',
    MsgType: 'TextMsgRequest',
    CreateTime: 1_763_000_000,
  }
  return frameOf(defaultDelimiters, writeEnvelope(fields, { Message: 'x'.repeat(textBytes) }))
}

/** The least nanoseconds that one of `count` things takes. */
function bestNs(count: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const started = process.hrtime.bigint()
    run()
    best = Math.min(best, Number(process.hrtime.bigint() - started) / count)
  }
  return best
}

function measure(frame: Buffer): { split: number; read: number; both: number; parse: number } {
  const count = Math.max(1, Math.floor(chunkBytes / frame.length))
  const chunk = Buffer.concat(Array.from({ length: count }, () => frame))
  const splitter = new DelimitedSplitter(defaultDelimiters, 2 ** 20)
  const reader = new EnvelopeReader()
  const ignored = { noise: () => {}, truncated: () => {}, tooLarge: () => {} }
  const split = bestNs(count, () => splitter.push(chunk, { ...ignored, frame: () => true }))
  const isRead = (bytes: Buffer, start: number, end: number): boolean =>
    reader.read(bytes, start, end) === undefined && reader.contentIsPlainMessage()
  if (!isRead(chunk, 1, frame.length - 1)) throw new Error('the frame was refused')
  const read = bestNs(count, () => {
    for (let at = 0; at < chunk.length; at += frame.length) isRead(chunk, at + 1, at + frame.length - 1)
  })
  const both = bestNs(count, () => splitter.push(chunk, { ...ignored, frame: isRead }))
  const text = chunk.toString('latin1', 1, frame.length - 1)
  const parse = bestNs(count, () => {
    for (let index = 0; index < count; index++) JSON.parse(text)
  })
  return { split, read, both, parse }
}

console.log('bytes a frame | split | read and check | both | JSON.parse of the same, for comparison (ns a frame)')
for (const textBytes of [16, 128, 1024, 16_384]) {
  const frame = textFrame(textBytes)
  const { split, read, both, parse } = measure(frame)
  console.log(
    [frame.length, split, read, both, parse].map((figure) => String(Math.round(figure)).padStart(8)).join(' | '),
  )
}
