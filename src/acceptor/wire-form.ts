/**
 * The forms that a connection can speak, each behind the same interface: it turns bytes into the server's own
 * frames (START body END, UTF-8 JSON) and back. Everything behind it knows one form only.
 * Runs on: the acceptor thread.
 */
import { decodeGb18030, encodeGb18030 } from '../protocol/charset.ts'
import { compactPrelude, compactToJson, jsonToCompact } from '../protocol/compact.ts'
import { DelimitedSplitter, type FrameSink } from '../protocol/delimited-splitter.ts'
import type { Charset, Delimiters } from '../protocol/delimiters.ts'
import { LengthSplitter } from '../protocol/length-splitter.ts'
import { forEachFrame, frameOfBody } from './frames.ts'

/** See the head of the file. */
export interface WireForm {
  /** The longest body that is taken. */
  bodyBytesMax: number
  /** Reads a chunk into the sink; gives the bytes consumed, fewer than all when the sink said stop. */
  read(chunk: Buffer, sink: FrameSink): number
  /** What goes over the wire for whole frames. */
  encode(frames: Buffer): Buffer
}

/** How the TCP listener is set up. */
export interface TcpFormOptions {
  readonly delimiters: Delimiters
  readonly charset: Charset
  readonly bodyBytesMax: number
}

/** A body that nothing accepts, in the place of one that can't be decoded: a byte that no UTF-8 begins with. */
const undecodable: Buffer = Buffer.of(0x80)

/** Makes the frame of a body that came in another form; what could not be decoded is refused as `bad_frame` later. */
export function frameOfDecoded(delimiters: Delimiters, text: string | undefined): Buffer {
  return frameOfBody(delimiters, text === undefined ? undecodable : Buffer.from(text, 'utf8'))
}

/** Decodes a compact body into a frame. */
export function frameOfCompact(delimiters: Delimiters, body: Buffer): Buffer {
  return frameOfDecoded(delimiters, compactToJson(body))
}

/** Delimited UTF-8: the server's own form, untouched both ways. */
class Utf8Form implements WireForm {
  readonly #splitter: DelimitedSplitter

  constructor(options: TcpFormOptions) {
    this.#splitter = new DelimitedSplitter(options.delimiters, options.bodyBytesMax)
  }

  get bodyBytesMax(): number {
    return this.#splitter.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FrameSink): number {
    return this.#splitter.push(chunk, sink)
  }

  encode(frames: Buffer): Buffer {
    return frames
  }
}

/** Delimited GB18030. */
class Gb18030Form implements WireForm {
  readonly #delimiters: Delimiters
  readonly #splitter: DelimitedSplitter

  constructor(options: TcpFormOptions) {
    this.#delimiters = options.delimiters
    this.#splitter = new DelimitedSplitter(options.delimiters, options.bodyBytesMax)
  }

  get bodyBytesMax(): number {
    return this.#splitter.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FrameSink): number {
    return this.#splitter.push(chunk, {
      frame: (bytes, start, end) => {
        const frame = frameOfDecoded(this.#delimiters, decodeGb18030(bytes.subarray(start, end)))
        // UTF-8 is up to three times as long (0x80 is the euro sign), and the rings hold what the limit allows.
        if (frame.length - 2 > this.bodyBytesMax) {
          sink.tooLarge()
          return true
        }
        return sink.frame(frame, 1, frame.length - 1)
      },
      noise: (byteCount, isNew) => sink.noise(byteCount, isNew),
      truncated: (byteCount) => sink.truncated(byteCount),
      tooLarge: () => sink.tooLarge(),
    })
  }

  encode(frames: Buffer): Buffer {
    const parts: Buffer[] = []
    forEachFrame(frames, this.#delimiters, (start, end) => {
      parts.push(frameOfBody(this.#delimiters, encodeGb18030(frames.toString('utf8', start, end))))
    })
    return Buffer.concat(parts)
  }
}

/** Length-prefixed MessagePack. */
class CompactForm implements WireForm {
  readonly #delimiters: Delimiters
  readonly #splitter: LengthSplitter

  constructor(options: TcpFormOptions) {
    this.#delimiters = options.delimiters
    this.#splitter = new LengthSplitter(options.bodyBytesMax)
  }

  get bodyBytesMax(): number {
    return this.#splitter.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FrameSink): number {
    return this.#splitter.push(chunk, {
      body: (bytes) => {
        const frame = frameOfCompact(this.#delimiters, bytes)
        // Escapes can make the JSON six times as long as the MessagePack, and the rings hold what the limit allows.
        if (frame.length - 2 > this.bodyBytesMax) {
          sink.tooLarge()
          return true
        }
        return sink.frame(frame, 1, frame.length - 1)
      },
      tooLarge: () => sink.tooLarge(),
    })
  }

  encode(frames: Buffer): Buffer {
    const parts: Buffer[] = []
    forEachFrame(frames, this.#delimiters, (start, end) => {
      const body = jsonToCompact(frames.toString('utf8', start, end))
      const length = Buffer.allocUnsafe(4)
      length.writeUInt32BE(body.length)
      parts.push(length, body)
    })
    return Buffer.concat(parts)
  }
}

/**
 * The form of a TCP connection, told by its first bytes: the prelude of the compact codec, or anything else for
 * delimited text. No delimiter can be a byte of the prelude, so there is no doubt.
 */
export class TcpForm implements WireForm {
  readonly #options: TcpFormOptions
  #form: WireForm
  /** Bytes of the prelude seen so far; undefined once the form is known. */
  #preludeBytes: number | undefined = 0

  constructor(options: TcpFormOptions) {
    this.#options = options
    this.#form = options.charset === 'utf-8' ? new Utf8Form(options) : new Gb18030Form(options)
  }

  get bodyBytesMax(): number {
    return this.#form.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#form.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FrameSink): number {
    return this.#preludeBytes === undefined
      ? this.#form.read(chunk, sink)
      : this.#detect(this.#preludeBytes, chunk, sink)
  }

  #detect(seen: number, chunk: Buffer, sink: FrameSink): number {
    let at = 0
    while (seen + at < compactPrelude.length && at < chunk.length) {
      if (chunk[at] !== compactPrelude[seen + at]) {
        this.#preludeBytes = undefined
        // What looked like a prelude in earlier chunks was noise.
        if (seen > 0) this.#form.read(compactPrelude.subarray(0, seen), sink)
        return this.#form.read(chunk, sink)
      }
      at++
    }
    if (seen + at < compactPrelude.length) {
      this.#preludeBytes = seen + at
      return at
    }
    this.#preludeBytes = undefined
    this.#form = new CompactForm({ ...this.#options, bodyBytesMax: this.#form.bodyBytesMax })
    return at + this.#form.read(chunk.subarray(at), sink)
  }

  encode(frames: Buffer): Buffer {
    return this.#form.encode(frames)
  }
}
