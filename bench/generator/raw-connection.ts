/** One client of the benchmark: a socket, a login, then bytes. No client library, and nothing parsed on the way. */
import net from 'node:net'
import tls from 'node:tls'
import type { FrameHandler } from './frame-reader.ts'
import { Sealing } from './sealing.ts'
import { wires } from './wires/index.ts'
import type { Dialogue, Reader, Wire, WireName } from './wires/wire.ts'

/** Where the server listens. */
export interface Endpoint {
  readonly host: string
  readonly port: number
  /** What is spoken there; Parley's own wire unless said otherwise. */
  readonly wire?: WireName
  /** How connections are secured; not at all unless said otherwise. */
  readonly security?: EndpointSecurity
}

/** Parley's sealed sessions, or TLS 1.3 with a certificate that clients know. */
export type EndpointSecurity =
  | { readonly kind: 'sealed' }
  | { readonly kind: 'tls'; readonly certificate: string; readonly serverName: string }

/** Who logs in, and by what. */
export interface Login {
  readonly userId: string
  readonly password?: string | undefined
  readonly token?: string | undefined
  /** What a secured session left to its client, in order to come back for less: a ticket with its secret, or a session of TLS. */
  readonly resume?: string | undefined
  /** It acknowledges its messages, and they are kept for it while it is away: for its user, or for a device of it. */
  readonly ack?: { readonly deviceId?: string } | undefined
}

/** How long a connection and its login may take; password checks wait for one another. */
const loginTimeoutMs = 60_000

// All connections of a process read into one buffer: a read and its callback are one step. Not so on Windows, where
// reads wait with their buffer.
const readBytes = 256 * 1024
const shared = process.platform === 'win32' ? undefined : Buffer.allocUnsafe(readBytes)

/** A context of TLS for each certificate: making one takes longer than a handshake. */
const contexts = new Map<string, tls.SecureContext>()

/** A connection that has logged in. */
export class RawConnection {
  readonly #socket: net.Socket
  readonly wire: Wire
  readonly #userId: string
  readonly #reader: Reader
  readonly #sealing: Sealing | undefined
  readonly #closed: Promise<void>
  #token = ''
  #isClosing = false
  /** The newest session of TLS that the server gave. */
  #session: Buffer | undefined
  /** Takes the input as long as a dialogue lasts. */
  #hear: ((chunk: Buffer) => void) | undefined
  /** Called when the connection ends without {@link close}. */
  onLost: () => void = () => {}

