/** What the router takes in, and what it wants done: plain data on both sides. */

import type { AcceptorMessage, SessionKeys } from '../mailbox/acceptor-messages.ts'
import type { HistoryRun } from '../mailbox/history-messages.ts'
import type {
  Acknowledgement,
  InboxCalls,
  InboxRun,
  NotedRun,
  ReceiptAsker,
  RemovedRun,
} from '../mailbox/inbox-messages.ts'
import type { Position } from '../mailbox/position.ts'
import type {
  AcknowledgedMessage,
  AuthenticateMessage,
  ClosedMessage,
  ConnectionId,
  ExchangeKeysMessage,
  RelayMessage,
  RelaySignedMessage,
  RequestMessage,
  WrittenMessage,
} from '../mailbox/router-messages.ts'
import type { DeviceKey, KeyLogEntry, Policies, Role } from '../mailbox/store-messages.ts'
import type { RsaPublicKey } from '../protocol/entities/keys.ts'
import type { ErrorCode, Fault } from '../protocol/errors.ts'
import type { OpenedInbox } from './inbox/opening.ts'
import type { StoredRun } from './inbox/storing.ts'
import type { PastAsker, PastRequest, PastVerdict } from './past.ts'

/** A login as the check of credentials takes it. */
export interface LoginAttempt {
  readonly address: string
  readonly userId: string
  readonly password?: string
  readonly token?: string
  readonly register?: boolean
  /** In a sealed session. */
  readonly sealed?: SealedLogin
  /** The thumbprint of the client's key, when the session is sealed. */
  readonly thumbprint?: string
}

/** Who comes back with a ticket. */
export interface Resumed {
  readonly user: string
  readonly device: string
  readonly role: string
  readonly generation: number
  /** Unix time in seconds. */
  readonly expires: number
  /** Thumbprints of further keys that the ticket dies with. */
  readonly boundTo?: readonly string[] | undefined
}

/** What the handshake of a sealed connection has established. */
export interface SealedIdentity {
  readonly suite: 1 | 2 | 3
  /** Of the client's key. */
  readonly thumbprint: string
  /** The client's key itself, in a full handshake: it has yet to be proven. */
  readonly clientKey: RsaPublicKey | undefined
  /** Of the offer, in base64url. */
  readonly nonce: string
  readonly transcriptHash: Uint8Array
  /** The client's signature over the transcript; it comes with the first login. */
  readonly proof: Uint8Array | undefined
  /** What a ticket of the session holds. */
  readonly resumptionSecret: Uint8Array
  readonly resumed: Resumed | undefined
}

/** What of a sealed session takes part in its login. */
export interface SealedLogin extends Omit<SealedIdentity, 'nonce'> {
  /** The `DeviceId` of the login, if it has one. */
  readonly deviceId: string | undefined
}

/** Frames of a handshake, to be answered. */
export interface KeyExchangeAttempt {
  /** Names the keys that were offered. */
  readonly offer: number
  /** What was the offer's own: its nonce in base64url, Unix time in seconds, the `CallbackID` as JSON. */
  readonly nonce: string
  readonly offerTime: number
  readonly offerCallbackId: string | undefined
  readonly terminalBody: Uint8Array
}

/** What came of an exchange of keys. */
export type KeyExchangeVerdict =
  | {
      readonly ok: true
      /** The body of the answer. */
      readonly body: Uint8Array
      /** The 320 bytes of all session keys. */
      readonly keys: Uint8Array
      readonly transcriptHash: Uint8Array
      readonly suite: 1 | 2 | 3
      readonly thumbprint: string
      readonly clientKey: RsaPublicKey | undefined
      readonly resumed: Resumed | undefined
    }
  /** There is too much to do: the client is told so. */
  | { readonly ok: false; readonly code: 'server_busy' }
  /** The client sent what it must not: the connection ends without a word. */
  | { readonly ok: false; readonly code: 'refused'; readonly detail: string }

