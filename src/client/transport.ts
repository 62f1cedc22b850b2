/**
 * What the client needs of a connection: bodies of envelopes out and in, as text. How they are framed,
 * in which charset and over what, only the transport knows.
 */
import type { ParleyError } from './errors.ts'

/** Where the server is. */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'websocket'; readonly url: string }

/** How text is written on TCP. WebSocket is always UTF-8. */
export type Charset = 'utf-8' | 'gb18030'

/** Options that every transport takes. */
export interface TransportOptions {
  /** Ends the attempt to connect; it then rejects with the signal's reason. */
  readonly signal: AbortSignal
  /** The byte before a body on TCP. */
  readonly startByte: number
  /** The byte after a body on TCP. */
  readonly endByte: number
  readonly charset: Charset
  /** A longer body from the server is skipped and reported; the package `ws` ends the connection instead. */
  readonly frameBytesMax: number
  /** Over this many unsent bytes the caller waits for `drained`. */
  readonly unsentBytesMax: number
}

/** What a transport tells its owner. Nothing is told before it is open nor after `closed`. */
export interface TransportEvents {
  /** The text of one envelope has come. */
  body(text: string): void
  /** Bytes that are not the start of an envelope have come; not known to be harmless. */
  fault(error: ParleyError): void
  /** Unsent bytes have gone to the network; called at the latest when they are under the limit again. */
  drained(): void
  /** The connection is over; called exactly once, whoever ended it. */
  closed(cause: unknown): void
}

/** An open connection. */
export interface Transport {
  /** Bytes that were given to `send` and not yet to the network. */
  readonly unsentBytes: number
  /** Queues one body; the caller watches `unsentBytes`. Does nothing once the connection is over. */
  send(body: string): void
  /** Sends what is queued, then ends the connection; `closed` follows. */
  end(): void
  /** Ends the connection at once; `closed` follows. */
  destroy(): void
}

/**
 * Opens the transport that the address asks for. Each is loaded only when it is needed, so that a page
 * never loads the modules of Node.
 */
export async function openTransport(
  address: Address,
  options: TransportOptions,
  events: TransportEvents,
): Promise<Transport> {
  switch (address.kind) {
    case 'tcp': {
      const { openTcpTransport } = await import('./tcp-transport.ts')
      return openTcpTransport(address, options, events)
    }
    case 'websocket': {
      const { openWebSocketTransport } = await import('./websocket-transport.ts')
      return openWebSocketTransport(address, options, events)
    }
  }
}
