/** One client of the benchmark: a socket, a login, then bytes. No client library, and nothing parsed on the way. */
import net from 'node:net'
import { encodeLogin } from './frame.ts'
import { type FrameHandler, FrameReader } from './frame-reader.ts'

/** Where the server listens. */
export interface Endpoint {
  readonly host: string
  readonly port: number
}

/** Who logs in, and by what. */
export interface Login {
  readonly userId: string
  readonly password?: string | undefined
  readonly token?: string | undefined
}

/** How long a connection and its login may take; password checks wait for one another. */
const loginTimeoutMs = 60_000

// All connections of a process read into one buffer: a read and its callback are one step. Not so on Windows, where
// reads wait with their buffer.
const readBytes = 256 * 1024
const shared = process.platform === 'win32' ? undefined : Buffer.allocUnsafe(readBytes)

interface AuthAnswer {
  readonly Success?: boolean
  readonly Token?: string
  readonly Code?: string
  readonly Message?: string
}

/** A connection that has logged in. */
export class RawConnection {
  readonly #socket: net.Socket
  readonly #reader: FrameReader
  readonly #closed: Promise<void>
  #token = ''
  #isClosing = false
  /** Called when the connection ends without {@link close}. */
  onLost: () => void = () => {}

  private constructor(endpoint: Endpoint) {
    this.#reader = new FrameReader(() => {})
    const buffer = shared ?? Buffer.allocUnsafe(64 * 1024)
    this.#socket = net.connect({
      host: endpoint.host,
      port: endpoint.port,
      noDelay: true,
      onread: {
        buffer,
        callback: (bytesRead) => {
          this.#reader.consume(buffer, bytesRead)
          return true
        },
      },
    })
    this.#closed = new Promise((resolve) => {
      this.#socket.on('close', () => {
        if (!this.#isClosing) this.onLost()
        resolve()
      })
    })
    this.#socket.on('error', () => {})
  }

  /** Connects and logs in. Rejects with a sentence when either fails. */
  static async open(endpoint: Endpoint, login: Login): Promise<RawConnection> {
    const connection = new RawConnection(endpoint)
    try {
      await connection.#login(login)
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

  /** Who gets the frames from now on. */
  set handler(handler: FrameHandler) {
    this.#reader.handler = handler
  }

  /** Writes bytes that must not change until `done`. */
  write(bytes: Buffer, done: () => void): void {
    this.#socket.write(bytes, done)
  }

  /** Ends the connection and waits until it is closed on both sides, for a second at most. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#socket.end()
    const deadline = setTimeout(() => this.#socket.destroy(), 1000)
    await this.#closed
    clearTimeout(deadline)
  }

  #login(login: Login): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        clearTimeout(deadline)
        reject(new Error(`${login.userId} could not log in: ${reason}`))
      }
      const deadline = setTimeout(() => fail(`no answer within ${loginTimeoutMs / 1000} s`), loginTimeoutMs)
      this.#socket.once('error', (error) => fail(error.message))
      this.onLost = () => fail('the connection was closed')
      this.handler = (bytes, start, end) => {
        const envelope = JSON.parse(bytes.toString('utf8', start + 1, end - 1)) as { MsgType: string; Content: string }
        if (envelope.MsgType === 'ErrorResponse') fail(envelope.Content)
        if (envelope.MsgType !== 'AuthResponse') return
        const answer = JSON.parse(envelope.Content) as AuthAnswer
        if (answer.Success !== true) {
          fail(`${answer.Code}: ${answer.Message}`)
          return
        }
        clearTimeout(deadline)
        this.#token = answer.Token ?? ''
        this.onLost = () => {}
        this.handler = () => {}
        resolve()
      }
      this.#socket.write(encodeLogin(login))
    })
  }
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