/** A refusal by whoever checks credentials. */
export interface Refused {
  readonly ok: false
  readonly code: ErrorCode
  readonly message: string
  readonly retryAfterSeconds?: number
}

/** What the check of a login found. */
export type LoginVerdict =
  | {
      readonly ok: true
      readonly userId: string
      readonly role: Role
      readonly sessionId: string
      readonly token: string
      /** Unix time in seconds. */
      readonly tokenExpires: number
      /** In a sealed session, where its suite has tickets: what it can come back with. */
      readonly ticket?: { readonly text: string; readonly expires: number } | undefined
      /** The user's keys that count. */
      readonly keys: SessionKeys
      /** Thumbprints of the keys that the session dies with. */
      readonly boundTo: readonly string[]
      readonly policies: Policies
    }
  | Refused

/** A change of one's own password. */
export interface PasswordChange {
  readonly userId: string
  readonly address: string
  readonly oldPassword: string
  readonly newPassword: string
}

/** A key that asks to be enrolled, with the proof that who asks has it. */
export interface KeyCandidate {
  readonly userId: string
  readonly deviceId: string
  readonly key: RsaPublicKey
  /** By the key itself. */
  readonly signature: string
}

/** Somebody with an enrolled key, or an operator, says that a key is the user's. */
export type KeyApproval =
  | 'operator'
  | { readonly thumbprint: string /** Of the approving key. */; readonly modulus: string; readonly signature: string }

/** A request about keys. */
export type KeyRequest =
  | {
      readonly kind: 'enrol'
      readonly candidate: KeyCandidate
      /** Of the offer that began the sealed session. */
      readonly nonce: string
      readonly approval: KeyApproval | undefined
    }
  /** The candidate's own signature was found to be right before. */
  | { readonly kind: 'approve'; readonly candidate: KeyCandidate; readonly approval: KeyApproval }
  /** `by`: the thumbprint of the key of the session that asks. */
  | { readonly kind: 'revoke'; readonly userId: string; readonly thumbprint: string; readonly by: string }
  | { readonly kind: 'readLog'; readonly userId: string; readonly from: number }

/** What came of a request about keys. */
export type KeyVerdict =
  | { readonly kind: 'enrolled'; readonly key: DeviceKey }
  /** All is well with the candidate, but it is not the user's first key. */
  | { readonly kind: 'unapproved'; readonly thumbprint: string }
  | { readonly kind: 'revoked'; readonly key: DeviceKey }
  | { readonly kind: 'log'; readonly entries: readonly KeyLogEntry[]; readonly more: boolean }
  | { readonly kind: 'refused'; readonly problem: Fault }

/** What operators' tools on this machine ask of a running server. */
export type Command =
  | { readonly name: 'who'; readonly prefix: string; readonly after: string | undefined; readonly limit: number }
  /** `isBanned`: the account was banned just before, so a login that is being checked must not succeed. */
  | { readonly name: 'kick'; readonly userId: string; readonly reason: string | undefined; readonly isBanned: boolean }
  | { readonly name: 'send'; readonly to: string; readonly message: string }
  | { readonly name: 'broadcast'; readonly message: string }
  | { readonly name: 'pendingKeys'; readonly userId: string }
  | { readonly name: 'approveKey'; readonly userId: string; readonly thumbprint: string }

/** The answers to commands. */
export type CommandReply =
  | {
      readonly name: 'who'
      readonly items: readonly string[]
      readonly total: number
      readonly after: string | undefined
    }
  | { readonly name: 'kick'; readonly sessions: number }
  | { readonly name: 'send'; readonly status: 'sent' | 'stored' | 'delivered' }
  | { readonly name: 'send'; readonly status: 'rejected'; readonly code: ErrorCode }
  | { readonly name: 'broadcast'; readonly receivers: number }
  | {
      readonly name: 'pendingKeys'
      readonly keys: readonly { readonly thumbprint: string; readonly deviceId: string; readonly expires: number }[]
    }
  | { readonly name: 'approveKey'; readonly problem: Fault | undefined }

