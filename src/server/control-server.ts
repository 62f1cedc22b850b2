/**
 * The server's end of the control socket: listens for the command line, checks what comes, asks the
 * handlers. It owns the socket file. Requests of one connection are answered one after another, so that a
 * client that floods it waits for itself. Runs on: the main thread.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { Account, AccountSummary, StoreCallName, StoreCalls } from '../mailbox/store-messages.ts'
import { claimControlPath } from './control-path.ts'
import {
  type ControlCallName,
  ControlLines,
  type ControlReply,
  type Explanation,
  encodeControlLine,
  type OnlinePage,
  type PastPage,
  type PastQuery,
  type PendingKeySummary,
  type SentByServer,
  type ServerStatus,
} from './control-protocol.ts'
import { type KnownRequest, readRequest } from './control-takes.ts'
import type { ShownKeys } from './key-keeper.ts'

/** What the control socket does to the server. A handler that throws an error with a `code` refuses with it. */
export interface ControlHandlers {
  status(): Promise<ServerStatus> | ServerStatus
  who(take: { prefix?: string; after?: string; limit?: number }): Promise<OnlinePage> | OnlinePage
  kick(take: { userId: string; reason?: string; banSeconds?: number }): Promise<{ sessions: number }>
  send(take: { to: string; message: string }): Promise<SentByServer>
  broadcast(take: { message: string }): Promise<{ receivers: number }>
  history(take: PastQuery): Promise<PastPage>
  explain(take: { msgId: string }): Promise<Explanation>
  keysShow(): Promise<ShownKeys> | ShownKeys
  keysRotate(): Promise<ShownKeys>
  pendingKeys(take: { userId: string }): Promise<readonly PendingKeySummary[]>
  approveKey(take: { userId: string; thumbprint: string }): Promise<{ thumbprint: string }>
  /** Asks the store, and ends the sessions of an account that was changed. */
  store<Name extends StoreCallName>(name: Name, take: StoreCalls[Name]['take']): Promise<StoreCalls[Name]['give']>
}

/** What a log should know. Never holds what a request took: that may be a hash or a text. */
export type ControlEvent =
  | { readonly name: 'listening'; readonly path: string }
  | { readonly name: 'staleSocketRemoved'; readonly path: string }
  | { readonly name: 'called'; readonly call: ControlCallName; readonly userId: string | undefined }
  | { readonly name: 'refused'; readonly call: string | undefined; readonly code: string; readonly message: string }
  | { readonly name: 'failed'; readonly call: ControlCallName; readonly error: unknown }
  | { readonly name: 'connectionRefused'; readonly reason: string }

/** Limits of the socket; see `limits.ts`. */
export interface ControlLimits {
  readonly lineBytesMax: number
  readonly connectionsMax: number
  /** A connection without a request for so long is closed. */
  readonly idleMs: number
}

/** What a control server is made of. */
export interface ControlServerOptions {
  readonly path: string
  readonly handlers: ControlHandlers
  readonly limits: ControlLimits
  readonly onEvent: (event: ControlEvent) => void
}

/** A control server at work. */
export interface ControlServer {
  readonly path: string
  /** Stops listening, lets requests that run come to their end, and removes the socket. Idempotent. */
  close(): Promise<void>
}

/**
 * Starts to listen. The socket file that a dead server left behind is replaced.
 *
 * @throws ControlServerError `data_dir_in_use` when another server answers there, `control_failed` else
 */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path, limits, onEvent } = options
  const connections = new Set<ControlConnection>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (connections.size >= limits.connectionsMax) {
      onEvent({ name: 'connectionRefused', reason: `more than ${limits.connectionsMax} connections` })
      socket.destroy()
      return
    }
    const connection = new ControlConnection(socket, options)
    connections.add(connection)
    void connection.ended.then(() => connections.delete(connection))
  })
  if (await claimControlPath(server, path)) onEvent({ name: 'staleSocketRemoved', path })
  server.on('error', (error) => onEvent({ name: 'connectionRefused', reason: error.message }))
  onEvent({ name: 'listening', path })
  let closing: Promise<void> | undefined
  return {
    path,
    close: () => {
      closing ??= closeAll(server, connections)
      return closing
    },
  }
}

/** One command's connection: reads a line, answers it, reads the next. */
class ControlConnection {
  readonly ended: Promise<void>
  readonly #socket: Socket
  readonly #options: ControlServerOptions
  #state: 'waiting' | 'answering' | 'closing' = 'waiting'

