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
import { type Seal, SealedForm } from './sealed-form.ts'

/** What takes the frames of a chunk. */
export interface FormSink extends FrameSink {
  /** Frames within these bytes stay as they are until `unstable`; all others are valid during one call only. */
  stable?(bytes: Buffer): void
  /** The bytes that were said to be stable are written over next. */
  unstable?(): void
}

/** See the head of the file. */
export interface WireForm {
  /** The longest body that is taken. */
  bodyBytesMax: number
  /** Reads a chunk into the sink; gives the bytes consumed, fewer than all when the sink said stop. */
  read(chunk: Buffer, sink: FormSink): number
  /** What goes over the wire for whole frames. */
  encode(frames: Buffer): Buffer
}

/** A form whose bytes may also stand within sealed records, and records in the place of its frames. */
export interface InnerForm extends WireForm {
  /** Between delimiters, or behind a length. */
  readonly framing: 'delimited' | 'prefixed'
  /** Whether a frame has begun and not ended. */
  isInFrame(): boolean
  /**
   * Where to cut whole frames, as they go over the wire: behind the last one that ends within `bytesMax` from `from` on, or behind the
   * first one where that is longer. Past the end of the bytes where no frame ends.
   */
  cut(bytes: Buffer, from: number, bytesMax: number): number
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

/** What the text of a handshake begins with; as MessagePack that byte would be a number, never a map. */
const OPEN_BRACE = 0x7b

/** Decodes a compact body into a frame. The frames of a handshake are JSON text also among compact bodies. */
export function frameOfCompact(delimiters: Delimiters, body: Buffer): Buffer {
  return body[0] === OPEN_BRACE ? frameOfText(delimiters, body) : frameOfDecoded(delimiters, compactToJson(body))
}

/** The frame of a text that was whole by itself: a delimiter inside would make it several frames, or half of one. */
export function frameOfText(delimiters: Delimiters, text: Buffer): Buffer {
  return text.includes(delimiters.start) || text.includes(delimiters.end)
    ? frameOfDecoded(delimiters, undefined)
    : frameOfBody(delimiters, text)
}

/** A body behind its length. */
export function prefixed(body: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes + body.length)
  bytes.writeUInt32BE(body.length)
  bytes.set(body, lengthBytes)
  return bytes
}

const lengthBytes = 4

/** `InnerForm.cut` between delimiters. */
function cutDelimited(end: number, bytes: Buffer, from: number, bytesMax: number): number {
  const last = bytes.lastIndexOf(end, from + bytesMax - 1)
  if (last >= from) return last + 1
  const first = bytes.indexOf(end, from)
  return first === -1 ? bytes.length + 1 : first + 1
}

/** `InnerForm.cut` behind lengths. */
function cutPrefixed(bytes: Buffer, from: number, bytesMax: number): number {
  let at = from
  while (at + lengthBytes <= bytes.length) {
    const next = at + lengthBytes + bytes.readUInt32BE(at)
    if (next - from > bytesMax) return at === from ? next : at
    at = next
  }
  return at === bytes.length ? at : bytes.length + 1
}

/** Delimited UTF-8: the server's own form, untouched both ways. */
export class Utf8Form implements InnerForm {
  readonly framing = 'delimited'
  readonly #end: number
  readonly #splitter: DelimitedSplitter

  constructor(options: Omit<TcpFormOptions, 'charset'>) {
    this.#end = options.delimiters.end
    this.#splitter = new DelimitedSplitter(options.delimiters, options.bodyBytesMax)
  }

  get bodyBytesMax(): number {
    return this.#splitter.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FormSink): number {
    return this.#splitter.push(chunk, sink)
  }

  encode(frames: Buffer): Buffer {
    return frames
  }

  isInFrame(): boolean {
    return this.#splitter.isInFrame()
  }

  cut(bytes: Buffer, from: number, bytesMax: number): number {
    return cutDelimited(this.#end, bytes, from, bytesMax)
  }
}

/** Delimited GB18030. */
class Gb18030Form implements InnerForm {
  readonly framing = 'delimited'
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

  read(chunk: Buffer, sink: FormSink): number {
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

  isInFrame(): boolean {
    return this.#splitter.isInFrame()
  }

  cut(bytes: Buffer, from: number, bytesMax: number): number {
    return cutDelimited(this.#delimiters.end, bytes, from, bytesMax)
  }
}

/** Length-prefixed MessagePack. */
export class CompactForm implements InnerForm {
  readonly framing = 'prefixed'
  readonly #delimiters: Delimiters
  readonly #splitter: LengthSplitter

  constructor(options: Omit<TcpFormOptions, 'charset'>) {
    this.#delimiters = options.delimiters
    this.#splitter = new LengthSplitter(options.bodyBytesMax)
  }

  get bodyBytesMax(): number {
    return this.#splitter.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FormSink): number {
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
      parts.push(prefixed(jsonToCompact(frames.toString('utf8', start, end))))
    })
    return Buffer.concat(parts)
  }

  isInFrame(): boolean {
    return this.#splitter.isInBody()
  }

  cut(bytes: Buffer, from: number, bytesMax: number): number {
    return cutPrefixed(bytes, from, bytesMax)
  }
}

/**
 * The form of a TCP connection, told by its first bytes: the prelude of the compact codec, or anything else for
 * delimited text. No delimiter can be a byte of the prelude, so there is no doubt.
 */
export class TcpForm implements WireForm {
  readonly #options: TcpFormOptions
  #form: InnerForm
  /** Lies between the form and the wire, once there is one. */
  #sealed: SealedForm | undefined
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
    if (this.#sealed === undefined) this.#form.bodyBytesMax = bytes
    else this.#sealed.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FormSink): number {
    if (this.#sealed !== undefined) return this.#sealed.read(chunk, sink)
    return this.#preludeBytes === undefined
      ? this.#form.read(chunk, sink)
      : this.#detect(this.#preludeBytes, chunk, sink)
  }

  #detect(seen: number, chunk: Buffer, sink: FormSink): number {
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
    return (this.#sealed ?? this.#form).encode(frames)
  }

  /** What goes over the wire for a frame of the handshake, which is ASCII JSON in every form. */
  encodeText(body: Uint8Array): Buffer {
    return this.#form.framing === 'delimited' ? frameOfBody(this.#options.delimiters, body) : prefixed(body)
  }

  /** From now on all that is read and encoded is sealed. */
  seal(seal: Seal): void {
    this.#sealed = new SealedForm(this.#form, this.#options.delimiters, seal)
  }

  /** What goes over the wire before the end of the stream, where there is something. */
  goodbye(): Buffer | undefined {
    return this.#sealed?.goodbye()
  }
}