  /** @param greeted a connection on which the server has said what it says before TLS */
  private constructor(endpoint: Endpoint, login: Login, greeted: net.Socket | undefined) {
    const { security } = endpoint
    this.wire = wires[endpoint.wire ?? 'parley']
    this.#userId = login.userId
    const reader = this.wire.makeReader((bytes, start, end) => this.answerControl(bytes, start, end))
    this.#sealing = security?.kind === 'sealed' ? new Sealing(login, reader, () => this.#socket.destroy()) : undefined
    this.#reader = this.#sealing ?? reader
    const buffer = shared ?? Buffer.allocUnsafe(64 * 1024)
    const { host, port } = endpoint
    const onread = {
      buffer,
      callback: (bytesRead: number) => {
        this.#take(buffer, bytesRead)
        return true
      },
    }
    this.#socket =
      security?.kind === 'tls'
        ? this.#connectTls(
            { ...(greeted === undefined ? { host, port } : { socket: greeted }), onread },
            security,
            login,
          )
        : net.connect({ host, port, noDelay: true, onread })
    this.#closed = new Promise((resolve) => {
      this.#socket.on('close', () => {
        if (!this.#isClosing) this.onLost()
        resolve()
      })
    })
    this.#socket.on('error', () => {})
  }

  #take(bytes: Buffer, length: number): void {
    if (this.#hear === undefined) this.#reader.consume(bytes, length)
    else this.#hear(bytes.subarray(0, length))
  }

  #connectTls(
    options: tls.ConnectionOptions & { readonly onread: net.OnReadOpts },
    security: Extract<EndpointSecurity, { kind: 'tls' }>,
    login: Login,
  ): tls.TLSSocket {
    const { resume } = login
    const socket = tls.connect({
      ...options,
      servername: security.serverName,
      secureContext: contextOf(security.certificate),
      ...(resume === undefined ? {} : { session: Buffer.from(resume, 'base64') }),
    })
    // The option is lost on the way to the socket below.
    socket.setNoDelay(true)
    // TLS over a socket that was there before knows no `onread`.
    if (options.socket !== undefined) socket.on('data', (chunk) => this.#take(chunk, chunk.length))
    socket.on('session', (session: Buffer) => {
      this.#session = session
    })
    return socket
  }

  /**
   * Connects, agrees on keys where the endpoint says so, and logs in. Rejects with a sentence when any of it fails.
   * `early` gets the connection before its first byte, where messages may come right behind the login.
   */
  static async open(
    endpoint: Endpoint,
    login: Login,
    early?: (connection: RawConnection) => void,
  ): Promise<RawConnection> {
    const isGreeted = endpoint.security?.kind === 'tls' && wires[endpoint.wire ?? 'parley'].greetsBeforeTls === true
    const greeted = isGreeted ? await hearGreeting(endpoint) : undefined
    const connection = new RawConnection(endpoint, login, greeted)
    early?.(connection)
    const dialogue = connection.#sealing?.dialogue() ?? connection.wire.login(login)
    try {
      connection.#token = await connection.#talk(dialogue, 'log in')
      return connection
    } catch (error) {
      connection.#isClosing = true
      connection.#socket.destroy()
      throw error
    }
  }

  /** The token that the server gave. */
  get token(): string {
    return this.#token
  }

  /** What the client can come back with; undefined without security, or where the server gave nothing. */
  get resumption(): string | undefined {
    return this.#sealing?.resumption ?? this.#session?.toString('base64')
  }

  /** Whether the session is an earlier one's continuation: with TLS that is for the server to say. */
  get isResumed(): boolean {
    if (this.#sealing !== undefined) return this.#sealing.agreed?.session.clientKey === undefined
    return this.#socket instanceof tls.TLSSocket && this.#socket.isSessionReused()
  }

  /** The sealed session, where there is one. */
  get sealing(): Sealing | undefined {
    return this.#sealing
  }

  /** Who gets the frames from now on. */
  set handler(handler: FrameHandler) {
    this.#reader.handler = handler
  }

  /** Asks for the messages to the own user, or to other topics, where a server wants to be asked. */
  async subscribe(topics: readonly string[] = [this.#userId]): Promise<void> {
    const dialogue = this.wire.subscribe(topics)
    if (dialogue !== undefined) await this.#talk(dialogue, 'subscribe')
  }

  /** Asks something, and waits for the answer. */
  async ask(dialogue: Dialogue, purpose: string): Promise<void> {
    await this.#talk(dialogue, purpose)
  }

  /** Deals with a frame that is no message; returns its text when there is reason to complain. */
  answerControl(bytes: Buffer, start: number, end: number): string | undefined {
    const frame = bytes.subarray(start, end)
    const control = this.wire.control(frame)
    if (control === 'nothing') return undefined
    if (control === 'complaint') return frame.toString('utf8')
    this.#send(control)
    return undefined
  }

  /** Writes whole frames that must not change until `done`; nothing else may be written until then. */
  write(bytes: Buffer, done?: () => void): void {
    this.#send(bytes, done)
  }

  #send(bytes: Buffer, done?: () => void): void {
    this.#socket.write(this.#sealing === undefined ? bytes : this.#sealing.seal(bytes), done)
  }

  /** Ends the connection and waits until it is closed on both sides, for a second at most. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#socket.end(this.#sealing?.goodbye() ?? '')
    const deadline = setTimeout(() => this.#socket.destroy(), 1000)
    await this.#closed
    clearTimeout(deadline)
  }

  /** Ends the connection without a word. */
  drop(): void {
    this.#isClosing = true
    this.#socket.destroy()
  }

  /** Goes through a dialogue; what was read behind it goes to the handler. Returns the token that came with it. */
  #talk(dialogue: Dialogue, purpose: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        clearTimeout(deadline)
        this.#hear = () => {}
        reject(new Error(`${this.#userId} could not ${purpose}: ${reason}`))
      }
      const deadline = setTimeout(() => fail(`no answer within ${loginTimeoutMs / 1000} s`), loginTimeoutMs)
      const onError = (error: Error): void => fail(error.message)
      this.#socket.once('error', onError)
      this.onLost = () => fail('the connection was closed')
      let input: Buffer = Buffer.alloc(0)
      this.#hear = (chunk) => {
        input = Buffer.concat([input, chunk])
        let step = dialogue.hear(input)
        while (step.kind === 'say') {
          input = input.subarray(step.consumed)
          if (step.bytes.length > 0) this.#socket.write(step.bytes)
          step = dialogue.hear(input)
        }
        if (step.kind === 'failed') fail(step.reason)
        if (step.kind !== 'done') return
        clearTimeout(deadline)
        this.#socket.off('error', onError)
        this.onLost = () => {}
        this.#hear = undefined
        const rest = input.subarray(step.consumed)
        this.#reader.consume(rest, rest.length)
        resolve(step.token ?? '')
      }
      this.#socket.write(dialogue.opening)
    })
  }
}

/** Has many connections ask for their messages. */
export async function subscribeAll(connections: readonly RawConnection[], topics?: readonly string[]): Promise<void> {
  await Promise.all(connections.map((connection) => connection.subscribe(topics)))
}

/** Connects and logs in many clients, some at a time; their order is that of `logins`. */
export async function openAll(endpoint: Endpoint, logins: readonly Login[], atOnce: number): Promise<RawConnection[]> {
  const connections = new Array<RawConnection>(logins.length)
  await forEachAtOnce(logins, atOnce, async (login, index) => {
    connections[index] = await RawConnection.open(endpoint, login)
  })
  return connections
}

/** Does something for each item, for at most `atOnce` of them at the same time. */
export async function forEachAtOnce<Item>(
  items: readonly Item[],
  atOnce: number,
  action: (item: Item, index: number) => Promise<void>,
): Promise<void> {
  const entries = items.entries()
  const lane = async (): Promise<void> => {
    for (const [index, item] of entries) await action(item, index)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane))
}

/** Connects, and waits for the line that a server says before TLS. */
function hearGreeting(endpoint: Endpoint): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: endpoint.host, port: endpoint.port, noDelay: true })
    socket.once('error', reject)
    socket.on('data', (chunk) => {
      if (!chunk.includes(0x0a)) return
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.pause()
      resolve(socket)
    })
  })
}

function contextOf(certificate: string): tls.SecureContext {
  let context = contexts.get(certificate)
  if (context === undefined) {
    context = tls.createSecureContext({ ca: certificate, minVersion: 'TLSv1.3' })
    contexts.set(certificate, context)
  }
  return context
}
