/** The raw client over TCP: frames between two bytes, in UTF-8 or GB18030, read strictly. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import iconv from 'iconv-lite'
import { within } from './deadline.ts'
import { WireClient } from './wire-client.ts'

/** How a client speaks, as the server was set up. */
export interface TcpSpeech {
  readonly charset?: 'utf-8' | 'gb18030'
  readonly start?: number
  readonly end?: number
  readonly host?: string
}

/** See the head of the file. */
export class TcpClient extends WireClient {
  readonly socket: Socket
  readonly #charset: 'utf-8' | 'gb18030'
  readonly #decoder: TextDecoder
  readonly #start: number
  readonly #end: number
  #parts: Buffer[] = []

  private constructor(socket: Socket, speech: TcpSpeech) {
    super()
    this.socket = socket
    this.#charset = speech.charset ?? 'utf-8'
    this.#decoder = new TextDecoder(this.#charset, { fatal: true, ignoreBOM: true })
    this.#start = speech.start ?? 0x02
    this.#end = speech.end ?? 0x03
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.end())
  }

  static async connect(port: number, speech: TcpSpeech = {}): Promise<TcpClient> {
    const socket = connect({ port, host: speech.host ?? '127.0.0.1', noDelay: true })
    await within(once(socket, 'connect'), 'a connection')
    return new TcpClient(socket, speech)
  }

  sendBytes(bytes: Buffer): void {
    this.socket.write(bytes)
  }

  override sendBody(body: string | Buffer): void {
    this.socket.write(this.frame(body))
  }

  /** The frame of a body. */
  frame(body: string | Buffer): Buffer {
    const bytes =
      typeof body !== 'string' ? body : this.#charset === 'utf-8' ? Buffer.from(body) : iconv.encode(body, 'gb18030')
    return Buffer.concat([Buffer.of(this.#start), bytes, Buffer.of(this.#end)])
  }

  override pause(): void {
    this.socket.pause()
  }

  override resume(): void {
    this.socket.resume()
  }

  override destroy(): void {
    this.socket.destroy()
  }

  #onData(chunk: Buffer): void {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(this.#end, from)
      if (end === -1) break
      this.#parts.push(chunk.subarray(from, end))
      const frame = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts)
      this.#parts = []
      from = end + 1
      this.#onFrame(frame)
    }
    if (from < chunk.length) this.#parts.push(chunk.subarray(from))
  }

  #onFrame(frame: Buffer): void {
    if (frame[0] !== this.#start || frame.includes(this.#start, 1)) {
      this.faults.push(`bytes outside frames: ${frame.toString('latin1').slice(0, 200)}`)
      return
    }
    try {
      this.receive(this.#decoder.decode(frame.subarray(1)))
    } catch {
      this.faults.push(`not ${this.#charset}: ${frame.toString('hex').slice(0, 400)}`)
    }
  }
}
