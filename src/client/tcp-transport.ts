/**
 * The transport over TCP, for Node: frames `START body END` in the configured charset. Owns the
 * socket; everything sent within one turn of the loop is one write.
 */
import { createConnection, type Socket } from 'node:net'
import { DelimitedSplitter, type FrameSink } from '../protocol/delimited-splitter.ts'
import { delimitersProblem } from '../protocol/delimiters.ts'
import { ParleyError } from './errors.ts'
import { bodyDecoder, encodeFrames } from './frames.ts'
import type { Address, Transport, TransportEvents, TransportOptions } from './transport.ts'

/** Connects to a TCP listener. */
export function openTcpTransport(
  address: Extract<Address, { kind: 'tcp' }>,
  options: TransportOptions,
  events: TransportEvents,
): Promise<Transport> {
  return new Promise((resolve, reject) => {
    const { signal } = options
    const problem = delimitersProblem({ start: options.startByte, end: options.endByte }, options.charset)
    if (problem !== undefined)
      return reject(new ParleyError('bad_argument', { message: `Cannot connect: ${problem}.` }))
    if (signal.aborted) return reject(signal.reason)
    const socket = createConnection({ host: address.host, port: address.port, noDelay: true, keepAlive: true })
    const stop = (): void => {
      socket.destroy()
      reject(signal.reason)
    }
    signal.addEventListener('abort', stop, { once: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      signal.removeEventListener('abort', stop)
      socket.off('error', reject)
      resolve(new TcpTransport(socket, options, events))
    })
  })
}

class TcpTransport implements Transport {
  readonly #socket: Socket
  readonly #options: TransportOptions
  readonly #written: () => void
  /** Bodies of this turn that are not yet given to the socket. */
  #batch: string[] = []
  /** Their size: UTF-16 units, which is near enough to bytes for a limit. */
  #batchUnits = 0
  #error: unknown

  constructor(socket: Socket, options: TransportOptions, events: TransportEvents) {
    this.#socket = socket
    this.#options = options
    this.#written = () => events.drained()
    const splitter = new DelimitedSplitter({ start: options.startByte, end: options.endByte }, options.frameBytesMax)
    const sink = frameSink(options, events)
    socket.on('data', (chunk) => splitter.push(chunk, sink))
    socket.on('error', (error) => {
      this.#error = error
    })
    // The server's end of the stream ends ours too (allowHalfOpen is off), and then `close` comes.
    socket.on('close', () => events.closed(this.#error))
  }

  get unsentBytes(): number {
    return this.#batchUnits + this.#socket.writableLength
  }

  send(body: string): void {
    if (!this.#socket.writable) return
    // A microtask comes after all that the answers of one chunk have set going: those sends share a write.
    if (this.#batch.length === 0) queueMicrotask(() => this.#flush())
    this.#batch.push(body)
    this.#batchUnits += body.length + 2
  }

  end(): void {
    this.#flush()
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    const bodies = this.#batch
    this.#batch = []
    this.#batchUnits = 0
    // Not the event `drain`: it does not come after a large write that the kernel took at once.
    if (this.#socket.writable) this.#socket.write(encodeFrames(bodies, this.#options), this.#written)
  }
}

function frameSink(options: TransportOptions, events: TransportEvents): FrameSink {
  const decode = bodyDecoder(options.charset)
  const fault = (code: 'bad_frame' | 'frame_too_large', message: string): void =>
    events.fault(new ParleyError(code, { message }))
  return {
    frame(bytes, start, end) {
      const text = decode(bytes.subarray(start, end))
      if (text === undefined) fault('bad_frame', `A frame from the server is not valid ${options.charset}.`)
      else events.body(text)
      return true
    },
    noise(byteCount) {
      fault('bad_frame', `The server sent ${byteCount} bytes outside a frame: do the start and end bytes match?`)
    },
    truncated(byteCount) {
      fault('bad_frame', `A frame from the server was cut after ${byteCount} bytes.`)
    },
    tooLarge() {
      fault('frame_too_large', `A frame from the server is longer than ${options.frameBytesMax} bytes; it was skipped.`)
    },
  }
}
