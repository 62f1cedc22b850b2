/**
 * NATS with JetStream: one stream, a subject per user. A message is stored when the server has answered on the reply
 * subject that was published with it; a receiver has a durable push consumer and acknowledges up to a message (`AckAll`).
 * https://docs.nats.io/reference/reference-protocols/nats_api_reference. Pure.
 */
import { readDigits, sequenceDigits, writeSequence } from '../frame.ts'
import { natsWire } from './nats.ts'
import { type Acknowledger, type AnswerReader, notAnAnswer, refused, type Storing } from './storing.ts'
import { markedText } from './text.ts'
import { type Dialogue, type Step, type Wire, wait } from './wire.ts'

const stream = 'INBOXES'
const subjects = 'inbox'
const M = 0x4d
const CR = 0x0d
const SPACE = 0x20
const zeros = '0'.repeat(sequenceDigits)
const asText = Buffer.from('"stream"')
/** No limit to messages on their way to one receiver: with one it is half as fast. */
const ackPendingMax = -1

const storing: Storing = {
  // Kept in a file, in one copy, all of it; not counted by client ids.
  setUp: request(`$JS.API.STREAM.CREATE.${stream}`, {
    name: stream,
    subjects: [`${subjects}.>`],
    retention: 'limits',
    storage: 'file',
    num_replicas: 1,
    max_consumers: -1,
    max_msgs: -1,
    max_bytes: -1,
    max_age: 0,
    discard: 'old',
  }),
  mustEnrol: false,
  beginSending: (userId) => ({ opening: Buffer.from(`SUB answer.${userId}.* 1\r\nPING\r\n`), hear: hearPong }),
  numberWriter: (frame) => {
    const digitsAt = frame.indexOf(SPACE, frame.indexOf('answer.')) - sequenceDigits
    return (bytes, at, sequence) => writeSequence(bytes, at + digitsAt, sequence)
  },
  makeAnswerReader,
  isCumulative: false,
  beforeFetching: (userId) =>
    request(`$JS.API.CONSUMER.DURABLE.CREATE.${stream}.${userId}`, {
      stream_name: stream,
      config: {
        durable_name: userId,
        deliver_subject: `deliver.${userId}`,
        deliver_policy: 'all',
        ack_policy: 'all',
        ack_wait: 30_000_000_000,
        filter_subject: `${subjects}.${userId}`,
        replay_policy: 'instant',
        max_ack_pending: ackPendingMax,
      },
    }),
  fetch: (userId) => Buffer.from(`SUB deliver.${userId} 1\r\nSUB finish.${userId} 2\r\n`),
  makeAcknowledger: (userId) => new ReplyAcknowledger(`finish.${userId}`),
}

/** The wire. */
export const jetstreamWire: Wire = {
  ...natsWire,
  encodeMessage: (route, shape) => {
    const text = markedText(route, shape)
    const reply = `answer.${route.fromUserId}.${zeros}`
    return Buffer.from(`PUB ${subjects}.${route.toUserId} ${reply} ${Buffer.byteLength(text)}\r\n${text}\r\n`)
  },
  storing,
}

/** A request to the server, and its answer, which is JSON. */
function request(subject: string, body: object): Dialogue {
  const inbox = 'setup'
  const text = JSON.stringify(body)
  const opening = `SUB ${inbox} 9\r\nPUB ${subject} ${inbox} ${Buffer.byteLength(text)}\r\n${text}\r\nUNSUB 9 1\r\n`
  return { opening: Buffer.from(opening), hear: hearAnswer }
}

function hearAnswer(input: Buffer): Step {
  const text = input.toString('utf8')
  const found = /(?:^|\n)MSG setup 9 (\d+)\r\n/.exec(text)
  if (found === null) return text.startsWith('-ERR') ? { kind: 'failed', reason: text } : wait
  const consumed = found.index + found[0].length + Number(found[1]) + 2
  if (consumed > input.length) return wait
  if (text.includes('"error"')) return { kind: 'failed', reason: text }
  return { kind: 'done', consumed }
}

function hearPong(input: Buffer): Step {
  const at = input.indexOf('PONG\r\n')
  return at === -1 ? wait : { kind: 'done', consumed: at + 6 }
}

/** `MSG answer.<user>.<number> 1 <bytes>` and then `{"stream":…}`, or `{"error":…}`. */
function makeAnswerReader(): AnswerReader {
  let digitsAt = 0
  return (bytes, start, end) => {
    if (bytes[start] !== M) return notAnAnswer
    let sequence = digitsAt === 0 ? Number.NaN : readDigits(bytes, start + digitsAt, sequenceDigits)
    if (Number.isNaN(sequence) || bytes[start + digitsAt + sequenceDigits] !== SPACE) {
      digitsAt = bytes.indexOf(SPACE, start + 'MSG '.length) - sequenceDigits - start
      sequence = readDigits(bytes, start + digitsAt, sequenceDigits)
      if (Number.isNaN(sequence)) return notAnAnswer
    }
    // Behind the number: the subscription, the size, the end of the line, a brace.
    const bodyAt = bytes.indexOf(CR, start + digitsAt + sequenceDigits) + 3
    return bodyAt < end && asText.compare(bytes, bodyAt, bodyAt + asText.length) === 0 ? sequence : refused
  }
}

/** Answers the last message's reply subject. */
class ReplyAcknowledger implements Acknowledger {
  readonly #finishSubject: string
  readonly #reply: Buffer = Buffer.alloc(256)
  #replyBytes = 0
  #isFresh = false

  constructor(finishSubject: string) {
    this.#finishSubject = finishSubject
  }

  /** `MSG <subject> <subscription> <reply> <bytes>`. */
  take(bytes: Buffer, start: number): void {
    const lineEnd = bytes.indexOf(CR, start)
    const to = bytes.lastIndexOf(SPACE, lineEnd)
    const from = bytes.lastIndexOf(SPACE, to - 1) + 1
    this.#replyBytes = bytes.copy(this.#reply, 0, from, to)
    this.#isFresh = true
  }

  flush(): Buffer | undefined {
    if (!this.#isFresh) return undefined
    this.#isFresh = false
    return Buffer.from(`PUB ${this.#reply.toString('latin1', 0, this.#replyBytes)} 0\r\n\r\n`, 'latin1')
  }

  finish(): Buffer {
    const reply = this.#reply.toString('latin1', 0, this.#replyBytes)
    return Buffer.from(`PUB ${reply} ${this.#finishSubject} 4\r\n+ACK\r\n`, 'latin1')
  }

  isFinished(bytes: Buffer, start: number, end: number): boolean {
    return bytes[start] === M && bytes.toString('latin1', start, end).startsWith(`MSG ${this.#finishSubject} `)
  }
}
