/**
 * The protocol for programs that speak it themselves: the tables (codes, types, limits), writing and reading
 * envelopes, cutting a stream of bytes into frames, and the charsets. Pure; the same code that the server and the SDK use.
 * Import it as `parley-server/protocol`.
 */

export { decodeGb18030, encodeGb18030 } from './charset.ts'
export { DelimitedSplitter, type FrameSink } from './delimited-splitter.ts'
export { type Charset, charsets, type Delimiters, defaultDelimiters, delimitersProblem } from './delimiters.ts'
export * from './entities/index.ts'
export {
  type Envelope,
  type EnvelopeField,
  envelopeFields,
  envelopeLimits,
  writeEnvelope,
} from './envelope.ts'
export { EnvelopeReader } from './envelope-reader.ts'
export { type ErrorCode, type ErrorInfo, type ErrorScope, errors, type Fault, isErrorCode } from './errors.ts'
export { userIdCodePointsMax, userIdFault } from './user-id.ts'
