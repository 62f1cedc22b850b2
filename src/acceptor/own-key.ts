/** The key of a message by which repeats of it are known, told by the reader of its envelope or by its learned shape. Runs on: the acceptor thread. */
import type { EnvelopeReader } from '../protocol/envelope-reader.ts'
import type { MessageShape } from '../protocol/message-shape.ts'
import type { ByteRange, MessageKeys } from './message-keys.ts'

// Plain texts, which the learned shape knows, are told from all else by what comes first.
const text: ByteRange = rangeOf(Buffer.from('text'))

/** The key of the message that the reader has just read; undefined when it has no `ClientMsgId`. */
export function keyOfEnvelope(keys: MessageKeys, envelope: EnvelopeReader): Buffer | undefined {
  const id = envelope.clientMsgId()
  if (id === undefined || id === '') return undefined
  const to = rangeOf(Buffer.from(envelope.to()))
  const plain = envelope.plainText()
  const content = envelope.contentJson() ?? Buffer.alloc(0)
  const parts = plain === undefined ? [rangeOf(Buffer.from(envelope.type())), to, rangeOf(content)] : [text, to, plain]
  return keys.make(rangeOf(Buffer.from(id)), parts)
}

/** The key of the message that the shape has just matched; undefined when it has no `ClientMsgId`. */
export function keyOfShape(keys: MessageKeys, shape: MessageShape, bytes: Buffer): Buffer | undefined {
  if (shape.idStart === shape.idEnd) return undefined
  const id = { bytes, start: shape.idStart, end: shape.idEnd }
  const to = { bytes, start: shape.toStart, end: shape.toEnd }
  return keys.make(id, [text, to, { bytes, start: shape.textStart, end: shape.textEnd }])
}

function rangeOf(bytes: Uint8Array): ByteRange {
  return { bytes, start: 0, end: bytes.length }
}
