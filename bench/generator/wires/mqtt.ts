/** MQTT 3.1.1 at QoS 0: one topic per user. https://docs.oasis-open.org/mqtt/mqtt/v3.1.1/os/mqtt-v3.1.1-os.html. Pure. */
import type { Login } from '../raw-connection.ts'
import { type Measure, MeasuredReader } from './measured-reader.ts'
import { markedText } from './text.ts'
import { type Dialogue, everyone, type Step, type Wire, wait } from './wire.ts'

const CONNECT = 0x10
const CONNACK = 0x20
const PUBLISH = 0x30
const SUBSCRIBE = 0x82
const SUBACK = 0x90
// User name, password, clean session.
const connectFlags = 0xc2

/** The wire. */
export const mqttWire: Wire = makeMqttWire({ connect: connectPacket, subscribe: subscribePacket })

/** A wire with other packets for the login and the subscription. */
export function makeMqttWire(packets: {
  readonly connect: (login: Login) => Buffer
  readonly subscribe: (topics: readonly string[]) => Buffer
}): Wire {
  return {
    login: (login): Dialogue => ({ opening: packets.connect(login), hear: (input) => hear(input, CONNACK) }),
    subscribe: (topics): Dialogue => ({ opening: packets.subscribe(topics), hear: (input) => hear(input, SUBACK) }),
    encodeMessage: (route, shape) => encode(route.toUserId, markedText(route, shape)),
    encodeBroadcast: (route, shape) => encode(everyone, markedText(route, shape)),
    makeReader: (handler) => new MeasuredReader(handler, measure),
    control: () => 'complaint',
  }
}

/** The packet of a login. Without a client identifier the server makes one. Keep-alive 0: none. */
export function connectPacket(
  login: Login,
  session: { flags: number; id: string } = { flags: connectFlags, id: '' },
): Buffer {
  const header = Buffer.concat([field('MQTT'), Buffer.from([4, session.flags, 0, 0])])
  const payload = Buffer.concat([field(session.id), field(login.userId), field(login.password ?? '')])
  return packet(CONNECT, Buffer.concat([header, payload]))
}

/** The packet of a subscription. */
export function subscribePacket(topics: readonly string[], qos = 0): Buffer {
  const filters = topics.map((topic) => Buffer.concat([field(topic), Buffer.from([qos])]))
  return packet(SUBSCRIBE, Buffer.concat([Buffer.from([0, 1]), ...filters]))
}

function encode(topic: string, text: string): Buffer {
  return packet(PUBLISH, Buffer.concat([field(topic), Buffer.from(text)]))
}

/** A packet of a type with flags. */
export function packet(type: number, body: Buffer): Buffer {
  const length: number[] = []
  let rest = body.length
  do {
    length.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0))
    rest >>= 7
  } while (rest > 0)
  return Buffer.concat([Buffer.from([type, ...length]), body])
}

/** A text with its length. */
export function field(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes])
}

/** The packet that is waited for ends with its return codes: 0x80 and above refuse a subscription, all but 0 a login, and the others are levels of service. */
function hear(input: Buffer, awaited: number): Step {
  const end = measure(input, 0, input.length)
  if (end === -1) return wait
  const code = input[end - 1] ?? 0
  if (input[0] !== awaited) return { kind: 'failed', reason: `packet ${input.toString('hex', 0, end)}` }
  const isGood = code === 0 || (awaited === SUBACK && code === 1)
  return isGood ? { kind: 'done', consumed: end } : { kind: 'failed', reason: `return code ${code}` }
}

const measure: Measure = (bytes, start, length) => {
  let at = start + 1
  let size = 0
  for (let shift = 0; shift < 28; shift += 7) {
    if (at >= length) return -1
    const byte = bytes[at++] ?? 0
    size |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  const end = at + size
  return end > length ? -1 : end
}
