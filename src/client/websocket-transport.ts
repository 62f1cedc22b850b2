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
  addEventListener(type: 'open', listener: () => void): void
  /** The standard says nothing of the error; `ws` and Node do. */
  addEventListener(type: 'error', listener: (event: { readonly error?: unknown }) => void): void
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
      // First: to give up makes some platforms tell of an error at once.
      reject(options.signal.reason)
      transport.destroy()
    }
    options.signal.addEventListener('abort', stop, { once: true })
    // The platform of Node 22 tells of an attempt that failed by this event alone. After the opening it changes nothing.
    socket.addEventListener('error', ({ error }) => reject(error ?? new Error('the WebSocket handshake failed')))
    socket.addEventListener('open', () => {
      options.signal.removeEventListener('abort', stop)
      if (options.signal.aborted) return
      transport.opened(events)
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
  #events: TransportEvents
  readonly #socket: WebSocketLike
  readonly #options: TransportOptions
  #drainTimer: ReturnType<typeof setTimeout> | undefined
  #closeTimer: ReturnType<typeof setTimeout> | undefined
  #life: 'opening' | 'open' | 'over' = 'opening'

  constructor(socket: WebSocketLike, options: TransportOptions, events: TransportEvents) {
    this.#socket = socket
    this.#options = options
    this.#events = events
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', (event) => this.#receive(event.data))
    // `close` should follow, and has a code; if it does not, the connection is ended all the same.
    socket.addEventListener('error', () => {
      if (this.#life === 'open') this.#closeTimer ??= setTimeout(() => this.destroy(), closeTimeoutMs)
    })
    socket.addEventListener('close', (event) => this.#over(event.code, event.reason))
  }

  /** The handshake is done; from now on these events are told. */
  opened(events: TransportEvents): void {
    this.#events = events
    this.#life = 'open'
  }

  get unsentBytes(): number {
    return this.#socket.bufferedAmount
  }

  send(body: string): void {
    if (this.#life !== 'open' || this.#socket.readyState !== OPEN) return
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
      this.#events.fault(
        new ParleyError('bad_frame', { message: 'The server sent a binary message; text was expected.' }),
      )
    } else if (data.length > this.#options.frameBytesMax) {
      this.#events.fault(new ParleyError('frame_too_large', { message: 'A message from the server is too long.' }))
    } else {
      this.#events.body(data)
    }
  }

  #watchDrain(): void {
    this.#drainTimer ??= setTimeout(() => {
      this.#drainTimer = undefined
      if (this.#life === 'over') return
      if (this.unsentBytes >= this.#options.unsentBytesMax) this.#watchDrain()
      else this.#events.drained()
    }, drainPollMs)
  }

  #over(code: number, reason: string): void {
    if (this.#life === 'over') return
    this.#life = 'over'
    clearTimeout(this.#drainTimer)
    clearTimeout(this.#closeTimer)
    this.#events.closed(code === 1000 ? undefined : new Error(`WebSocket closed with code ${code} ${reason}`.trim()))
  }
}
