/** A whole server in this process, on free ports and a data directory of its own, with accounts. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '../../../src/config/load-settings.ts'
import type { ServerLog } from '../../../src/server/event-log.ts'
import { type RunningServer, startServer } from '../../../src/server/server.ts'
import { openLocalStore } from '../../../src/store/local-store.ts'
import { hashPassword } from '../../../src/workers/password.ts'
import { until } from './deadline.ts'
import { putServerKeys } from './server-keys.ts'
import { TcpClient, type TcpSpeech } from './tcp-client.ts'
import { WebSocketClient } from './websocket-client.ts'
import type { Content, WireClient } from './wire-client.ts'

/** The password of every account. */
export const password = 'correct horse battery'

const cost = { memoryKib: 19_456, passes: 2 }
let passwordHash: string | undefined

/** What the tests of tap need to have. */
export interface Test {
  teardown(work: () => void | Promise<void>): unknown
}

/** What a server is started with. */
export interface TestServerOptions {
  readonly users?: readonly string[]
  readonly operators?: readonly string[]
  /** Settings without the prefix: `{FRAME_BYTES_MAX: '65536'}`. */
  readonly settings?: Readonly<Record<string, string>>
  readonly poolWorkerFile?: URL
  readonly log?: ServerLog
}

/** A line of the log. */
export interface LogLine {
  readonly at: number
  readonly level: keyof ServerLog
  readonly message: string
  readonly fields: { readonly [name: string]: unknown }
}

/** See the head of the file. */
export class TestServer {
  readonly running: RunningServer
  readonly dataDir: string
  readonly lines: LogLine[]
  readonly #speech: TcpSpeech
  readonly #clients: WireClient[] = []

  constructor(parts: { running: RunningServer; dataDir: string; lines: LogLine[]; speech: TcpSpeech }) {
    this.running = parts.running
    this.dataDir = parts.dataDir
    this.lines = parts.lines
    this.#speech = parts.speech
  }

  port(listener: 'tcp' | 'ws' = 'tcp'): number {
    const address = this.running.addresses.find((address) => address.listener === listener)
    if (address === undefined) throw new Error(`the server has no listener ${listener}`)
    return address.port
  }

  /** A connection that is not logged in. */
  async connect(speech: TcpSpeech = {}): Promise<TcpClient> {
    return this.#keep(await TcpClient.connect(this.port(), { ...this.#speech, ...speech }))
  }

  /** The same over WebSocket. */
  async connectWebSocket(options?: { path?: string; origin?: string }): Promise<WebSocketClient> {
    return this.#keep(await WebSocketClient.connect(this.port('ws'), options))
  }

  /** A client that is logged in. */
  async client(user: string): Promise<TcpClient> {
    return await loggedIn(await this.connect(), user)
  }

  /** The same over WebSocket. */
  async webSocketClient(user: string): Promise<WebSocketClient> {
    return await loggedIn(await this.connectWebSocket(), user)
  }

  /** Waits for a line of the log. */
  async line(message: string, matches: (line: LogLine) => boolean = () => true): Promise<LogLine> {
    const find = (): LogLine | undefined => this.lines.find((line) => line.message === message && matches(line))
    await until(() => find() !== undefined, `the log's line "${message}"`)
    return find() as LogLine
  }

  /** What clients saw that no correct server sends. */
  faults(): string[] {
    return this.#clients.flatMap(({ faults }) => faults)
  }

  /** Cuts all connections. */
  destroyClients(): void {
    for (const client of this.#clients) client.destroy()
  }

  #keep<Client extends WireClient>(client: Client): Client {
    this.#clients.push(client)
    return client
  }
}

async function loggedIn<Client extends WireClient>(client: Client, user: string): Promise<Client> {
  const content: Content = await client.login(user, { Password: password })
  if (content.Success !== true) throw new Error(`${user} could not log in: ${content.Code}`)
  return client
}

/** Starts a server; it is stopped, and its data removed, at the end of the test. */
export async function startTestServer(t: Test, options: TestServerOptions = {}): Promise<TestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-test-'))
  await makeAccounts(dataDir, options)
  await putServerKeys(dataDir)
  const lines: LogLine[] = []
  const own = options.settings ?? {}
  const flags: Record<string, string> = { PARLEY_PORT: '0', PARLEY_WS_PORT: '0', PARLEY_DATA_DIR: dataDir }
  for (const [name, value] of Object.entries(own)) flags[`PARLEY_${name}`] = value
  const loaded = loadSettings({ flags, env: {}, envFile: undefined })
  if (loaded.kind === 'refused') throw new Error(loaded.problems.join('; '))
  const { charset, startByte, endByte } = loaded.settings
  const running = await startServer({
    settings: loaded.settings,
    log: options.log ?? collectingLog(lines),
    version: '0.0.0-test',
    firstOperator: () => {},
    ...(options.poolWorkerFile === undefined ? {} : { poolWorkerFile: options.poolWorkerFile }),
  })
  const server = new TestServer({ running, dataDir, lines, speech: { charset, start: startByte, end: endByte } })
  t.teardown(async () => {
    server.destroyClients()
    await running.drain()
    rmSync(dataDir, { recursive: true, force: true })
  })
  return server
}

async function makeAccounts(dataDir: string, options: TestServerOptions): Promise<void> {
  passwordHash ??= hashPassword(password, cost)
  const hash = passwordHash
  const store = openLocalStore({ dataDir })
  const make = (role: 'user' | 'operator') => (userId: string) => ({ userId, role, passwordHash: hash })
  const accounts = [...(options.users ?? []).map(make('user')), ...(options.operators ?? ['op']).map(make('operator'))]
  await store.call('importAccounts', { accounts })
  store.close()
}

function collectingLog(lines: LogLine[]): ServerLog {
  const at =
    (level: keyof ServerLog) =>
    (fields: object, message: string): void => {
      lines.push({ at: performance.now(), level, message, fields: { ...fields } })
    }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
