/** The raw client in the compact form: a prelude, then lengths and MessagePack bodies. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pack, unpack } from 'msgpackr'
import { within } from './deadline.ts'
import { WireClient } from './wire-client.ts'

const prelude = Buffer.from('504c5901', 'hex')

/** See the head of the file. */
export class CompactClient extends WireClient {
  readonly socket: Socket
  #rest = Buffer.alloc(0)

  private constructor(socket: Socket) {
    super()
    this.socket = socket
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.end())
    socket.write(prelude)
  }

  static async connect(port: number): Promise<CompactClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await within(once(socket, 'connect'), 'a connection')
    return new CompactClient(socket)
  }

  /** A text is packed as the JSON that it holds; bytes go as they are. */
  override sendBody(body: string | Buffer): void {
    this.socket.write(this.frame(body))
  }

  frame(body: string | Buffer): Buffer {
    const bytes = typeof body === 'string' ? pack(JSON.parse(body)) : body
    const length = Buffer.alloc(4)
    length.writeUInt32BE(bytes.length)
    return Buffer.concat([length, bytes])
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
    this.#rest = Buffer.concat([this.#rest, chunk])
    while (this.#rest.length >= 4) {
      const end = 4 + this.#rest.readUInt32BE(0)
      if (this.#rest.length < end) return
      const body = this.#rest.subarray(4, end)
      this.#rest = this.#rest.subarray(end)
      if (hasBadText(body)) this.faults.push(`not UTF-8: ${body.toString('hex').slice(0, 400)}`)
      else this.receive(JSON.stringify(unpack(body)))
    }
  }
}

/** Whether the text of an encoded half of a pair (U+D800–U+DFFF, which UTF-8 does not have) is in the bytes. */
function hasBadText(body: Buffer): boolean {
  for (let at = body.indexOf(0xed); at !== -1; at = body.indexOf(0xed, at + 1)) {
    if ((body[at + 1] ?? 0) >= 0xa0 && (body[at + 1] ?? 0) <= 0xbf && (body[at + 2] ?? 0) >> 6 === 2) return true
  }
  return false
}
