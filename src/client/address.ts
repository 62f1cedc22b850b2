/** Where the server is, read from what the caller gave. */
import { ParleyError } from './errors.ts'
import type { Address } from './transport.ts'

/** The port of a server that was not given one. */
export const tcpPortDefault = 7700

/** Either a URL, or a host and a port for TCP. */
export interface AddressOptions {
  /** `parley://host:port` or `tcp://host:port` for TCP, `ws://host:port/ws` or `wss://…` for WebSocket. */
  readonly url?: string | undefined
  /** For TCP without a URL; 127.0.0.1 by default. */
  readonly host?: string | undefined
  /** For TCP without a URL; 7700 by default. */
  readonly port?: number | undefined
}

/**
 * Reads the address. A WebSocket URL without a path gets `/ws`, a TCP one without a port gets 7700.
 *
 * @throws ParleyError `bad_argument` that says what is wrong
 */
export function readAddress(options: AddressOptions): Address {
  if (options.url === undefined) {
    return { kind: 'tcp', host: options.host ?? '127.0.0.1', port: checkPort(options.port ?? tcpPortDefault) }
  }
  if (options.host !== undefined || options.port !== undefined) throw bad('give either url or host and port, not both')
  let url: URL
  try {
    url = new URL(options.url)
  } catch (cause) {
    throw bad('url must be like parley://host:7700 or ws://host:7701/ws', cause)
  }
  switch (url.protocol) {
    case 'parley:':
    case 'tcp:': {
      if (url.hostname === '') throw bad('the url needs a host, as in parley://127.0.0.1:7700')
      // An IPv6 address has brackets in a URL and none where sockets are made.
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
      return { kind: 'tcp', host, port: url.port === '' ? tcpPortDefault : checkPort(Number(url.port)) }
    }
    case 'ws:':
    case 'wss:':
      if (url.pathname === '/') url.pathname = '/ws'
      return { kind: 'websocket', url: url.href }
    default:
      throw bad(`the url begins with ${url.protocol} but only parley:, tcp:, ws: and wss: are known`)
  }
}

function checkPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw bad('port must be a whole number from 1 to 65535')
  return port
}

function bad(what: string, cause?: unknown): ParleyError {
  return new ParleyError('bad_argument', { message: `Cannot use the address: ${what}.`, cause })
}
