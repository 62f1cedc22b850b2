/**
 * Socket.IO (protocol 5) over a WebSocket from the first byte on: the upgrade, engine.io's and socket.io's
 * prefixes in text frames. The masking key of the client's frames is zero, which is allowed and keeps encoded
 * messages as they are; the server is spared the unmasking. https://socket.io/docs/v4/socket-io-protocol/, RFC 6455. Pure.
 */
import { type Measure, MeasuredReader } from './measured-reader.ts'
import { markedText } from './text.ts'
import { type Dialogue, type Step, type Wire, wait } from './wire.ts'

const textFrame = 0x81
const closeFrame = 0x88
const masked = 0x80

const upgrade = Buffer.from(
  [
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n'),
)

/** The wire. */
export const socketIoWire: Wire = {
  login: (login): Dialogue => ({ opening: upgrade, hear: makeHear(login.userId, login.password ?? '') }),
  subscribe: () => undefined,
  encodeMessage: (route, shape) => clientFrame(`42["text","${route.toUserId}","${markedText(route, shape)}"]`),
  encodeBroadcast: (route, shape) => clientFrame(`42["broadcast","${markedText(route, shape)}"]`),
  makeReader: (handler) => new MeasuredReader(handler, measure),
  control: (frame) => {
    if (payloadOf(frame) === '2') return clientFrame('3')
    return 'complaint'
  },
}

/** A text frame of a client. */
export function clientFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const size = payload.length
  const length = size < 126 ? [masked | size] : [masked | 126, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([textFrame, ...length, 0, 0, 0, 0]), payload])
}

/** The upgrade's answer, engine.io's hello, then the namespace's. */
function makeHear(userId: string, password: string): (input: Buffer) => Step {
  const auth = clientFrame(`40${JSON.stringify({ userId, password })}`)
  let isUpgraded = false
  return (input) => {
    if (!isUpgraded) {
      const end = input.indexOf('\r\n\r\n')
      if (end === -1) return wait
      const status = input.toString('latin1', 0, input.indexOf('\r\n'))
      if (!status.includes(' 101 ')) return { kind: 'failed', reason: status }
      isUpgraded = true
      return { kind: 'say', bytes: Buffer.alloc(0), consumed: end + 4 }
    }
    const end = measure(input, 0, input.length)
    if (end === -1) return wait
    const text = payloadOf(input.subarray(0, end))
    if (text.startsWith('0')) return { kind: 'say', bytes: auth, consumed: end }
    return text.startsWith('40') ? { kind: 'done', consumed: end } : { kind: 'failed', reason: text }
  }
}

function payloadOf(frame: Buffer): string {
  if (frame[0] === closeFrame) return 'the server closed the WebSocket'
  const length = (frame[1] ?? 0) & 0x7f
  return frame.toString('utf8', length < 126 ? 2 : length === 126 ? 4 : 10)
}

const measure: Measure = (bytes, start, length) => {
  if (start + 2 > length) return -1
  let size = (bytes[start + 1] ?? 0) & 0x7f
  let at = start + 2
  if (size === 126) {
    if (at + 2 > length) return -1
    size = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
    at += 2
  } else if (size === 127) {
    if (at + 8 > length) return -1
    size = Number(bytes.readBigUInt64BE(at))
    at += 8
  }
  const end = at + size
  return end > length ? -1 : end
}
