/**
 * The protocol of Redis, RESP3, so that one connection may both publish and be subscribed: one channel per
 * user. Answers to PUBLISH are switched off, as CLIENT REPLY is for. https://redis.io/docs/latest/develop/reference/protocol-spec/.
 * Pure.
 */
import { type Measure, MeasuredReader } from './measured-reader.ts'
import { markedText } from './text.ts'
import { type Dialogue, everyone, type Step, type Wire, wait } from './wire.ts'

const PUSH = 0x3e
const CR = 0x0d
const LF = 0x0a
const containers = '*~>%|'
const blobs = '$!='

/** The wire. */
export const respWire: Wire = {
  login: (login): Dialogue => {
    const hello = command('HELLO', '3', 'AUTH', login.userId, login.password ?? '')
    return { opening: Buffer.concat([hello, command('CLIENT', 'REPLY', 'OFF')]), hear: (input) => hear(input, 1) }
  },
  subscribe: (topics): Dialogue => ({
    opening: command('SUBSCRIBE', ...topics),
    hear: (input) => hear(input, topics.length),
  }),
  encodeMessage: (route, shape) => command('PUBLISH', route.toUserId, markedText(route, shape)),
  encodeBroadcast: (route, shape) => command('PUBLISH', everyone, markedText(route, shape)),
  makeReader: (handler) => new MeasuredReader(handler, makeMeasure()),
  control: () => 'complaint',
}

function command(...words: string[]): Buffer {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return Buffer.from(`*${words.length}\r\n${parts.join('')}`)
}

/** Waits for so many answers. */
function hear(input: Buffer, answers: number): Step {
  let consumed = 0
  for (let answer = 0; answer < answers; answer++) {
    const end = measureValue(input, consumed, input.length)
    if (end === -1) return wait
    if (input[consumed] === 0x2d) return { kind: 'failed', reason: input.toString('utf8', consumed + 1, end).trimEnd() }
    consumed = end
  }
  return { kind: 'done', consumed }
}

/** Most frames of a run have one length, so the last one's is tried first. */
function makeMeasure(): Measure {
  let frameBytes = 1
  return (bytes, start, length) => {
    const guess = start + frameBytes
    if (guess <= length && bytes[start] === PUSH && bytes[guess - 1] === LF && bytes[guess - 2] === CR) return guess
    const end = measureValue(bytes, start, length)
    if (end !== -1 && bytes[start] === PUSH) frameBytes = end - start
    return end
  }
}

const measureValue: Measure = (bytes, start, length) => {
  const lineEnd = bytes.indexOf(LF, start)
  if (lineEnd === -1 || lineEnd >= length) return -1
  const type = String.fromCharCode(bytes[start] ?? 0)
  const isContainer = containers.includes(type)
  if (!isContainer && !blobs.includes(type)) return lineEnd + 1
  const count = Number(bytes.toString('latin1', start + 1, lineEnd - 1))
  if (!isContainer) {
    const end = count === -1 ? lineEnd + 1 : lineEnd + 1 + count + 2
    return end > length ? -1 : end
  }
  let end = lineEnd + 1
  const values = type === '%' || type === '|' ? 2 * count : count
  for (let value = 0; value < values && end !== -1; value++) end = measureValue(bytes, end, length)
  return end
}