/** Who waits for the outcome of something. */
export type Asker =
  /** Who sent a run of messages to a user: one answer for each `CallbackID`, none for the others unless they fail. */
  | {
      readonly kind: 'sender'
      readonly connection: ConnectionId
      readonly callbackIds: readonly string[]
      /** Messages without a `CallbackID`. */
      readonly silent: number
    }
  /** Who sent a request to the server. */
  | {
      readonly kind: 'session'
      readonly connection: ConnectionId
      readonly type: string
      readonly callbackId: string | undefined
    }
  | { readonly kind: 'command'; readonly id: number }

/** Whether a user has an account, as the store answered. */
export type UserFound = 'exists' | 'unknown' | 'server_busy' | 'storage_failed'

/** The typed union of what the router takes in. */
export type RouterEvent =
  | AcknowledgedMessage
  | RelayMessage
  | RelaySignedMessage
  | AuthenticateMessage
  | ExchangeKeysMessage
  | RequestMessage
  | WrittenMessage
  | ClosedMessage
  | { readonly kind: 'keysExchanged'; readonly connection: ConnectionId; readonly verdict: KeyExchangeVerdict }
  | { readonly kind: 'loginVerdict'; readonly connection: ConnectionId; readonly verdict: LoginVerdict }
  | {
      readonly kind: 'passwordVerdict'
      readonly connection: ConnectionId
      readonly userId: string
      readonly callbackId: string | undefined
      readonly verdict: { readonly ok: true } | Refused
    }
  | { readonly kind: 'userFound'; readonly userId: string; readonly found: UserFound }
  | {
      readonly kind: 'banned'
      readonly asker: Asker
      readonly userId: string
      readonly sessions: number
      readonly problem: Fault | undefined
    }
  /** The password, role or state of an account was changed from outside its sessions, or it was removed. */
  | { readonly kind: 'accountChanged'; readonly userId: string; readonly isRemoved: boolean }
  /** A bundle of signatures was checked: a byte for each, 1 for a good one; undefined when it could not be done. */
  | { readonly kind: 'verified'; readonly bundle: number; readonly verdicts: Uint8Array | undefined }
  | { readonly kind: 'keyVerdict'; readonly asker: Asker; readonly request: KeyRequest; readonly verdict: KeyVerdict }
  /** Keys of a user were revoked from outside the sessions. */
  | { readonly kind: 'keysRevoked'; readonly userId: string; readonly keys: readonly DeviceKey[] }
  | { readonly kind: 'policiesChanged'; readonly userId: string; readonly policies: Policies }
  | { readonly kind: 'command'; readonly id: number; readonly command: Command }
  /** The server is about to end all connections. */
  | { readonly kind: 'draining' }
  /** An acceptor thread has died, and all its connections with it. */
  | { readonly kind: 'acceptorLost'; readonly acceptor: number }
  /** The store has said how far a device is; undefined when it could not. */
  | {
      readonly kind: 'inboxOpened'
      readonly connection: ConnectionId
      readonly user: string
      readonly opened: OpenedInbox | undefined
    }
  /** Stored messages were read; undefined when they could not be. */
  | {
      readonly kind: 'inboxRead'
      readonly connection: ConnectionId
      readonly user: string
      readonly page: InboxCalls['readInbox']['give'] | undefined
    }
  /** What became of runs. */
  | { readonly kind: 'runsStored'; readonly runs: readonly StoredRun[] }
  /** Stored messages have reached their first device, those whose senders are noted. */
  | { readonly kind: 'runsDelivered'; readonly delivered: readonly NotedRun[] }
  | {
      readonly kind: 'pastVerdict'
      readonly asker: PastAsker
      readonly request: PastRequest
      readonly verdict: PastVerdict
    }
  /** Messages have left inboxes unread: to make room, or at their time. */
  | { readonly kind: 'runsRemoved'; readonly removed: readonly RemovedRun[] }
  /** Users of whom the store knows something, told before anybody logs in. */
  | { readonly kind: 'inboxesKnown'; readonly users: readonly string[] }
  /** Users who asked for receipts, told before anybody logs in. */
  | { readonly kind: 'receiptAskersKnown'; readonly askers: readonly ReceiptAsker[] }
  /** Entries of the id journal, told before anybody logs in. */
  | { readonly kind: 'journalLoaded'; readonly entries: Uint8Array }
  /** The storage thread has died, or another stands in for it. */
  | { readonly kind: 'storeChanged'; readonly isDown: boolean }
  /** Nothing more comes from clients: what waits for acknowledgements is stored. */
  | { readonly kind: 'quiesced' }
  /** The server stops, and the store has not answered in time. */
  | { readonly kind: 'storeGivenUp' }
  | { readonly kind: 'tick' }

