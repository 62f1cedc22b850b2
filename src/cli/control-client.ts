/** The command line's end of the control socket: asks a running server, one request at a time. */
import { connect, type Socket } from 'node:net'
import { limits } from '../config/limits.ts'
import type { Json } from '../protocol/json.ts'
import { requirePrivatePlace } from '../server/control-path.ts'
import {
  type ControlCallName,
  type ControlCalls,
  ControlLines,
  controlPath,
  encodeControlLine,
} from '../server/control-protocol.ts'

/** A connection to the server that runs on a data directory. */
export interface ControlClient {
  /** @throws ControlCallError when the server refuses, or does not answer */
  call<Name extends ControlCallName>(name: Name, take: ControlCalls[Name]['take']): Promise<ControlCalls[Name]['give']>
  close(): void
}

/** Why a request came to nothing: the server's code, or `no_answer`. */
export class ControlCallError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'ControlCallError'
    this.code = code
  }
}

/** What is told when the server hangs or goes away while it is asked. */
const noAnswer = 'the server did not answer; look at its log'

/**
 * Connects to the server of a data directory.
 *
 * @returns undefined when none runs there
 * @throws ControlCallError `not_allowed` when one runs and its socket is closed to this user
 */
export async function connectControl(dataDir: string): Promise<ControlClient | undefined> {
  const path = controlPath(dataDir)
  const socket = await open(path)
  return socket && new SocketClient(socket)
}

type Waiting = { readonly resolve: (give: unknown) => void; readonly reject: (error: ControlCallError) => void }

class SocketClient implements ControlClient {
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #lines = new ControlLines(limits.controlLineBytesMax.value)
  #count = 0

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', () => {})
    socket.on('close', () => this.#failAll())
  }

  async call<Name extends ControlCallName>(
    name: Name,
    take: ControlCalls[Name]['take'],
  ): Promise<ControlCalls[Name]['give']> {
    const id = ++this.#count
    const line = encodeControlLine({ id, call: name, take: take as unknown as Json })
    if (Buffer.byteLength(line) > limits.controlLineBytesMax.value) {
      throw new ControlCallError(
        'bad_request',
        `that is too much for one request (${limits.controlLineBytesMax.value} bytes)`,
      )
    }
    const give = await new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => this.#socket.destroy(), limits.controlCallTimeoutMs.value)
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer)
          resolve(value)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      if (this.#socket.destroyed) this.#failAll()
      else this.#socket.write(line)
    })
    // The server is of the same package, and the socket is in reach of nobody else. `null` is JSON's undefined.
    return (give ?? undefined) as ControlCalls[Name]['give']
  }

  close(): void {
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    const lines = this.#lines.push(chunk)
    if (lines === undefined) {
      this.#socket.destroy()
      return
    }
    for (const line of lines) this.#onReply(line)
  }

  #onReply(line: string): void {
    const reply = readReply(line)
    const waiting = reply && this.#waiting.get(reply.id)
    if (reply === undefined || waiting === undefined) {
      this.#socket.destroy()
      return
    }
    this.#waiting.delete(reply.id)
    if (reply.error === undefined) waiting.resolve(reply.give)
    else waiting.reject(new ControlCallError(reply.error.code, reply.error.message))
  }

  #failAll(): void {
    for (const waiting of this.#waiting.values()) waiting.reject(new ControlCallError('no_answer', noAnswer))
    this.#waiting.clear()
  }
}

interface ReadReply {
  readonly id: number
  readonly give: unknown
  readonly error: { readonly code: string; readonly message: string } | undefined
}

function readReply(line: string): ReadReply | undefined {
  let reply: unknown
  try {
    reply = JSON.parse(line)
  } catch {
    return undefined
  }
  if (!isRecord(reply) || typeof reply['id'] !== 'number') return undefined
  const { id, give, error } = reply
  if (error === undefined) return { id, give, error }
  if (!isRecord(error) || typeof error['code'] !== 'string' || typeof error['message'] !== 'string') return undefined
  return { id, give, error: { code: error['code'], message: error['message'] } }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function open(path: string): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      try {
        requirePrivatePlace(path)
        resolve(socket)
      } catch (error) {
        socket.destroy()
        reject(new ControlCallError('not_allowed', error instanceof Error ? error.message : String(error)))
      }
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES' || error.code === 'EPERM') {
        reject(
          new ControlCallError(
            'not_allowed',
            `a server's socket is at ${path}, and this user may not use it: run the command as the server's user`,
          ),
        )
      } else {
        // Not there, or left behind by a server that died: no server runs.
        resolve(undefined)
      }
    })
  })
}
