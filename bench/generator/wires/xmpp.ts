/**
 * XMPP over TCP: SASL PLAIN, one resource, messages from one full address to another (RFC 6120, RFC 6121). The
 * clients send no presence, so a server has nothing else to do for them. Pure.
 */
import { type Measure, MeasuredReader } from './measured-reader.ts'
import { markedText } from './text.ts'
import { type Dialogue, type Step, type Wire, wait } from './wire.ts'

/** The host of all addresses. */
export const xmppHost = 'localhost'
const resource = 'bench'

const streamOpening = Buffer.from(
  `<?xml version='1.0'?><stream:stream to='${xmppHost}' xmlns='jabber:client' ` +
    `xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`,
)
const bind = Buffer.from(
  `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
)
const LESS = 0x3c
const GREATER = 0x3e
const m = 0x6d
const closingTag = '</message>'

/** The wire. */
export const xmppWire: Wire = {
  login: (login): Dialogue => ({ opening: streamOpening, hear: makeHear(login.userId, login.password ?? '') }),
  subscribe: () => undefined,
  encodeMessage: (route, shape) =>
    Buffer.from(
      `<message to='${route.toUserId}@${xmppHost}/${resource}' type='chat'><body>${markedText(route, shape)}</body></message>`,
    ),
  encodeBroadcast: () => {
    throw new Error('there is no broadcast over XMPP here')
  },
  makeReader: (handler) => new MeasuredReader(handler, makeMeasure()),
  control: (frame) => (frame.toString().trim() === '' ? 'nothing' : 'complaint'),
}

/** Opens the stream, authenticates, opens it again, binds a resource. */
function makeHear(userId: string, password: string): (input: Buffer) => Step {
  const plain = Buffer.from(`\0${userId}\0${password}`).toString('base64')
  const auth = Buffer.from(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`)
  const steps: { readonly until: readonly string[]; readonly say: Buffer }[] = [
    { until: ['</stream:features>'], say: auth },
    { until: ["<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", '</success>'], say: streamOpening },
    { until: ['</stream:features>'], say: bind },
  ]
  let at = 0
  return (input) => {
    const text = input.toString('latin1')
    if (/<failure|<stream:error|type='error'/.test(text)) return { kind: 'failed', reason: text }
    const step = steps[at]
    const consumed = endOf(text, step?.until ?? ['</iq>'])
    if (consumed === -1) return wait
    at++
    return step === undefined ? { kind: 'done', consumed } : { kind: 'say', bytes: step.say, consumed }
  }
}

function endOf(text: string, patterns: readonly string[]): number {
  for (const pattern of patterns) {
    const at = text.indexOf(pattern)
    if (at !== -1) return at + pattern.length
  }
  return -1
}

/** Most frames of a run have one length, so the last one's is tried first. */
function makeMeasure(): Measure {
  let frameBytes = closingTag.length
  return (bytes, start, length) => {
    const guess = start + frameBytes
    if (
      guess <= length &&
      bytes[start] === LESS &&
      bytes[start + 1] === m &&
      bytes[guess - 1] === GREATER &&
      bytes[guess - closingTag.length] === LESS
    ) {
      return guess
    }
    if (bytes[start] !== LESS) return start + 1
    const end = findEnd(bytes, start, length)
    if (end !== -1 && bytes[start + 1] === m) frameBytes = end - start
    return end
  }
}

function findEnd(bytes: Buffer, start: number, length: number): number {
  const tagEnd = bytes.indexOf(GREATER, start)
  if (tagEnd === -1 || tagEnd >= length) return -1
  const tag = bytes.toString('latin1', start + 1, tagEnd)
  if (tag.endsWith('/') || tag.startsWith('/')) return tagEnd + 1
  const closing = `</${tag.split(/\s/, 1)[0]}>`
  const at = bytes.indexOf(closing, tagEnd, 'latin1')
  return at === -1 || at + closing.length > length ? -1 : at + closing.length
}
