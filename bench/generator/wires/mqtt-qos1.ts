/**
 * MQTT 3.1.1 at QoS 1: receivers have sessions that outlive their connections, and a message is the server's when it
 * has answered PUBACK. Pure.
 */
import { connectPacket, field, makeMqttWire, packet, subscribePacket } from './mqtt.ts'
import { type Acknowledger, type AnswerReader, notAnAnswer, type Storing } from './storing.ts'
import { markedText } from './text.ts'
import type { Wire } from './wire.ts'

const PUBLISH = 0x32
const PUBACK = 0x40
const PINGREQ = 0xc0
const PINGRESP = 0xd0
// User name, password; the session stays.
const keptSession = 0xc0
/** Packet identifiers go from 1 to 65535. */
const identifiers = 65_535

const storing: Storing = {
  mustEnrol: true,
  numberWriter: (frame) => {
    const topicAt = lengthEnd(frame, 0)
    const identifierAt = topicAt + 2 + frame.readUInt16BE(topicAt)
    return (bytes, at, sequence) => {
      const identifier = (sequence % identifiers) + 1
      bytes[at + identifierAt] = identifier >> 8
      bytes[at + identifierAt + 1] = identifier & 0xff
    }
  },
  makeAnswerReader,
  isCumulative: false,
  makeAcknowledger: () => new PacketAcknowledger(),
}

/** The wire. */
export const mqttQos1Wire: Wire = {
  ...makeMqttWire({
    connect: (login) =>
      login.ack === undefined ? connectPacket(login) : connectPacket(login, { flags: keptSession, id: login.userId }),
    subscribe: (topics) => subscribePacket(topics, 1),
  }),
  encodeMessage: (route, shape) =>
    packet(PUBLISH, Buffer.concat([field(route.toUserId), Buffer.alloc(2), Buffer.from(markedText(route, shape))])),
  storing,
}

/** Answers name the packet; which message it was follows from the first one that is still to be answered. */
function makeAnswerReader(): AnswerReader {
  return (bytes, start, _end, expected) => {
    if (bytes[start] !== PUBACK) return notAnAnswer
    const identifier = ((bytes[start + 2] ?? 0) << 8) | (bytes[start + 3] ?? 0)
    let ahead = (identifier - 1 - (expected % identifiers) + identifiers) % identifiers
    if (ahead > identifiers / 2) ahead -= identifiers
    return expected + ahead
  }
}

/** Acknowledges each packet, those of a turn in one write. */
class PacketAcknowledger implements Acknowledger {
  #bytes: Buffer = Buffer.alloc(4096)
  #used = 0

  take(bytes: Buffer, start: number): void {
    const topicAt = lengthEnd(bytes, start)
    const identifierAt = topicAt + 2 + bytes.readUInt16BE(topicAt)
    if (this.#used === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes, Buffer.alloc(this.#used)])
    const at = this.#used
    this.#bytes[at] = PUBACK
    this.#bytes[at + 1] = 2
    this.#bytes[at + 2] = bytes[identifierAt] ?? 0
    this.#bytes[at + 3] = bytes[identifierAt + 1] ?? 0
    this.#used += 4
  }

  flush(): Buffer | undefined {
    if (this.#used === 0) return undefined
    const written = Buffer.from(this.#bytes.subarray(0, this.#used))
    this.#used = 0
    return written
  }

  finish(): Buffer {
    return Buffer.concat([this.flush() ?? Buffer.alloc(0), Buffer.from([PINGREQ, 0])])
  }

  isFinished(bytes: Buffer, start: number): boolean {
    return bytes[start] === PINGRESP
  }
}

/** Where the variable header begins. */
function lengthEnd(bytes: Buffer, start: number): number {
  let at = start + 1
  while ((bytes[at] ?? 0) >= 0x80) at++
  return at + 1
}
