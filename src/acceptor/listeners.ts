/** The listening sockets: TCP and WebSocket, the same behind both. Runs on: the acceptor thread. */
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { type ServerOptions, WebSocketServer } from 'ws'
import type { Delimiters } from '../protocol/delimiters.ts'
import type { Channel, ChannelEvents } from './channel.ts'
import type { AcceptorLimits, ListenerOptions } from './options.ts'
import { isOriginAllowed } from './origin.ts'
import { TcpChannel } from './tcp-channel.ts'
import { gatheredPerBody, sealedMessageBytesMax, WebSocketChannel } from './websocket-channel.ts'

/** Makes a channel that reports to these events. */
export type ChannelMaker = (events: ChannelEvents) => Channel

/** What a listener reports. */
export interface ListenerEvents {
  /**
   * A socket was opened that may ask for a WebSocket. Gives what is to be called once it is one or has gone;
   * undefined when there is no room for it.
   */
  opened(address: string): (() => void) | undefined
  /** A peer has connected. The owner calls `make` at once to take it, or `refuse`. */
  connected(peer: { address: string; make: ChannelMaker; refuse: (frame: Buffer | undefined) => void }): void
  listening(listener: 'tcp' | 'ws', host: string, port: number): void
  failed(listener: 'tcp' | 'ws', host: string, port: number, code: string): void
  /** Accepting failed for want of something (descriptors, memory). */
  acceptFailed(code: string): void
}

/** A listening socket. */
export interface Listener {
  /** Stops taking connections; those that exist go on. */
  stop(): void
}

interface Common {
  readonly delimiters: Delimiters
  readonly limits: AcceptorLimits
  readonly events: ListenerEvents
}

/** Connections that the kernel keeps ready for a busy thread. */
const backlog = 2048
/** Time to send the request that asks for a WebSocket. */
const upgradeTimeoutMs = 10_000

/** Begins to listen; the outcome comes as an event. */
export function listen(options: ListenerOptions, common: Common): Listener {
  return options.kind === 'tcp' ? listenTcp(options, common) : listenWebSocket(options, common)
}

function watch(server: Server | HttpServer, options: ListenerOptions, events: ListenerEvents): void {
  let isListening = false
  server.on('error', (error: NodeJS.ErrnoException) => {
    const code = error.code ?? 'unknown'
    if (isListening) events.acceptFailed(code)
    else events.failed(options.kind, options.host, options.port, code)
  })
  // Not among the types of the oldest Node that we run on, which ignores it; it is only set where it is known.
  const shared = options.sharesPort ? { reusePort: true } : {}
  server.listen({ host: options.host, port: options.port, backlog, ...shared }, () => {
    isListening = true
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : options.port
    events.listening(options.kind, options.host, port)
  })
}

function listenTcp(options: Extract<ListenerOptions, { kind: 'tcp' }>, common: Common): Listener {
  const { delimiters, limits, events } = common
  const server = createServer({ noDelay: true }, (socket: Socket) => {
    events.connected({
      address: socket.remoteAddress ?? '',
      make: (channelEvents) =>
        new TcpChannel(
          socket,
          { delimiters, charset: options.charset, bodyBytesMax: limits.frameBytesBeforeLoginMax },
          channelEvents,
        ),
      refuse: (frame) => refuseSocket(socket, frame, limits.lingerMs),
    })
  })
  watch(server, options, events)
  return { stop: () => server.close() }
}

function refuseSocket(socket: Socket, frame: Buffer | undefined, lingerMs: number): void {
  socket.on('error', () => socket.destroy())
  if (frame === undefined) {
    socket.destroy()
    return
  }
  // Reads and forgets what comes: unread bytes would make the kernel cut the farewell off.
  socket.resume()
  socket.end(frame)
  const deadline = setTimeout(() => socket.destroy(), lingerMs)
  socket.on('close', () => clearTimeout(deadline))
}

function listenWebSocket(options: Extract<ListenerOptions, { kind: 'ws' }>, common: Common): Listener {
  const { delimiters, limits, events } = common
  const server = createHttpServer({ connectionsCheckingInterval: 5_000 }, (_request, response) => {
    response.writeHead(426, { 'Content-Type': 'text/plain', Connection: 'close', Upgrade: 'websocket' })
    response.end('This port speaks WebSocket at /ws.\n')
  })
  server.headersTimeout = upgradeTimeoutMs
  server.requestTimeout = upgradeTimeoutMs
  server.keepAliveTimeout = 1_000
  server.maxConnections = limits.connectionsMax + limits.refusingMax
  const webSocketOptions: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: Math.max(limits.frameBytesMax * gatheredPerBody, sealedMessageBytesMax),
    maxFragments: limits.fragmentsMax,
    // The charset is checked where all others are, and answered instead of ending the connection.
    skipUTF8Validation: true,
    closeTimeout: limits.lingerMs,
  }
  const webSockets = new WebSocketServer(webSocketOptions)
  const opened = new Map<Duplex, () => void>()
  const giveBack = (socket: Duplex): void => {
    opened.get(socket)?.()
    opened.delete(socket)
  }
  server.on('connection', (socket: Socket) => {
    const place = events.opened(socket.remoteAddress ?? '')
    if (place === undefined) {
      socket.destroy()
      return
    }
    opened.set(socket, place)
    socket.once('close', () => giveBack(socket))
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const problem = upgradeProblem(request, options)
    if (problem !== undefined) {
      socket.on('error', () => socket.destroy())
      // Nobody else watches this socket any more: a peer that stays would hold it for ever.
      socket.once('finish', () => socket.destroy())
      socket.end(`HTTP/1.1 ${problem}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    const address = request.socket.remoteAddress ?? ''
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      giveBack(socket)
      events.connected({
        address,
        make: (channelEvents) =>
          new WebSocketChannel(
            webSocket,
            { socket, address, delimiters, bodyBytesMax: limits.frameBytesBeforeLoginMax },
            channelEvents,
          ),
        refuse: (frame) => {
          webSocket.on('error', () => webSocket.terminate())
          if (frame === undefined) {
            webSocket.terminate()
          } else {
            webSocket.send(frame.subarray(1, -1), { binary: false })
            webSocket.close(1013)
          }
        },
      })
    })
  })
  watch(server, options, events)
  return {
    stop: () => {
      server.close()
      server.closeIdleConnections()
    },
  }
}

/** Why a request is no WebSocket for us, as an HTTP status line. */
function upgradeProblem(
  request: IncomingMessage,
  options: Extract<ListenerOptions, { kind: 'ws' }>,
): string | undefined {
  const path = (request.url ?? '').split('?', 1)[0]
  if (path !== '/ws') return '404 Not Found'
  const origin = request.headers.origin
  if (
    !isOriginAllowed({ origin, hostHeader: request.headers.host, listenHost: options.host, origins: options.origins })
  ) {
    return '403 Forbidden'
  }
  return undefined
}
