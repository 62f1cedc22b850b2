/**
 * The protocol for programs that speak it themselves: the tables (codes, types, limits), the envelope, and the
 * functions that cut a stream of bytes into frames. Pure; the same code that the server and the SDK use.
 * Import it as `parley-server/protocol`.
 */

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
export { type ErrorCode, type ErrorInfo, type ErrorScope, errors, isErrorCode } from './errors.ts'
export { userIdCodePointsMax, userIdFault } from './user-id.ts'
