/**
 * What the session router asks of the inboxes in the storage thread, and what comes back.
 *
 * Runs that are to be stored are the hot messages and have a layout of their own (`inbox-codec.ts`); what became of
 * all runs of one commit comes back as one message. The other requests are calls, see `StoreCalls`.
 */
import type { Position } from './position.ts'

/** The size of one entry of the id journal; what stands in it is the router's own affair. */
export const journalEntryBytes = 32

/** Numbers a run on its way to the store and back: counts up from 0 for each storage thread, modulo 2^32. */
export type Ticket = number

/** Consecutive messages from one sender to one receiver that are to be stored. */
export interface InboxRun extends Position {
  readonly user: string
  /** How many frames; their numbers are `seq`, `seq + 1`, …. */
  readonly count: number
  /** Unix milliseconds at which they leave unread. */
  readonly expires: number
  /** Whatever the router needs to tell the sender of this run later, at most 65,535 bytes; handed back as it is. Empty: nobody is told. */
  readonly note: Uint8Array
  /** Entries for the id journal, one a frame, committed with the frames; one of zeros, or nothing at all, stands for no id. */
  readonly ids: Uint8Array
  /** Whole frames, START body END, with the server's delimiters. */
  readonly frames: Uint8Array
}

/** Why a run, or its end, was not stored. `inbox_full` is the receiver's quota, `storage_full` the disk. */
export type AppendFault = 'inbox_full' | 'storage_full' | 'storage_failed'

/** What became of all runs of one commit. Sent after the commit; ahead of one, others with `count` 0 may tell of what was removed. */
export interface AppendedMessage {
  /** The runs with the tickets `first`, `first + 1`, … are answered by this, stored but for those in `refused`. */
  readonly first: Ticket
  readonly count: number
  /** The frames of a run from the index `from` on were refused; those before it are stored. */
  readonly refused: readonly { readonly ticket: Ticket; readonly from: number; readonly code: AppendFault }[]
  /** What older messages had to make room, by the policy `drop_oldest`. */
  readonly removed: readonly RemovedRun[]
}

/** A part of a run, as it was appended, of which something became known: numbers `from` to `to`, both included. */
export interface NotedRun {
  readonly user: string
  readonly epoch: number
  /** The number of the run's first message, so that a place in the note can be found. */
  readonly firstSeq: number
  readonly from: number
  readonly to: number
  /** The run's note; empty when it has none, or when it can't be read any more. */
  readonly note: Uint8Array
}

/** Messages that left the inbox without having been acknowledged. */
export interface RemovedRun extends NotedRun {
  readonly why: 'dropped' | 'expired'
}

/** Stored messages as they are read: consecutive frames of one epoch, with the server's delimiters of today. */
export interface StoredFrames extends Position {
  readonly count: number
  readonly frames: Uint8Array
}

/** Messages that can't be read since their bytes on the disk are not those that were written. Never served. */
export interface DamagedRange {
  readonly user: string
  readonly epoch: number
  readonly from: number
  readonly to: number
}

/** Up to which number a device has acknowledged. */
export interface Acknowledgement extends Position {
  readonly user: string
  /** Empty: a client without a device of its own. All such clients of a user share one cursor. */
  readonly device: string
}

/** A user who wants receipts. */
export interface ReceiptAsker {
  readonly user: string
  /** When that was said last, to the day, in Unix milliseconds. */
  readonly askedAt: number
}

/** What an inbox knows of one message; a message that was never stored may have been acknowledged as well. */
export interface StoredFact {
  /** It lies there. */
  readonly isStored: boolean
  /** A device of the receiver has acknowledged it, or one after it. */
  readonly isAcknowledged: boolean
  /** It was stored once and had to make room. */
  readonly isDropped: boolean
  /** It, or one after it, was written to a client that does not acknowledge. */
  readonly isWritten: boolean
}

