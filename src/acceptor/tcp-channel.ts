/** A TCP connection as a channel. Runs on: the acceptor thread. */
import type { Socket } from 'node:net'
import type { Channel, ChannelEvents } from './channel.ts'
import type { Seal } from './sealed-form.ts'
import { type FormSink, TcpForm, type TcpFormOptions } from './wire-form.ts'

/** Idle time after which the kernel probes the peer. */
const keepAliveAfterMs = 60_000

/** See the head of the file. */
export class TcpChannel implements Channel {
  readonly listener = 'tcp'
  readonly address: string
  readonly #socket: Socket
  readonly #form: TcpForm
  readonly #written: (error?: Error | null) => void

  constructor(socket: Socket, options: TcpFormOptions, events: ChannelEvents) {
    this.#socket = socket
    this.#form = new TcpForm(options)
    // After a failed write the socket closes by itself. A write that its end cut short comes back without an error.
    this.#written = (error) => {
      if (!error && !socket.destroyed) events.written()
    }
    this.address = socket.remoteAddress ?? ''
    socket.setKeepAlive(true, keepAliveAfterMs)
    socket.on('data', (chunk: Buffer) => events.received(chunk))
    let failed = false
    socket.on('error', () => {
      failed = true
    })
    socket.on('close', () => events.closed(failed ? 'lost' : 'peer'))
  }

  get bodyBytesMax(): number {
    return this.#form.bodyBytesMax
  }

  set bodyBytesMax(bytes: number) {
    this.#form.bodyBytesMax = bytes
  }

  read(chunk: Buffer, sink: FormSink): number {
    return this.#form.read(chunk, sink)
  }

  write(frames: Buffer): void {
    this.#socket.write(this.#form.encode(frames), this.#written)
  }

  writeText(body: Uint8Array): number {
    const bytes = this.#form.encodeText(body)
    this.#socket.write(bytes)
    return bytes.length
  }

  seal(seal: Seal): void {
    this.#form.seal(seal)
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
    const goodbye = this.#form.goodbye()
    if (goodbye === undefined) this.#socket.end()
    else this.#socket.end(goodbye)
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
