/**
 * One connection: its channel, its life as one union, and what waits to be written to it.
 *
 *     greeting ──AuthRequest──▶ authenticating ──verdict──▶ session
 *      │  ▲  ▲                        │
 *      │  │  └────────refused─────────┘
 *      │  └─────────────the client's proof, from here on sealed──────────────┐
 *      └─the server's keys─▶ offered ─the client's─▶ exchanging ─done─▶ confirming
 *     any of them ──close(reason)──▶ closing ──written, or too late──▶ closed
 *
 * Runs on: the acceptor thread.
 */
import type { ConnectionId } from '../mailbox/router-messages.ts'
import type { Policies } from '../mailbox/store-messages.ts'
import type { Secret } from '../security/secret.ts'
import type { Channel } from './channel.ts'
import type { LearnedShape } from './learned-shape.ts'
import type { MessageKeys } from './message-keys.ts'
import { OutputQueue } from './output-queue.ts'
import type { TokenBucket } from './token-bucket.ts'
import type { Unverified } from './unverified.ts'

/** What a handshake has established. */
export interface SealedFacts {
  readonly suite: 1 | 2 | 3
  /** Of the client's key. */
  readonly thumbprint: string
  /** What messages of the session are signed with under HS256. */
  readonly signingKey: Secret
}

/** Keys that were offered to a connection, as long as its handshake needs them. */
export interface OfferedKeys {
  /** Names the keys. */
  readonly id: number
  /** In base64url. */
  readonly nonce: string
  /** Unix time in seconds, as in the frame. */
  readonly time: number
  /** Of the request that it answered, as JSON. */
  readonly callbackId: string | undefined
}

/** What the acceptor knows of a logged-in user's session. */
export interface Session {
  readonly user: string
  /** The user's name as UTF-8, to compare with bytes from the wire. */
  readonly name: Buffer
  /** `"name"`, as JSON. */
  readonly nameJson: Buffer
  /** `"FromUserId":"name",`, as it is written into messages that do not name their sender. */
  readonly senderMember: Buffer
  /** Shared by all sessions of the user. */
  readonly bucket: TokenBucket
  /** By which its messages are known when they come again. */
  readonly messageKeys: MessageKeys
  /** Its user's part of the names of messages. */
  readonly tag: string
  /** How its client writes messages. */
  shape: LearnedShape
  /** What its messages to users must be like. */
  policies: Policies
  /** The keys that its messages may be signed by: modulus by thumbprint. */
  keys: ReadonlyMap<string, string>
  /** What is on its way behind signatures that are being checked. */
  readonly unverified: Unverified
  /** Undefined in a plain session. */
  readonly sealed: SealedFacts | undefined
  /** Whether it gets `PresenceEvent`s. */
  watches: boolean
}

/** The life of a connection; see the head of the file. Times are milliseconds on the acceptor's clock. */
export type ConnectionState =
  /** `proof`: the client's signature over the transcript of its handshake, which goes with its first login. */
  | { readonly kind: 'greeting'; readonly deadline: number; readonly proof?: Buffer }
  /** `isUnasked`: the server has greeted, and the client has said nothing yet. */
  | { readonly kind: 'offered'; readonly deadline: number; readonly offer: OfferedKeys; readonly isUnasked: boolean }
  | { readonly kind: 'exchanging' }
  /** All is sealed from here on. `mac` is what the client must know. */
  | { readonly kind: 'confirming'; readonly deadline: number; readonly mac: Secret; readonly facts: SealedFacts }
  | { readonly kind: 'authenticating' }
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'closing'; readonly deadline: number }
  | { readonly kind: 'closed' }

/** See the head of the file. */
export class Connection {
  readonly id: ConnectionId
  readonly channel: Channel
  /** The address as limits count it. */
  readonly addressKey: string
  readonly output: OutputQueue = new OutputQueue()
  state: ConnectionState
  /** Undefined: what it says is not sealed, or not proven yet. */
  sealed: SealedFacts | undefined
  /** The user it has, or had when it was closed: for the log. */
  user: string | undefined
  /** What came and could not be taken yet. */
  #unread: Buffer[] = []
  #unreadBytes = 0
  /** Whether the channel was told to stop reading. */
  paused = false
  /** Whether the router has heard of it: then it must hear of its end. */
  isKnownToRouter = false
  /** Why it is being closed. */
  closeReason: string | undefined
  closeDetail: string | undefined

  lastHeardAt: number
  /** When it was asked for a heartbeat and has not been heard since; 0 otherwise. */
  probedAt = 0
  /** Whether it has ever answered one, or acknowledges messages: only then is silence an end. */
  answersHeartbeats = false

  receivedBytes = 0
  sentBytes = 0
  noiseBytes = 0
  /** Messages refused for their rate of which it has not been told. */
  untoldRefusals = 0
  /** When it was last told of such. */
  toldOfRefusalsAt = Number.NEGATIVE_INFINITY
  /** Frames before login that could not be used. */
  faultsBeforeLogin = 0
  failedLogins = 0

  constructor(options: {
    id: ConnectionId
    channel: Channel
    addressKey: string
    state: ConnectionState
    now: number
  }) {
    this.id = options.id
    this.channel = options.channel
    this.addressKey = options.addressKey
    this.state = options.state
    this.lastHeardAt = options.now
  }

  /** The session, when it is logged in. */
  session(): Session | undefined {
    return this.state.kind === 'session' ? this.state.session : undefined
  }

  /** Whether nothing of it may be read now: somebody else is deciding on it. */
  isBeingDecided(): boolean {
    return this.state.kind === 'authenticating' || this.state.kind === 'exchanging'
  }

  /** Whether whatever is wrong now ends it without a word: who changes bytes on the way is to learn nothing. */
  endsSilently(): boolean {
    const { kind } = this.state
    return this.sealed !== undefined || kind === 'offered' || kind === 'exchanging' || kind === 'confirming'
  }

  /** Whether messages may still be written to it. */
  isOpen(): boolean {
    return this.state.kind !== 'closing' && this.state.kind !== 'closed'
  }

  /** Bytes that came and could not be taken yet. */
  unreadBytes(): number {
    return this.#unreadBytes
  }

  /** Keeps what can't be taken now. It is joined when it is taken: a WebSocket brings many small chunks. */
  keepUnread(chunk: Buffer): void {
    this.#unread.push(chunk)
    this.#unreadBytes += chunk.length
  }

  /** Takes what was kept; undefined when there is nothing. */
  takeUnread(): Buffer | undefined {
    const chunks = this.#unread
    if (chunks.length === 0) return undefined
    this.#unread = []
    this.#unreadBytes = 0
    return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)
  }

  pause(): void {
    if (this.paused) return
    this.paused = true
    this.channel.pause()
  }

  resume(): void {
    if (!this.paused) return
    this.paused = false
    this.channel.resume()
  }
}
