/** What the router knows: who is logged in where, and who waits for what. */
import type { Position } from '../mailbox/position.ts'
import type { ConnectionId } from '../mailbox/router-messages.ts'
import type { Policies, Role } from '../mailbox/store-messages.ts'
import type { Delimiters } from '../protocol/delimiters.ts'
import { ReplayCache, type ReplayCacheLimits } from '../security/replay-cache.ts'
import type { Asker, LoginVerdict, RouterEffect, SealedIdentity } from './events.ts'
import type { Held } from './held.ts'
import { createInboxState, type InboxOptions, type InboxState } from './inbox/inbox-state.ts'
import type { Entry } from './inbox/window.ts'
import { createPastState, type PastOptions, type PastState } from './past-state.ts'
import { PendingKeys, type PendingKeysLimits } from './pending-keys.ts'
import { SortedNames } from './sorted-names.ts'
import { Trace } from './trace.ts'

/** How the router was set up. */
export interface RouterOptions {
  readonly delimiters: Delimiters
  /** `replace`: a new login ends the old one. `multi`: a user may have several sessions, which all get the messages. */
  readonly sessionPolicy: 'replace' | 'multi'
  /** Sessions of one user under `multi`. */
  readonly userSessionsMax: number
  /** Messages whose sender waits to hear that they were written. */
  readonly pendingReceiptsMax: number
  /** Senders that wait to hear whether an absent user exists. */
  readonly pendingLookupsMax: number
  /** Presence events written in one turn. */
  readonly presenceBatchMax: number
  /** Bytes of all messages that wait for the check of a signature, their own or of one before them. */
  readonly heldBytesMax: number
  /** Requests about keys of one session that are under way. */
  readonly keyRequestsMax: number
  readonly pendingKeys: PendingKeysLimits
  readonly replays: ReplayCacheLimits
  /** No signature of this Unix second or an older one is accepted: an earlier life of the process may have done so. */
  readonly replayFloor: number
  readonly inbox: InboxOptions
  readonly past: PastOptions
  /** Users of whom it is known that they want receipts. */
  readonly receiptAskersMax: number
  /** Runs of messages whose steps are remembered. */
  readonly traceRuns: number
}

/** A connection whose keys are being exchanged. */
export interface Exchanging {
  readonly kind: 'exchanging'
  readonly connection: ConnectionId
  /** Of the offer, in base64url. */
  readonly nonce: string
}

/** A sealed connection that no login of is being checked. */
export interface Sealed {
  readonly kind: 'sealed'
  readonly connection: ConnectionId
  readonly identity: SealedIdentity
}

/** What a client says of its device when it logs in. */
export interface DeviceClaim {
  /** Whether its user wants to hear what becomes of messages later; undefined: as before. */
  readonly wantsReceipts: boolean | undefined
  /** Empty: a device of its own, which lives as long as its connection. */
  readonly device: string
  readonly acknowledges: boolean
  /** The last message that it has, as it says. */
  readonly resume: { readonly Epoch: string; readonly Seq: number } | undefined
}

/** A connection whose login is being checked. */
export interface Applicant {
  readonly kind: 'applicant'
  readonly connection: ConnectionId
  readonly address: string
  readonly userId: string
  readonly callbackId: string | undefined
  /** What it says of its device and of what it has. */
  readonly device: DeviceClaim
  /** Of a sealed connection. */
  readonly sealed: SealedIdentity | undefined
  /** Set while the store is asked how far the device is: the credentials were right. */
  opening: { readonly verdict: Extract<LoginVerdict, { ok: true }>; readonly order: number } | undefined
  /** The account was changed since the check began: its verdict is worth nothing. */
  isOutdated: boolean
  /** What changed about the account since the check began, and does not outdate it. */
  readonly changes: ((session: Session) => void)[]
}

/** A logged-in session. */
export interface Session {
  readonly kind: 'session'
  readonly connection: ConnectionId
  readonly address: string
  readonly user: string
  readonly sessionId: string
  readonly role: Role
  /** Whether its client acknowledges what it gets. */
  readonly acknowledges: boolean
  watches: boolean
  changesPassword: boolean
  /** The thumbprint of the client's key and the nonce of the offer, when the session is sealed. */
  readonly sealed: { readonly thumbprint: string; readonly nonce: string } | undefined
  /** Thumbprints of the keys that the session dies with: its own, and that of the session whose token let it in. */
  readonly boundTo: readonly string[]
  /** The keys under which its messages can be signed: modulus by thumbprint. */
  readonly keys: Map<string, string>
  policies: Policies
  /** Messages that wait for the check of a signature, in their order; the first one of them has not been decided. */
  readonly held: Held[]
  /** Requests about keys that are under way. */
  keyRequests: number
}