/** What the router wants done. */
export type RouterEffect =
  | { readonly kind: 'send'; readonly connection: ConnectionId; readonly message: AcceptorMessage }
  /** To every acceptor. */
  | { readonly kind: 'sendAll'; readonly message: AcceptorMessage }
  | { readonly kind: 'exchangeKeys'; readonly connection: ConnectionId; readonly attempt: KeyExchangeAttempt }
  /** Whoever waits for keys has gone. */
  | { readonly kind: 'cancelExchange'; readonly connection: ConnectionId }
  | { readonly kind: 'login'; readonly connection: ConnectionId; readonly attempt: LoginAttempt }
  /** Whoever waits for a login has gone. */
  | { readonly kind: 'cancelLogin'; readonly connection: ConnectionId }
  | {
      readonly kind: 'changePassword'
      readonly connection: ConnectionId
      readonly callbackId: string | undefined
      readonly change: PasswordChange
    }
  | { readonly kind: 'findUser'; readonly userId: string }
  /** For the history. Nobody waits for it; the bytes are valid until the effect has been run. */
  | { readonly kind: 'remember'; readonly run: HistoryRun }
  | { readonly kind: 'pastRequest'; readonly asker: PastAsker; readonly request: PastRequest }
  // What follows is for the store, in this order.
  /** A user asks for receipts, or does so no more. Goes before all runs that come after it. */
  | { readonly kind: 'noteReceiptAsker'; readonly user: string; readonly askedAt: number | undefined }
  | { readonly kind: 'append'; readonly run: InboxRun }
  | { readonly kind: 'openInbox'; readonly connection: ConnectionId; readonly take: InboxCalls['openInbox']['take'] }
  | {
      readonly kind: 'readInbox'
      readonly connection: ConnectionId
      readonly user: string
      readonly after: Position
      readonly bytesMax: number
    }
  /** These four need not be waited for, and may be gathered. */
  | { readonly kind: 'noteAcknowledged'; readonly acknowledgement: Acknowledgement }
  | ({ readonly kind: 'noteWritten'; readonly user: string } & Position)
  | ({ readonly kind: 'noteMissed'; readonly user: string } & Position)
  | { readonly kind: 'journal'; readonly entries: Uint8Array }
  /** The bytes are valid until the effect has been run. */
  | { readonly kind: 'verify'; readonly bundle: number; readonly bytes: Uint8Array }
  | { readonly kind: 'keyRequest'; readonly asker: Asker; readonly request: KeyRequest }
  | {
      readonly kind: 'ban'
      readonly asker: Asker
      readonly userId: string
      readonly until: number
      readonly sessions: number
    }
  | { readonly kind: 'commandReply'; readonly id: number; readonly reply: CommandReply }
  | {
      readonly kind: 'observed'
      readonly name:
        | 'sessionBegan'
        | 'sessionEnded'
        | 'loginFailed'
        | 'kicked'
        | 'passwordChanged'
        | 'keyRequested'
        | 'keyEnrolled'
        | 'keyRevoked'
        | 'storedDamaged'
      readonly user: string
      readonly connection: ConnectionId
      readonly detail: string
    }