  constructor(socket: Socket, options: ControlServerOptions) {
    this.#socket = socket
    this.#options = options
    // What breaks a connection ends the loop below; nothing else has to be done about it.
    socket.on('error', () => {})
    socket.setTimeout(options.limits.idleMs, () => this.#onIdle())
    this.ended = this.#serve()
  }

  /** Ends the connection after the request that runs, if one does. */
  close(): void {
    if (this.#state === 'waiting') this.#socket.destroy()
    else this.#state = 'closing'
  }

  /** Ends the connection now. */
  destroy(): void {
    this.#socket.destroy()
  }

  async #serve(): Promise<void> {
    const lines = new ControlLines(this.#options.limits.lineBytesMax)
    try {
      for await (const chunk of this.#socket.iterator({ destroyOnReturn: false })) {
        const complete = lines.push(chunk)
        if (complete === undefined) {
          const message = `a request has at most ${this.#options.limits.lineBytesMax} bytes`
          await this.#write({ id: 0, error: { code: 'bad_request', message } })
          break
        }
        for (const line of complete) {
          await this.#answer(line)
          if (this.#isClosing()) return
        }
      }
    } catch {
      // The peer is gone.
    } finally {
      this.#socket.destroySoon()
    }
  }

  async #answer(line: string): Promise<void> {
    this.#state = 'answering'
    await this.#write(await replyTo(line, this.#options))
    if (!this.#isClosing()) this.#state = 'waiting'
  }

  /** Written as a method because the state changes while `#answer` waits. */
  #isClosing(): boolean {
    return this.#state === 'closing'
  }

  async #write(reply: ControlReply): Promise<void> {
    if (this.#socket.destroyed || this.#socket.write(encodeControlLine(reply))) return
    await new Promise<void>((resolve) => {
      this.#socket.once('drain', resolve)
      this.#socket.once('close', () => resolve())
    })
  }

  #onIdle(): void {
    if (this.#state === 'waiting') this.#socket.destroy()
  }
}

async function replyTo(line: string, { handlers, onEvent }: ControlServerOptions): Promise<ControlReply> {
  const request = readRequest(line)
  if ('error' in request) {
    onEvent({ name: 'refused', call: undefined, ...request.error })
    return request
  }
  try {
    const give = await perform(request, handlers)
    onEvent({ name: 'called', call: request.call, userId: subjectOf(request) })
    return { id: request.id, give: give ?? null }
  } catch (error) {
    const known = codedError(error)
    if (known === undefined) {
      onEvent({ name: 'failed', call: request.call, error })
      const message = `the server failed at ${request.call}; its log says why`
      return { id: request.id, error: { code: 'internal_error', message } }
    }
    onEvent({ name: 'refused', call: request.call, ...known })
    return { id: request.id, error: known }
  }
}

async function perform(request: KnownRequest, handlers: ControlHandlers): Promise<unknown> {
  switch (request.call) {
    case 'status':
      return handlers.status()
    case 'who':
      return handlers.who(request.take)
    case 'kick':
      return handlers.kick(request.take)
    case 'send':
      return handlers.send(request.take)
    case 'broadcast':
      return handlers.broadcast(request.take)
    case 'history':
      return handlers.history(request.take)
    case 'explain':
      return handlers.explain(request.take)
    case 'keysShow':
      return handlers.keysShow()
    case 'keysRotate':
      return handlers.keysRotate()
    case 'pendingKeys':
      return handlers.pendingKeys(request.take)
    case 'approveKey':
      return handlers.approveKey(request.take)
    case 'findAccount': {
      const account = await handlers.store('findAccount', request.take)
      return account && withoutSecret(account)
    }
    default:
      return handlers.store(request.call, request.take)
  }
}

function withoutSecret({ userId, role, disabled, bannedUntil, createdAt }: Account): AccountSummary {
  return { userId, role, disabled, bannedUntil, createdAt }
}

/** Whom a request is about, for the log. */
function subjectOf({ take }: KnownRequest): string | undefined {
  if ('userId' in take) return take.userId
  return 'to' in take ? take.to : undefined
}

/** An error that a handler meant to be told; anything else is a mistake of the server. */
function codedError(error: unknown): { code: string; message: string } | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  // Codes of ours are lower snake case; those of Node (ENOENT, ERR_…) are not for strangers to see.
  return /^[a-z][a-z_]*$/.test(error.code) ? { code: error.code, message: error.message } : undefined
}

/** How long `close` waits for requests that run. */
const closeTimeoutMs = 2000

async function closeAll(server: Server, connections: Set<ControlConnection>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const connection of connections) connection.close()
  const deadline = setTimeout(() => {
    for (const connection of connections) connection.destroy()
  }, closeTimeoutMs)
  await closed
  clearTimeout(deadline)
}
