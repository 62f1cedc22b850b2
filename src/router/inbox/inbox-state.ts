/** What the router keeps for all inboxes together, and how it was set up. */
import type { Position } from '../../mailbox/position.ts'
import type { ConnectionId } from '../../mailbox/router-messages.ts'
import { createRecipient, type Recipient } from './recipient.ts'
import { Repeats } from './repeats.ts'

/** How inboxes were set up. */
export interface InboxOptions {
  /** This life of the server, as the store has counted it: at least 1. */
  readonly epoch: number
  /** So long a message waits for its acknowledgement before it is stored. */
  readonly ackWaitMs: number
  /** So long a stored message is kept. */
  readonly ttlMs: number
  /** Bytes of one user's messages that are kept in memory until they are acknowledged. */
  readonly windowBytesMax: number
  /** The same for all users together. */
  readonly windowsBytesMax: number
  /** Bytes that may be on their way to the disk. */
  readonly storingBytesMax: number
  /** Bytes that are read from the store at once for one session. */
  readonly readBytesMax: number
  /** Time after which the store is asked again where it could not answer. */
  readonly retryMs: number
  readonly repeatsMax: number
  /** Users who are kept in mind although nothing of theirs is under way. */
  readonly idleMax: number
  /** Whether older messages make room for new ones; then senders are noted, to be told. */
  readonly dropsOldest: boolean
}

/** A message that was sent again while the first one is under way. */
export interface WaitingRepeat {
  readonly connection: ConnectionId
  readonly callbackId: string
  /** The receiver's. */
  readonly tag: string
}

/** See the head of the file. */
export interface InboxState {
  readonly options: InboxOptions
  /** This life of the server. */
  readonly epoch: number
  readonly recipients: Map<string, Recipient>
  /** Those of whom nothing is under way, the one that was used longest ago first. */
  readonly idle: Set<Recipient>
  /** The last number of users that are no recipients now. */
  readonly lastSeqs: Map<string, number>
  /** Up to where messages were given to some device of a user and could not be stored for the others. */
  readonly missed: Map<string, Position>
  /** Users of whom the store may know something. */
  readonly known: Set<string>
  /** Recipients with messages that have no answer yet. */
  readonly waiting: Set<Recipient>
  readonly repeats: Repeats
  /** By the number of the entry in `repeats`. */
  readonly waitingRepeats: Map<number, WaitingRepeat[]>
  /** Bytes in all windows, and of those that are on their way to the disk. */
  windowBytes: number
  storingBytes: number
  /** Messages without an answer. */
  unanswered: number
  /** Whether the store is gone for the moment. */
  isStoreDown: boolean
  /** Whether the server stops: then nobody waits for an acknowledgement. */
  isEnding: boolean
}

/** Nothing, and nobody. */
export function createInboxState(options: InboxOptions): InboxState {
  return {
    options,
    epoch: options.epoch,
    recipients: new Map(),
    idle: new Set(),
    lastSeqs: new Map(),
    missed: new Map(),
    known: new Set(),
    waiting: new Set(),
    repeats: new Repeats(options.repeatsMax),
    waitingRepeats: new Map(),
    windowBytes: 0,
    storingBytes: 0,
    unanswered: 0,
    isStoreDown: false,
    isEnding: false,
  }
}

/** The recipient of a name; made when it is not there, with what is known of its existence. */
export function recipientOf(inbox: InboxState, user: string, existence: Recipient['existence']): Recipient {
  let recipient = inbox.recipients.get(user)
  if (recipient === undefined) {
    recipient = createRecipient(user, inbox.lastSeqs.get(user) ?? 0, existence)
    inbox.lastSeqs.delete(user)
    inbox.recipients.set(user, recipient)
  }
  inbox.idle.delete(recipient)
  return recipient
}

/** Keeps only the last number of a recipient. */
export function forgetRecipient(inbox: InboxState, recipient: Recipient): void {
  inbox.recipients.delete(recipient.user)
  inbox.idle.delete(recipient)
  inbox.waiting.delete(recipient)
  if (recipient.lastSeq > 0) inbox.lastSeqs.set(recipient.user, recipient.lastSeq)
}
