/** What the router keeps for the history, and how it was set up. */
import type { ConnectionId } from '../mailbox/router-messages.ts'

/** How the history was set up. */
export interface PastOptions {
  readonly isOn: boolean
  /** Of one answer, as text within an envelope. */
  readonly pageBytesMax: number
  /** Requests of one session that are under way. */
  readonly requestsMax: number
}

/** What the router keeps for the history. */
export interface PastState {
  readonly options: PastOptions
  /** How many requests of each session are under way. */
  readonly underWay: Map<ConnectionId, number>
}

/** Nothing is under way. */
export function createPastState(options: PastOptions): PastState {
  return { options, underWay: new Map() }
}
