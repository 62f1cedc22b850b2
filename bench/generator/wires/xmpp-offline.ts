/**
 * XMPP with messages to bare addresses, which a server keeps for who is away (XEP-0160). That it has them is asked by
 * stream management (XEP-0198): one `<r/>` behind the messages of a write, and `<a h='N'/>` says how many were handled. Pure.
 */
import { type Acknowledger, type AnswerReader, notAnAnswer, type Storing } from './storing.ts'
import { markedText } from './text.ts'
import { type Step, type Wire, wait } from './wire.ts'
import { xmppHost, xmppWire } from './xmpp.ts'

const LESS = 0x3c
const a = 0x61
const ignored = /^<(?:presence|r |r>|iq|message)/

const storing: Storing = {
  mustEnrol: false,
  beginSending: () => ({ opening: Buffer.from("<enable xmlns='urn:xmpp:sm:3'/>"), hear: hearEnabled }),
  numberWriter: () => () => {},
  question: Buffer.from("<r xmlns='urn:xmpp:sm:3'/>"),
  makeAnswerReader,
  isCumulative: true,
  // The server gives what it has kept to who shows up, and forgets it.
  fetch: () => Buffer.from('<presence/>'),
  makeAcknowledger: () => new NoAcknowledger(),
}

/** The wire. */
export const xmppOfflineWire: Wire = {
  ...xmppWire,
  encodeMessage: (route, shape) =>
    Buffer.from(
      `<message to='${route.toUserId}@${xmppHost}' type='chat'><body>${markedText(route, shape)}</body></message>`,
    ),
  control: (frame) => (ignored.test(frame.toString('latin1')) ? 'nothing' : xmppWire.control(frame)),
  storing,
}

function hearEnabled(input: Buffer): Step {
  const text = input.toString('latin1')
  if (text.includes('<failed')) return { kind: 'failed', reason: text }
  const end = text.indexOf('>', text.indexOf('<enabled'))
  if (!text.includes('<enabled') || end === -1) return wait
  return { kind: 'done', consumed: end + 1 }
}

function makeAnswerReader(): AnswerReader {
  return (bytes, start, end) => {
    if (bytes[start] !== LESS || bytes[start + 1] !== a) return notAnAnswer
    const handled = / h=['"](\d+)['"]/.exec(bytes.toString('latin1', start, end))?.[1]
    // None handled so far: nothing is answered that is counted.
    return handled === undefined || handled === '0' ? notAnAnswer : Number(handled) - 1
  }
}

/** Nothing is acknowledged; an answer to a ping stands behind everything. */
class NoAcknowledger implements Acknowledger {
  take(): void {}

  flush(): Buffer | undefined {
    return undefined
  }

  finish(): Buffer {
    return Buffer.from(`<iq type='get' id='finish' to='${xmppHost}'><ping xmlns='urn:xmpp:ping'/></iq>`)
  }

  isFinished(bytes: Buffer, start: number, end: number): boolean {
    return bytes.toString('latin1', start, end).startsWith('<iq')
  }
}
