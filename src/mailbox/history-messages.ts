/** What the main thread asks of the history in the storage thread, and what comes back. */
import type { Position } from './position.ts'

/** How much of each conversation is kept. */
export interface HistorySettings {
  /** A message leaves when it is older than so many days; it may be there for some minutes longer. */
  readonly daysMax: number
  /** The newest messages of a conversation that are kept; undefined: all. */
  readonly countMax: number | undefined
}

/** Consecutive messages that one user sent to another, as the router accepted them. */
export interface HistoryRun extends Position {
  readonly from: string
  readonly to: string
  /** How many frames; their numbers at the receiver are `seq`, `seq + 1`, …. */
  readonly count: number
  /** When they were accepted, in Unix milliseconds. */
  readonly time: number
  /** Whole frames, START body END, with the server's delimiters. */
  readonly frames: Uint8Array
}

/** What became of runs for the history, oldest first: they are on the disk, or will never be. */
export interface HistoryDoneMessage {
  readonly count: number
  /** How many of those could not be written. */
  readonly lost: number
}

/** A message of a conversation as it is read. */
export interface PastMessage extends Position {
  /** In the conversation: later messages have larger ones. */
  readonly position: number
  /** Whether the user who asks sent it. */
  readonly isOwn: boolean
  /** When it was accepted, in Unix milliseconds. */
  readonly time: number
  /** The envelope as it was accepted, UTF-8. */
  readonly body: Uint8Array
}

/** How far a conversation was read. */
export interface ReadState {
  /** Messages of the other one that the user has not read. */
  readonly unread: number
  /** Up to which position the user has read; 0: nothing. */
  readonly read: number
  /** The same of the other one. */
  readonly readByOther: number
}

/** A conversation in a user's list of them. */
export interface ConversationSummary {
  readonly userId: string
  /** Of its newest message. */
  readonly position: number
  /** When that was accepted, in Unix milliseconds. */
  readonly time: number
  readonly unread: number
}

/** What the history knows of one message. */
export interface PastFact {
  readonly from: string
  readonly position: number
  /** When it was accepted, in Unix milliseconds. */
  readonly time: number
  /** Whether its receiver has read it. */
  readonly isRead: boolean
}

/** Requests to the history by name, with what they take and give. */
export interface HistoryCalls {
  /**
   * A page of the conversation of two users: the newest messages before a position, or the oldest after one, or the newest.
   * Oldest first. At most `limit` messages, and about `bytesMax` bytes, but at least one message.
   * `more`: there are more in the direction that was asked. What is damaged on the disk is left out and counted.
   */
  readHistory: {
    take: { user: string; with: string; before?: number; after?: number; limit: number; bytesMax: number }
    give: ReadState & { readonly messages: readonly PastMessage[]; readonly more: boolean; readonly damaged: number }
  }
  /**
   * The user has read what `with` sent, up to the message with a number. Gives `moved` false when that was known.
   * A number further than all messages counts as the last one.
   */
  markRead: {
    take: { user: string; with: string } & Position
    give: ReadState & { readonly moved: boolean }
  }
  /** The conversations of a user, in the order of the other users' names by their UTF-8 bytes. */
  listConversations: {
    take: { user: string; after: string; limit: number }
    /** `next` is the `after` of the next page, when there is one. */
    give: { items: readonly ConversationSummary[]; next: string | undefined }
  }
  /** Finds the message that a user was to get under a number, among the conversations that this user has, the first thousands of them. */
  findPast: {
    take: { to: string } & Position
    give: PastFact | undefined
  }
  /** Removes what is past its time or its count, looking at no more than about `limit` rows; call again while there is `more`. */
  retainHistory: { take: { limit: number }; give: { removed: number; more: boolean } }
}
