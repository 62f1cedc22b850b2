/** What the router keeps for the history, and how it was set up. */
import type { Position } from '../mailbox/position.ts'
import type { ConnectionId } from '../mailbox/router-messages.ts'

/** How the history was set up. */
export interface PastOptions {
  readonly isOn: boolean
  /** Of one answer, as text within an envelope. */
  readonly pageBytesMax: number
  /** Requests of one session that are under way. */
  readonly requestsMax: number
  /** Pairs of sender and reader in `toldRead`. */
  readonly toldReadMax: number
}

/** What the router keeps for the history. */
export interface PastState {
  readonly options: PastOptions
  /** How many requests of each session are under way. */
  readonly underWay: Map<ConnectionId, number>
  /** Where no history is kept: up to where senders were told that a reader has read, the one told longest ago first. */
  readonly toldRead: Map<string, Position>
}

/** Nothing is under way. */
export function createPastState(options: PastOptions): PastState {
  return { options, underWay: new Map(), toldRead: new Map() }
}
