/**
 * A server of a few lines for tests of the client: TCP and WebSocket, with answers that the test
 * scripts. It speaks the wire by itself, so that a mistake of the client's is not made twice.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

/** An envelope as it came, with its content parsed. */
export interface Received {
  readonly ToUserId?: string
  readonly FromUserId?: string
  readonly MsgType: string
  readonly CallbackID?: string
  readonly ClientMsgId?: string
  readonly Volatile?: boolean
  readonly Content: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into contents of all shapes
  readonly content: any
}

/** What a test sends: the envelope's fields, with `content` for `Content`. */
export interface Sent {
  readonly MsgType: string
  readonly content?: unknown
  readonly FromUserId?: string
  readonly CallbackID?: string | undefined
  readonly ClientMsgId?: string
  readonly MsgId?: string
  readonly Epoch?: string
  readonly Seq?: number
}

/** One client, as the server sees it. */
export class Peer {
  readonly index: number
  readonly received: Received[] = []
  readonly #write: (body: string) => void
  readonly #cut: () => void
  readonly #raw: (bytes: Uint8Array) => void
  readonly pause: () => void
  readonly resume: () => void
  isClosed = false

  constructor(
    index: number,
    io: {
      write(body: string): void
      raw(bytes: Uint8Array): void
      cut(): void
      pause(): void
      resume(): void
    },
  ) {
    this.index = index
    this.#write = io.write
    this.#raw = io.raw
    this.#cut = io.cut
    this.pause = io.pause
    this.resume = io.resume
  }

  /** Sends an envelope. */
  send(fields: Sent): void {
    const { content, ...rest } = fields
    this.#write(JSON.stringify({ ...rest, Content: JSON.stringify(content ?? {}) }))
  }

  /** Answers a request with its `CallbackID`. */
  answer(request: Received, MsgType: string, content: unknown): void {
    this.send({ MsgType, content, CallbackID: request.CallbackID })
  }

  /** Says why, then ends the connection. */
  close(code: string, extra: object = {}): void {
    this.send({ MsgType: 'ErrorResponse', content: { Code: code, Message: code, Retryable: false, ...extra } })
    this.#cut()
  }

  /** Ends the connection without a word. */
  cut(): void {
    this.#cut()
  }

  /** Sends bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#raw(bytes)
  }
}

/** What the server does with a message; undefined: the usual, see `usual`. */
export type Script = (request: Received, peer: Peer) => unknown

/** See the head of the file. */
export class FakeServer {
  readonly port: number
  readonly url: string
  readonly peers: Peer[] = []
  readonly #close: () => Promise<void>
  readonly #waiters = new Set<() => void>()
  script: Script

  private constructor(port: number, url: string, script: Script, close: () => Promise<void>) {
    this.port = port
    this.url = url
    this.script = script
    this.#close = close
  }

  /** Starts a TCP server. */
  static async tcp(script: Script = usual, port = 0): Promise<FakeServer> {
    const sockets = new Set<Socket>()
    const server: Server = createServer((socket) => {
      sockets.add(socket)
      const peer = fake.#join({
        write: (body) => socket.write(`\x02${body}\x03`),
        raw: (bytes) => socket.write(bytes),
        cut: () => socket.end(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
      })
      let text = ''
      socket.setEncoding('utf8')
      socket.on('data', (chunk: string) => {
        text += chunk
        for (let end = text.indexOf('\x03'); end !== -1; end = text.indexOf('\x03')) {
          const body = text.slice(text.indexOf('\x02') + 1, end)
          text = text.slice(end + 1)
          fake.#take(body, peer)
        }
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        peer.isClosed = true
        fake.#wake()
      })
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    const { port: bound } = server.address() as AddressInfo
    const fake: FakeServer = new FakeServer(bound, `parley://127.0.0.1:${bound}`, script, async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    })
    return fake
  }

  /** Starts a WebSocket server. */
  static async webSocket(script: Script = usual): Promise<FakeServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, path: '/ws', perMessageDeflate: false })
    server.on('connection', (socket: WebSocket) => {
      const peer = fake.#join({
        write: (body) => socket.send(body),
        raw: (bytes) => socket.send(bytes),
        cut: () => socket.close(),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
      })
      socket.on('message', (data) => fake.#take(String(data), peer))
      socket.on('close', () => {
        peer.isClosed = true
        fake.#wake()
      })
    })
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const fake: FakeServer = new FakeServer(port, `ws://127.0.0.1:${port}`, script, async () => {
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    })
    return fake
  }

  /** The client that connected last. */
  get peer(): Peer {
    const peer = this.peers.at(-1)
    if (peer === undefined) throw new Error('no client has connected')
    return peer
  }

  /** Everything that came, over all connections. */
  get received(): Received[] {
    return this.peers.flatMap((peer) => peer.received)
  }

  /** Waits until the condition holds; it is looked at whenever something comes. */
  async until(what: string, condition: () => boolean, deadlineMs = 5000): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(look)
        reject(new Error(`not in time: ${what}`))
      }, deadlineMs)
      const look = (): void => {
        if (!condition()) return
        clearTimeout(timer)
        this.#waiters.delete(look)
        resolve()
      }
      this.#waiters.add(look)
    })
  }

  /** Waits for a message of a type and gives it, the n-th counted from 1. */
  async message(msgType: string, count = 1): Promise<Received> {
    const found = (): Received | undefined => this.received.filter((each) => each.MsgType === msgType)[count - 1]
    await this.until(`${count} ${msgType}`, () => found() !== undefined)
    return found() as Received
  }

  close(): Promise<void> {
    return this.#close()
  }

  #join(io: ConstructorParameters<typeof Peer>[1]): Peer {
    const peer = new Peer(this.peers.length, io)
    this.peers.push(peer)
    this.#wake()
    return peer
  }

  #take(body: string, peer: Peer): void {
    const envelope = JSON.parse(body)
    const request: Received = { ...envelope, content: JSON.parse(envelope.Content) }
    peer.received.push(request)
    this.script(request, peer)
    this.#wake()
  }

  #wake(): void {
    for (const look of [...this.#waiters]) look()
  }
}

/** What a server usually does: lets everyone in with the token `token-1`, and answers with success. */
export function usual(request: Received, peer: Peer): void {
  switch (request.MsgType) {
    case 'AuthRequest':
      peer.answer(request, 'AuthResponse', {
        Success: true,
        UserId: request.content.UserId,
        SessionId: `session-${peer.index}`,
        Role: 'user',
        Token: `token-${peer.index + 1}`,
        TokenExpires: 4_000_000_000,
        Version: 1,
      })
      return
    case 'UserListRequest':
      peer.answer(request, 'UserListResponse', { Items: [{ Text: 'bob', Value: 'bob' }], Total: 1 })
      return
    case 'HeartbeatRequest':
      peer.answer(request, 'HeartbeatResponse', {})
      return
    case 'HeartbeatResponse':
      return
    default:
      if (request.CallbackID === undefined) return
      peer.answer(request, 'CommonResponse', {
        Success: true,
        ...(request.ToUserId === undefined ? {} : { Data: { Status: 'sent' } }),
      })
      return
  }
}

/** The usual, but for the types that the test scripts. */
export function except(scripts: Readonly<Record<string, Script>>): Script {
  return (request, peer) => (scripts[request.MsgType] ?? usual)(request, peer)
}
