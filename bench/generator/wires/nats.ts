/** The text protocol of NATS: one subject per user. https://docs.nats.io/reference/reference-protocols/nats-protocol. Pure. */
import { type Measure, MeasuredReader } from './measured-reader.ts'
import { markedText } from './text.ts'
import { type Dialogue, everyone, type Step, type Wire, wait } from './wire.ts'

const M = 0x4d
const CR = 0x0d
const LF = 0x0a
const ping = Buffer.from('PING\r\n')
const pong = Buffer.from('PONG\r\n')

/** The wire. */
export const natsWire: Wire = {
  login: (login): Dialogue => {
    const options = {
      verbose: false,
      pedantic: false,
      echo: false,
      protocol: 1,
      lang: 'bench',
      version: '1',
      user: login.userId,
      pass: login.password,
    }
    return { opening: Buffer.from(`CONNECT ${JSON.stringify(options)}\r\nPING\r\n`), hear }
  },
  subscribe: (topics): Dialogue => {
    const lines = topics.map((topic, index) => `SUB ${topic} ${index + 1}\r\n`)
    return { opening: Buffer.from(`${lines.join('')}PING\r\n`), hear }
  },
  encodeMessage: (route, shape) => encode(route.toUserId, markedText(route, shape)),
  encodeBroadcast: (route, shape) => encode(everyone, markedText(route, shape)),
  makeReader: (handler) => new MeasuredReader(handler, makeMeasure()),
  greetsBeforeTls: true,
  control: (frame) => {
    if (frame.equals(ping)) return pong
    return frame.equals(pong) || frame.subarray(0, 5).toString() === 'INFO ' ? 'nothing' : 'complaint'
  },
}

function encode(subject: string, text: string): Buffer {
  return Buffer.from(`PUB ${subject} ${Buffer.byteLength(text)}\r\n${text}\r\n`)
}

/** The server has done what it was told as soon as it answers the PING that stands behind it. */
function hear(input: Buffer): Step {
  let consumed = 0
  for (;;) {
    const end = input.indexOf(LF, consumed)
    if (end === -1) return wait
    const line = input.toString('utf8', consumed, end).trimEnd()
    consumed = end + 1
    if (line === 'PONG') return { kind: 'done', consumed }
    if (line.startsWith('-ERR')) return { kind: 'failed', reason: line }
  }
}

/** Most frames of a run have one length, so the last one's is tried first. */
function makeMeasure(): Measure {
  let frameBytes = 1
  return (bytes, start, length) => {
    const guess = start + frameBytes
    if (guess <= length && bytes[start] === M && bytes[guess - 1] === LF && bytes[guess - 2] === CR) return guess
    const lineEnd = bytes.indexOf(LF, start)
    if (lineEnd === -1 || lineEnd >= length) return -1
    if (bytes[start] !== M) return lineEnd + 1
    const size = Number(bytes.toString('latin1', bytes.lastIndexOf(0x20, lineEnd) + 1, lineEnd - 1))
    const end = lineEnd + 1 + size + 2
    if (end > length) return -1
    frameBytes = end - start
    return end
  }
}
