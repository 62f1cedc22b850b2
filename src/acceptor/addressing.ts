/** How a message is addressed, told by the reader of its envelope. Runs on: the acceptor thread. */
import type { EnvelopeReader } from '../protocol/envelope-reader.ts'
import type { MessageKeys } from './message-keys.ts'
import { keyOfEnvelope } from './own-key.ts'
import type { Addressing } from './run-builder.ts'

/** The addressing of the message to a user that the reader has just read; its body begins at `start`. Without `keys` it has no key. */
export function addressingOf(envelope: EnvelopeReader, start: number, keys?: MessageKeys): Addressing {
  const to = Buffer.from(envelope.to(), 'utf8')
  const receiver = {
    to,
    toStart: 0,
    toEnd: to.length,
    callbackId: envelope.callbackId(),
    isVolatile: envelope.isVolatile(),
    key: keys === undefined ? undefined : keyOfEnvelope(keys, envelope),
  }
  if (envelope.hasFrom()) return { ...receiver, senderAt: undefined, senderIsNull: false }
  const splice = envelope.fromSplice()
  return { ...receiver, senderAt: splice.at - start, senderIsNull: splice.isNull }
}
