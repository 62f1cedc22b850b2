/** A TCP connection as a channel: delimited frames, in UTF-8 or GB18030. Runs on: the acceptor thread. */
import type { Socket } from 'node:net'
import { decodeGb18030, encodeGb18030 } from '../protocol/charset.ts'
import { DelimitedSplitter, type FrameSink } from '../protocol/delimited-splitter.ts'
import type { Charset, Delimiters } from '../protocol/delimiters.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import { forEachFrame, frameOfBody } from './frames.ts'

/** Idle time after which the kernel probes the peer. */
const keepAliveAfterMs = 60_000

/** See the head of the file. */
export class TcpChannel implements Channel {
  readonly listener = 'tcp'
  readonly address: string
  readonly #socket: Socket
  readonly #delimiters: Delimiters
  readonly #charset: Charset
  readonly #splitter: DelimitedSplitter
  readonly #written: () => void

  constructor(
    socket: Socket,
    options: { delimiters: Delimiters; charset: Charset; bodyBytesMax: number },
    events: ChannelEvents,
  ) {
    this.#socket = socket
    this.#delimiters = options.delimiters
    this.#charset = options.charset
    this.#splitter = new DelimitedSplitter(options.delimiters, options.bodyBytesMax)
    this.#written = () => events.written()
    this.address = socket.remoteAddress ?? ''
    socket.setNoDelay(true)
    socket.setKeepAlive(true, keepAliveAfterMs)
    socket.on('data', (chunk: Buffer) => events.received(chunk))
    let failed = false
    socket.on('error', () => {
      failed = true
    })
    socket.on('close', () => events.closed(failed ? 'lost' : 'peer'))
  }

  get bodyBytesMax(): number {
    return this.#splitter.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#splitter.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FrameSink): number {
    return this.#splitter.push(chunk, this.#charset === 'utf-8' ? sink : this.#decoding(sink))
  }

  /** A sink that hands GB18030 bodies on as UTF-8. What can't be decoded goes on as a byte that no UTF-8 has. */
  #decoding(sink: FrameSink): FrameSink {
    return {
      frame: (bytes, start, end) => {
        const text = decodeGb18030(bytes.subarray(start, end))
        const frame = frameOfBody(this.#delimiters, text === undefined ? invalidUtf8 : Buffer.from(text, 'utf8'))
        return sink.frame(frame, 1, frame.length - 1)
      },
      noise: (byteCount) => sink.noise(byteCount),
      truncated: (byteCount) => sink.truncated(byteCount),
      tooLarge: () => sink.tooLarge(),
    }
  }

  write(frames: Buffer): void {
    this.#socket.write(this.#charset === 'utf-8' ? frames : this.#encoded(frames), this.#written)
  }

  #encoded(frames: Buffer): Buffer {
    const parts: Buffer[] = []
    forEachFrame(frames, this.#delimiters, (start, end) => {
      parts.push(frameOfBody(this.#delimiters, encodeGb18030(frames.toString('utf8', start, end))))
    })
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
  }

  ping(): void {
    // The kernel's keep-alive does it.
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

const invalidUtf8 = Buffer.of(0x80)
