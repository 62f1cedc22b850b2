/**
 * The transport over WebSocket, for pages and Node: one text message is one body. It uses the
 * platform's `WebSocket` where there is one, else the package `ws` (Node 20 has none).
 */
import { ParleyError } from './errors.ts'
import type { Address, Transport, TransportEvents, TransportOptions } from './transport.ts'

/** The part of the standard `WebSocket` that is used here; `ws` has it too. */
interface WebSocketLike {
  binaryType: string
  readonly bufferedAmount: number
  readonly readyState: number
  send(text: string): void
  close(code?: number, reason?: string): void
  /** Only `ws` has it: ends without the closing handshake. */
  terminate?(): void
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void
}

type WebSocketClass = new (url: string) => WebSocketLike

const OPEN = 1
/** How often the unsent bytes are looked at while they are over the limit: the standard has no event for it. */
const drainPollMs = 10
/** How long a closing handshake may take before the connection counts as over. */
const closeTimeoutMs = 2000

/** Connects to a WebSocket listener. */
export async function openWebSocketTransport(
  address: Extract<Address, { kind: 'websocket' }>,
  options: TransportOptions,
  events: TransportEvents,
): Promise<Transport> {
  const WebSocketConstructor = await loadWebSocket(options.frameBytesMax)
  options.signal.throwIfAborted()
  return new Promise((resolve, reject) => {
    const socket = new WebSocketConstructor(address.url)
    const transport = new WebSocketTransport(socket, options, {
      // Before it is open nothing comes but the end, and that is the failure of the attempt.
      body() {},
      fault() {},
      drained() {},
      closed: (cause) => reject(cause ?? new ParleyError('connect_failed')),
    })
    const stop = (): void => {
      transport.destroy()
      reject(options.signal.reason)
    }
    options.signal.addEventListener('abort', stop, { once: true })
    socket.addEventListener('open', () => {
      options.signal.removeEventListener('abort', stop)
      if (options.signal.aborted) return
      transport.events = events
      resolve(transport)
    })
  })
}

async function loadWebSocket(frameBytesMax: number): Promise<WebSocketClass> {
  const standard: unknown = (globalThis as { WebSocket?: unknown }).WebSocket
  if (typeof standard === 'function') return standard as WebSocketClass
  const { WebSocket } = await import('ws')
  return class extends WebSocket {
    constructor(url: string) {
      super(url, { maxPayload: frameBytesMax, perMessageDeflate: false })
    }
  }
}

class WebSocketTransport implements Transport {
  /** Who is told; replaced once, when the socket is open. */
  events: TransportEvents
  readonly #socket: WebSocketLike
  readonly #options: TransportOptions
  #drainTimer: ReturnType<typeof setTimeout> | undefined
  #closeTimer: ReturnType<typeof setTimeout> | undefined
  #life: 'live' | 'over' = 'live'

  constructor(socket: WebSocketLike, options: TransportOptions, events: TransportEvents) {
    this.#socket = socket
    this.#options = options
    this.events = events
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', (event) => this.#receive(event.data))
    // The standard's error event says nothing; `close` follows it and has a code.
    socket.addEventListener('error', () => {})
    socket.addEventListener('close', (event) => this.#over(event.code, event.reason))
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(body: string): void {
    if (this.#life === 'over' || this.#socket.readyState !== OPEN) return
    this.#socket.send(body)
    if (this.unsentBytes >= this.#options.unsentBytesMax) this.#watchDrain()
  }

  end(): void {
    if (this.#life === 'over') return
    this.#closeTimer ??= setTimeout(() => this.destroy(), closeTimeoutMs)
    this.#socket.close(1000)
  }

  destroy(): void {
    if (this.#life === 'over') return
    if (this.#socket.terminate !== undefined) this.#socket.terminate()
    else this.#socket.close()
    // A platform's WebSocket waits for the peer, which may be dead: for its owner it is over now.
    queueMicrotask(() => this.#over(1006, ''))
  }

  #receive(data: unknown): void {
    if (this.#life === 'over') return
    if (typeof data !== 'string') {
      this.events.fault(
        new ParleyError('bad_frame', { message: 'The server sent a binary message; text was expected.' }),
      )
    } else if (data.length > this.#options.frameBytesMax) {
      this.events.fault(new ParleyError('frame_too_large', { message: 'A message from the server is too long.' }))
    } else {
      this.events.body(data)
    }
  }

  #watchDrain(): void {
    this.#drainTimer ??= setTimeout(() => {
      this.#drainTimer = undefined
      if (this.#life === 'over') return
      if (this.unsentBytes >= this.#options.unsentBytesMax) this.#watchDrain()
      else this.events.drained()
    }, drainPollMs)
  }

  #over(code: number, reason: string): void {
    if (this.#life === 'over') return
    this.#life = 'over'
    clearTimeout(this.#drainTimer)
    clearTimeout(this.#closeTimer)
    this.events.closed(code === 1000 ? undefined : new Error(`WebSocket closed with code ${code} ${reason}`.trim()))
  }
}