/** Requests to the inboxes by name, with what they take and give. */
export interface InboxCalls {
  /** Begins a new epoch: the next number, durable before it is given. `damage` has a sentence for each thing found wrong at the start. */
  openEpoch: { take: Record<string, never>; give: { epoch: number; damage: readonly string[] } }
  /**
   * A client logs in. Makes its device known if it acknowledges and has one. `cursor` is where reading begins.
   * With `resume`, `recovered` says whether everything after that place is still to be had, and `missing` how much is not,
   * where that is known; without it they tell of what the device lost since it last acknowledged. A place in `resume` and
   * in an acknowledgement must have been given: the router makes sure of that, since what is acknowledged is not kept.
   */
  openInbox: {
    take: { user: string; device: string; acknowledges: boolean; resume?: Position }
    give: {
      cursor: Position
      count: number
      bytes: number
      recovered: boolean
      missing: number | undefined
      /** The names of all devices that the user is known to have, this one included. */
      devices: readonly string[]
      /** `resume` acknowledges as well: see `acknowledge`. */
      delivered: readonly NotedRun[]
    }
  }
  /** Messages after a place, in order, at least one segment; more than `bytesMax` only when the first alone is larger. */
  readInbox: {
    take: { user: string; after: Position; bytesMax: number }
    give: { segments: readonly StoredFrames[]; end: Position; more: boolean; damaged: readonly DamagedRange[] }
  }
  /** Devices have acknowledged. Gives the runs whose messages thereby reached their first device, as far as they have notes. */
  acknowledge: { take: { acknowledgements: readonly Acknowledgement[] }; give: { delivered: readonly NotedRun[] } }
  /** Messages were written to a client that does not acknowledge. */
  noteWritten: { take: { written: readonly ({ readonly user: string } & Position)[] }; give: true }
  /** Forgets devices not seen since a moment (Unix milliseconds), at most `limit`; what waited for them alone leaves. */
  forgetDevices: { take: { before: number; limit: number }; give: { forgotten: number; more: boolean } }
  /** Removes what is past its time, looking at no more than `limit` segments; call again while there is `more`. */
  expire: { take: { limit: number }; give: { removed: readonly RemovedRun[]; more: boolean } }
  /** Remembers ids of messages that are not stored: whole entries of {@link journalEntryBytes}. Need not be waited for. */
  journalIds: { take: { entries: Uint8Array }; give: true }
  /** A page of the id journal, oldest first, beginning after `after` (0: the beginning). `next` is undefined at the end. */
  loadJournal: {
    take: { after: number; since: number; bytesMax: number }
    give: { entries: Uint8Array; next: number | undefined }
  }
  /** Up to a place some device of a user has what could not be stored: the others are told at their login that they may miss something. */
  noteMissed: { take: { missed: readonly ({ readonly user: string } & Position)[] }; give: true }
  /** Who asks for receipts, and who does so no more: those without a time. Users without an account are passed over. */
  noteReceiptAskers: {
    take: { askers: readonly { readonly user: string; readonly askedAt: number | undefined }[] }
    give: true
  }
  /** Who asked for receipts, the one who did so longest ago first; a page, `from` one on. A damaged row is left out. */
  listReceiptAskers: { take: { from: number; limit: number }; give: { askers: readonly ReceiptAsker[]; more: boolean } }
  /** Names of users of whom anything is known, a page of them, `from` one on in an order that holds while nothing changes. */
  listInboxes: { take: { from: number; limit: number }; give: { users: readonly string[]; more: boolean } }
  countInboxes: { take: Record<string, never>; give: InboxCounts }
  /** Removes everything of a user: messages, devices. */
  removeInbox: { take: { user: string }; give: true }
  /** What is known of one message of an inbox. */
  findStored: { take: { user: string } & Position; give: StoredFact }
}

/** How much lies in the inboxes. */
export interface InboxCounts {
  readonly users: number
  readonly devices: number
  readonly segments: number
  readonly messages: number
  readonly bytes: number
  /** Segments found damaged since the start. */
  readonly damaged: number
  readonly journalEntries: number
}

/** What happens to a message for a full inbox. */
export type InboxPolicy = 'reject' | 'drop_oldest'

/** Settings of the inboxes. */
export interface InboxSettings {
  readonly messagesMax: number
  readonly bytesMax: number
  readonly policy: InboxPolicy
  /** The server's delimiters. Segments that were stored with others are rewritten when they are read. */
  readonly start: number
  readonly end: number
}
