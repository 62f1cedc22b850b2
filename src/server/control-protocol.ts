/**
 * How the command line talks to a running server on the same machine: JSON lines over a socket in the
 * data directory, one request `{id, call, take}`, one reply `{id, give}` or `{id, error: {code, message}}`.
 * Whoever may write to that folder may give the server orders, so there is no login.
 */
import { createHash } from 'node:crypto'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import type { AccountCalls, AccountSummary, StoreCalls } from '../mailbox/store-messages.ts'
import type { Json } from '../protocol/json.ts'
import type { ShownKeys } from './key-keeper.ts'

/** How a server is. */
export interface ServerHealth {
  /** `full`: the disk has no room; `damaged`: something stored can't be read; `failed`: nothing can be written, or it can't be known. */
  readonly store: 'ok' | 'full' | 'damaged' | 'failed'
  /** A sentence for people. */
  readonly message: string
}

/** What a server says of itself: a JSON object with these and more. */
export interface ServerStatus {
  readonly version: string
  readonly pid: number
  /** Seconds since the start. */
  readonly uptimeS: number
  /** Every server of this version says it. */
  readonly health?: ServerHealth
  readonly [more: string]: unknown
}

/** One page of the users online. */
export interface OnlinePage {
  readonly items: readonly string[]
  /** Users that fit, on all pages. */
  readonly total: number
  /** Given when there are more: the `after` of the next request. */
  readonly after?: string
}

/** A key that waits for approval. */
export interface PendingKeySummary {
  readonly thumbprint: string
  readonly deviceId: string
  /** Unix time in milliseconds. */
  readonly expires: number
}

/** What became of a text from the server itself. */
export interface SentByServer {
  readonly status: 'delivered' | 'stored' | 'sent' | 'rejected'
  /** Why it was rejected. */
  readonly code?: string
  readonly msgId?: string
}

/** Which page of a conversation: what is older than one position, or newer than one; without either the newest. */
export interface PastQuery {
  readonly user: string
  readonly with: string
  readonly before?: number
  readonly after?: number
  readonly limit?: number
}

/** A page of a conversation, oldest first; positions only grow. */
export interface PastPage {
  /** `message` is an envelope as it went over the wire. */
  readonly items: readonly { readonly position: number; readonly message: Readonly<Record<string, unknown>> }[]
  /** There are more in the direction that was asked. */
  readonly more: boolean
  /** Messages of the other one that the user has not read. */
  readonly unread: number
  /** Up to which position the user has read, and the other one; 0: nothing. */
  readonly read: number
  readonly readByOther: number
}

/** What became of one message, step by step. */
export interface Explanation {
  /** False: the server does not know it, or not any more. */
  readonly known: boolean
  /** In the order in which they happened; `time` in Unix milliseconds. */
  readonly steps: readonly { readonly time: number; readonly step: string; readonly detail?: string }[]
}

/** Requests to the store that may come through the socket: all but those that would give a secret away, or that sessions make. */
export type ControlStoreCallName = Exclude<keyof AccountCalls, 'tokenKey' | 'enrolKey' | 'readKeyLog'>

/** What the store gives through the socket: an account without its hash. */
export type ControlStoreGive<Name extends ControlStoreCallName> = Name extends 'findAccount'
  ? AccountSummary | undefined
  : StoreCalls[Name]['give']

/** Everything that can be asked of a running server, by name, with what it takes and gives. */
export type ControlCalls = {
  [Name in ControlStoreCallName]: { take: StoreCalls[Name]['take']; give: ControlStoreGive<Name> }
} & {
  status: { take: Record<string, never>; give: ServerStatus }
  /** Who is online. */
  who: { take: { prefix?: string; after?: string; limit?: number }; give: OnlinePage }
  /** Ends the sessions of a user, and bans for a time when asked. */
  kick: { take: { userId: string; reason?: string; banSeconds?: number }; give: { sessions: number } }
  /** The public part of the server's own keys. */
  keysShow: { take: Record<string, never>; give: ShownKeys }
  /** Makes a new identity of the server, signed by the one before. */
  keysRotate: { take: Record<string, never>; give: ShownKeys }
  /** A text from the server itself to one user. */
  send: { take: { to: string; message: string }; give: SentByServer }
  /** A text from the server itself to everyone online. */
  broadcast: { take: { message: string }; give: { receivers: number } }
  /** A page of what two users said to each other, as the first of them sees it. */
  history: { take: PastQuery; give: PastPage }
  /** What became of one message. */
  explain: { take: { msgId: string }; give: Explanation }
  /** The keys of a user that wait for approval. */
  pendingKeys: { take: { userId: string }; give: readonly PendingKeySummary[] }
  /** Enrols a key that waits for approval. */
  approveKey: { take: { userId: string; thumbprint: string }; give: { thumbprint: string } }
}

/** The name of a request. */
export type ControlCallName = keyof ControlCalls

/** A request as it crosses; `id` correlates the reply. */
export interface ControlRequest {
  readonly id: number
  readonly call: string
  readonly take: Json
}

/** The reply. `id` is 0 where the request's could not be read. */
export type ControlReply =
  | { readonly id: number; readonly give: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } }

/** The longest path that every system takes for a Unix socket (sun_path has 104 bytes on macOS, 108 on Linux). */
export const socketPathBytesMax = 100

/**
 * Where the control socket of a data directory is: `control.sock` in it; a named pipe on Windows; and
 * where that path is too long for a socket, one in a folder of the user's own among the temporary files.
 */
export function controlPath(dataDir: string): string {
  const folder = resolve(dataDir)
  if (process.platform === 'win32') return `\\\\.\\pipe\\parley-${shortHash(folder.toLowerCase())}`
  const path = join(folder, 'control.sock')
  return Buffer.byteLength(path) <= socketPathBytesMax ? path : join(controlFolder(), `${shortHash(folder)}.sock`)
}

/** The folder, of mode 0700, of the sockets whose data directories have too long a path. */
export function controlFolder(): string {
  return join(tmpdir(), `parley-${userInfo().uid}`)
}

/** Makes the line of a request or a reply. */
export function encodeControlLine(message: ControlRequest | ControlReply): string {
  return `${JSON.stringify(message)}\n`
}

/** Cuts a stream of bytes into lines, never holding more than one line of the greatest length. */
export class ControlLines {
  readonly #lineBytesMax: number
  readonly #decoder = new StringDecoder('utf8')
  #parts: string[] = []
  #bytes = 0

  constructor(lineBytesMax: number) {
    this.#lineBytesMax = lineBytesMax
  }

  /**
   * Takes the next bytes.
   *
   * @returns the lines that they complete, or undefined when a line is too long: the connection is of no more use then
   */
  push(chunk: Buffer): string[] | undefined {
    const lines: string[] = []
    let start = 0
    while (start < chunk.length) {
      const newline = chunk.indexOf(0x0a, start)
      const end = newline === -1 ? chunk.length : newline
      this.#bytes += end - start
      if (this.#bytes > this.#lineBytesMax) return undefined
      this.#parts.push(this.#decoder.write(chunk.subarray(start, end)))
      if (newline === -1) return lines
      lines.push(this.#parts.join('') + this.#decoder.end())
      this.#parts = []
      this.#bytes = 0
      start = newline + 1
    }
    return lines
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
