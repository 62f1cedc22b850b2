/** The shape of `records.json`. Bytes are hex. */
import type { RecordSender } from '../../src/security/records.ts'
import type { SuiteNumber } from '../../src/security/suites.ts'

/** One direction of a session, from some counter on. */
export interface RecordStream {
  readonly name: string
  readonly suite: SuiteNumber
  readonly sender: RecordSender
  /** 64 and 32 bytes. */
  readonly recordKey: string
  readonly ivKey: string
  readonly firstCounter: number
  readonly records: readonly RecordCase[]
}

/** A record of a stream, with what it is made of. */
export interface RecordCase {
  readonly counter: number
  readonly type: number
  readonly plaintext: string
  /** The nonce (suite 1) or IV. */
  readonly iv: string
  readonly aad: string
  readonly record: string
  /** The record as the body of a frame in delimited framing. */
  readonly base64: string
  /** After a key update: the record key from now on. */
  readonly nextRecordKey?: string
}

/** Records of which all open but the last, which must end the session. */
export interface BadRecords {
  readonly name: string
  readonly suite: SuiteNumber
  readonly sender: RecordSender
  readonly recordKey: string
  readonly ivKey: string
  readonly firstCounter: number
  readonly records: readonly string[]
}

/** The file. */
export interface RecordVectors {
  readonly description: string
  readonly streams: readonly RecordStream[]
  readonly bad: readonly BadRecords[]
}
