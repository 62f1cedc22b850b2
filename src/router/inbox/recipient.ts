/** What the router knows of one user whose messages are numbered, stored or acknowledged. */
import type { AppendFault } from '../../mailbox/inbox-messages.ts'
import { beginning, comparePositions, type Position } from '../../mailbox/position.ts'
import type { ConnectionId } from '../../mailbox/router-messages.ts'
import { receiverTag } from '../../security/message-id.ts'
import { Window } from './window.ts'

/** How far a session has come with what is stored. */
export type Stage =
  /** It waits for the store. `order`: what went to the store later than this many runs may not be in the answer. */
  | { readonly kind: 'reading'; readonly order: number }
  /** What was read last is being written to it; it goes on when that has left. */
  | { readonly kind: 'writing'; readonly receipt: number }
  /** The store could not be read; it is asked again at a time in Unix milliseconds. */
  | { readonly kind: 'waiting'; readonly until: number }
  /** It gets messages as they come. */
  | { readonly kind: 'live' }

/** A session that acknowledges, or one that does not and is being given what was stored. */
export interface Reader {
  readonly connection: ConnectionId
  readonly device: string
  readonly acknowledges: boolean
  /** The last place that it was given. */
  given: Position
  /** Up to where it has acknowledged. */
  acknowledged: Position
  /** Up to where the store knows that. */
  noted: Position
  stage: Stage
}

/** See the head of the file. */
export interface Recipient {
  readonly user: string
  /** Its part of the names of messages. */
  readonly tag: string
  /** Whether there is an account of that name, as far as is known: runs wait until it is. */
  existence: 'asked' | 'exists'
  /** The number that was given last in this epoch. */
  lastSeq: number
  /** The last number that a session was given, or that may be in the store. Those after it may be given again. */
  lastUsed: number
  /** Up to which number the history was told. */
  remembered: number
  readonly window: Window
  readonly readers: Map<ConnectionId, Reader>
  /** Logins for which the store was asked how far they are. */
  openings: number
  /** Names of the devices that it is known to have. */
  devices: ReadonlySet<string>
  /** How many runs went to the store. */
  appends: number
  /** Runs of a lower order may have left the window. */
  evicted: number
  /** Why the store has refused what it was given last: until it takes something again, it is asked with one run at a time. */
  refusal: AppendFault | undefined
  /** Nothing after this place went to the store. */
  storedTo: Position
  /** Whether new messages stay in memory: see `staysInMemory`. */
  isDirect: boolean
}

/** A recipient of whom nothing is known. */
export function createRecipient(user: string, lastSeq: number, existence: Recipient['existence']): Recipient {
  return {
    user,
    tag: receiverTag(user),
    existence,
    lastSeq,
    lastUsed: lastSeq,
    remembered: lastSeq,
    window: new Window(),
    readers: new Map(),
    openings: 0,
    devices: noDevices,
    appends: 0,
    evicted: 0,
    refusal: undefined,
    storedTo: beginning,
    isDirect: false,
  }
}

const noDevices: ReadonlySet<string> = new Set()

/** To be called when readers, their stages or devices have changed. */
export function refresh(recipient: Recipient): void {
  recipient.isDirect = staysInMemory(recipient)
}

/**
 * Whether messages need not be stored at once: there is one session that acknowledges, it has all there was, and
 * no other device of the user is known.
 */
function staysInMemory({ readers, openings, devices }: Recipient): boolean {
  if (readers.size !== 1 || openings > 0) return false
  for (const { acknowledges, stage, device } of readers.values()) {
    if (!acknowledges || stage.kind !== 'live') return false
    for (const known of devices) if (known !== device) return false
  }
  return true
}

/** Whether a session may still need what has gone to the store from memory. */
export function isRetaining({ readers, openings }: Recipient): boolean {
  if (openings > 0) return true
  for (const { stage } of readers.values()) if (stage.kind !== 'live') return true
  return false
}

/** Whether some session that acknowledges gets messages as they come. */
export function hasLiveReader({ readers }: Recipient): boolean {
  for (const { acknowledges, stage } of readers.values()) if (acknowledges && stage.kind === 'live') return true
  return false
}

/** Whether the store may have something that a reader has acknowledged and the store does not know of. */
export function owesAcknowledgement(recipient: Recipient, reader: Reader): boolean {
  return (
    reader.acknowledges &&
    comparePositions(reader.acknowledged, reader.noted) > 0 &&
    comparePositions(recipient.storedTo, reader.noted) > 0
  )
}

/** Whether nothing of it needs to be remembered but its last number. */
export function isIdle(recipient: Recipient, isOnline: boolean): boolean {
  const { readers, openings, window, devices, existence } = recipient
  if (readers.size > 0 || openings > 0 || window.entries.length > 0 || existence === 'asked') return false
  return !isOnline || devices.size === 0
}