/** A connection that the router has heard of. */
export type Peer = Exchanging | Sealed | Applicant | Session

/** A message whose sender waits to hear what became of it. */
export interface PendingDelivery {
  readonly asker: Asker
  /** Writes that are not decided yet. */
  open: number
  /** Whether the sender has its answer. */
  isAnswered: boolean
  /** By which repeats of the messages are known. */
  readonly keys: Uint8Array | undefined
}

/** A write that somebody waits for. */
export type Receipt =
  | { readonly kind: 'delivery'; readonly connection: ConnectionId; readonly delivery: PendingDelivery }
  | PageReceipt
  | EntryReceipt

/** Messages were written to a session that is given what was stored. */
export interface PageReceipt {
  readonly kind: 'page'
  readonly connection: ConnectionId
  readonly user: string
  readonly end: Position
  /** Whether that counts as having been read: its client does not acknowledge. */
  readonly isNoted: boolean
}

/** A numbered run was written to a session that does not acknowledge. */
export interface EntryReceipt {
  readonly kind: 'entry'
  readonly connection: ConnectionId
  readonly user: string
  readonly entry: Entry
}

/** A change of presence that the watchers have not been told of. */
export interface PresenceChange {
  readonly wasOnline: boolean
  /** The count of looks when it began: whoever looked since may have seen what lay in between. */
  readonly looks: number
}

/** See the head of the file. */
export interface RouterState {
  readonly options: RouterOptions
  readonly peers: Map<ConnectionId, Peer>
  /** The sessions of each user who is online; never an empty array. */
  readonly users: Map<string, Session[]>
  readonly names: SortedNames
  /** Sessions in all. */
  sessions: number
  readonly receipts: Map<number, Receipt>
  nextReceipt: number
  /** Who waits to hear whether an absent user exists, by user. */
  readonly lookups: Map<string, Asker[]>
  pendingLookups: number
  watchers: number
  /** Users whose presence changed since the last turn, with what was told last. */
  readonly presenceChanges: Map<string, PresenceChange>
  /** Counts how often a watcher looked at who is online. */
  presenceLooks: number
  /** Bundles of signatures that are being checked, and whose they are. */
  readonly bundles: Map<number, { readonly session: Session; readonly held: Held }>
  nextBundle: number
  /** Bytes that sessions hold. */
  heldBytes: number
  /** What was accepted under a signature lately. */
  readonly replays: ReplayCache
  readonly pendingKeys: PendingKeys
  readonly inbox: InboxState
  readonly past: PastState
  /** What became of messages lately. */
  readonly trace: Trace
  /** Users who asked for receipts, the one that did so longest ago first, and the times that the store was told. */
  readonly receiptAskers: Map<string, number>
}

/** An empty router. */
export function createRouterState(options: RouterOptions): RouterState {
  return {
    options,
    peers: new Map(),
    users: new Map(),
    names: new SortedNames(),
    sessions: 0,
    receipts: new Map(),
    nextReceipt: 1,
    lookups: new Map(),
    pendingLookups: 0,
    watchers: 0,
    presenceChanges: new Map(),
    presenceLooks: 0,
    bundles: new Map(),
    nextBundle: 1,
    heldBytes: 0,
    replays: new ReplayCache(options.replays, options.replayFloor),
    pendingKeys: new PendingKeys(options.pendingKeys),
    inbox: createInboxState(options.inbox),
    past: createPastState(options.past),
    trace: new Trace(options.traceRuns),
    receiptAskers: new Map(),
  }
}

/** One step at work: the state, the time (Unix milliseconds), and the effects so far. */
export interface Step {
  readonly state: RouterState
  readonly now: number
  readonly effects: RouterEffect[]
  /** What senders are told at the end of the step: see `inbox/answers.ts`. */
  answers?: Map<ConnectionId, Buffer[]> | undefined
}

/** The session of a connection, if it is logged in. */
export function sessionOf(state: RouterState, connection: ConnectionId): Session | undefined {
  const peer = state.peers.get(connection)
  return peer?.kind === 'session' ? peer : undefined
}

/** Those whose login as this user is being checked. */
export function applicantsOf(state: RouterState, userId: string): Applicant[] {
  return [...state.peers.values()].filter(
    (peer): peer is Applicant => peer.kind === 'applicant' && peer.userId === userId,
  )
}

const acceptorShift = 2 ** 28

/** The index of the acceptor that owns a connection. */
export function acceptorOf(connection: ConnectionId): number {
  return Math.floor(connection / acceptorShift)
}
