/** One device of a user: an SDK client that writes into the ledger what it is shown, and can go away and come back. */
import { type Client, type Cursor, type CursorStore, connect } from '../../../src/client/index.ts'
import { password } from '../../system/support/test-server.ts'
import type { Ledger, Reader } from './ledger.ts'

/** What a device is made of. */
export interface SdkReaderOptions {
  readonly ledger: Ledger
  readonly reader: Reader
  readonly host?: string
  readonly port: number
  /** False: it does not acknowledge. */
  readonly acknowledges?: boolean
  readonly heartbeatMs?: number
}

/** See the head of the file. */
export class SdkReader {
  readonly reader: Reader
  /** How often a connection was lost. */
  disconnects = 0
  /** What the client reported; nothing of it is expected. */
  readonly complaints: string[] = []
  readonly #options: SdkReaderOptions
  readonly #cursors: CursorStore
  #client: Client | undefined
  #token: string | undefined

  private constructor(options: SdkReaderOptions) {
    this.#options = options
    this.reader = options.reader
    let cursor: Cursor | undefined
    this.#cursors = {
      load: async () => cursor,
      save: async (_user, newer) => {
        cursor = newer
      },
    }
  }

  /** Logs in for the first time; from then on the server, and the ledger, know the device. */
  static async join(options: SdkReaderOptions): Promise<SdkReader> {
    const one = new SdkReader(options)
    await one.comeBack()
    options.ledger.addDevice(options.reader, options.acknowledges ?? true)
    return one
  }

  /** The client of now. */
  get client(): Client {
    if (this.#client === undefined) throw new Error(`${this.reader.user} is away`)
    return this.#client
  }

  get isOnline(): boolean {
    return this.#client?.state === 'online'
  }

  /** Begins the application anew. Rejects when the server can't be reached. */
  async comeBack(): Promise<void> {
    const { ledger, reader, host, port, acknowledges = true, heartbeatMs } = this.#options
    const client = await connect({
      host: host ?? '127.0.0.1',
      port,
      deviceId: reader.device,
      acknowledge: acknowledges,
      cursorStore: this.#cursors,
      reconnect: { baseMs: 10, capMs: 200 },
      connectTimeoutMs: 2000,
      loginTimeoutMs: heartbeatMs === undefined ? 10_000 : 3 * heartbeatMs,
      ...(heartbeatMs === undefined ? {} : { heartbeatIntervalMs: heartbeatMs, heartbeatTimeoutMs: heartbeatMs }),
    })
    client.on('TextMsgRequest', ({ Message }, { from }) => ledger.shown(reader, from, Message))
    client.on('disconnected', () => void this.disconnects++)
    client.on('missing', ({ count, after, upTo }) => this.#complain('missing', { count, after, upTo }))
    client.on('error', (error) => this.#complain(error.code, error.message))
    try {
      const { userId, token } =
        this.#token === undefined ? { userId: reader.user } : { userId: reader.user, token: this.#token }
      this.#token = (await client.login(token === undefined ? { userId, password } : { userId, token, password })).token
      this.#client = client
      // Before the login it is what the login says.
      client.on('closed', ({ error }) => void (error !== undefined && this.#complain(error.code, error.message)))
    } catch (error) {
      await client.close()
      throw error
    }
  }

  /** Ends the application as a person does: what it has shown is acknowledged, where there is a connection. */
  async goAway(): Promise<void> {
    const client = this.#client
    if (client === undefined) return
    this.#client = undefined
    await client.close()
    this.#options.ledger.endLife(this.reader)
  }

  #complain(code: string, detail: unknown): void {
    this.complaints.push(`${this.reader.user}/${this.reader.device}: ${code} ${JSON.stringify(detail)}`)
  }
}
