/**
 * How sealed records stand in a stream: as base64 between delimiters, or as they are behind a length. Anything
 * else in the stream is a fault that ends the session, so nothing is skipped and nothing is answered here.
 * Runs on: the acceptor thread.
 */
import { base64Length, decodeBase64, encodeBase64 } from '../protocol/base64.ts'
import { DelimitedSplitter, type FrameSink } from '../protocol/delimited-splitter.ts'
import type { Delimiters } from '../protocol/delimiters.ts'
import { type BodySink, LengthSplitter } from '../protocol/length-splitter.ts'

/** What is wrong with a stream of records, for the log and the counter. */
export type StreamFault = 'noise' | 'cut_short' | 'too_large' | 'not_base64'

/** What takes records. */
export interface RecordSink {
  /** A whole record, valid until the call returns. False to stop after it. */
  record(bytes: Buffer): boolean
  /** The stream is broken; no record follows. */
  broken(fault: StreamFault): void
}

/** See the head of the file. */
export interface RecordFraming {
  /** The longest record that is taken. May be changed between calls. */
  recordBytesMax: number
  /** Reads a chunk; gives how many bytes were consumed: all of them, unless the sink said stop. */
  push(chunk: Buffer): number
  /** What goes over the wire for records, in their order. */
  join(records: readonly Buffer[]): Buffer
}

/** Makes the framing of a stream. */
export function recordFraming(
  framing: 'delimited' | 'prefixed',
  delimiters: Delimiters,
  sink: RecordSink,
): RecordFraming {
  return framing === 'delimited' ? new DelimitedRecords(delimiters, sink) : new PrefixedRecords(sink)
}

/** START, base64, END. */
class DelimitedRecords implements RecordFraming, FrameSink {
  readonly #delimiters: Delimiters
  readonly #sink: RecordSink
  readonly #splitter: DelimitedSplitter
  #isBroken = false

  constructor(delimiters: Delimiters, sink: RecordSink) {
    this.#delimiters = delimiters
    this.#sink = sink
    this.#splitter = new DelimitedSplitter(delimiters, 0)
  }

  get recordBytesMax(): number {
    return (this.#splitter.bodyBytesMax / 4) * 3
  }

  set recordBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = base64Length(bytes)
  }

  push(chunk: Buffer): number {
    return this.#splitter.push(chunk, this)
  }

  frame(bytes: Buffer, start: number, end: number): boolean {
    if (this.#isBroken) return false
    const record = decodeBase64(bytes, start, end)
    return record === undefined ? this.#break('not_base64') : this.#sink.record(record)
  }

  noise(): void {
    this.#break('noise')
  }

  truncated(): void {
    this.#break('cut_short')
  }

  tooLarge(): void {
    this.#break('too_large')
  }

  #break(fault: StreamFault): false {
    if (!this.#isBroken) this.#sink.broken(fault)
    this.#isBroken = true
    return false
  }

  join(records: readonly Buffer[]): Buffer {
    const { start, end } = this.#delimiters
    let byteCount = 0
    for (const record of records) byteCount += base64Length(record.length) + 2
    const bytes = Buffer.allocUnsafe(byteCount)
    let at = 0
    for (const record of records) {
      bytes[at] = start
      at = encodeBase64(record, bytes, at + 1)
      bytes[at++] = end
    }
    return bytes
  }
}

const lengthBytes = 4

/** A length of 4 bytes, big-endian, and the record. */
class PrefixedRecords implements RecordFraming, BodySink {
  readonly #sink: RecordSink
  readonly #splitter = new LengthSplitter(0)
  #isBroken = false

  constructor(sink: RecordSink) {
    this.#sink = sink
  }

  get recordBytesMax(): number {
    return this.#splitter.bodyBytesMax
  }

  set recordBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = bytes
  }

  push(chunk: Buffer): number {
    return this.#splitter.push(chunk, this)
  }

  body(bytes: Buffer): boolean {
    return !this.#isBroken && this.#sink.record(bytes)
  }

  tooLarge(): void {
    if (!this.#isBroken) this.#sink.broken('too_large')
    this.#isBroken = true
  }

  join(records: readonly Buffer[]): Buffer {
    let byteCount = 0
    for (const record of records) byteCount += record.length + lengthBytes
    const bytes = Buffer.allocUnsafe(byteCount)
    let at = 0
    for (const record of records) {
      at = bytes.writeUInt32BE(record.length, at)
      at += record.copy(bytes, at)
    }
    return bytes
  }
}
