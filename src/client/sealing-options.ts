/** What a client is told of sealing, and what sealing tells it. Types only: a page may load this. */
import type { GivenKey } from './device-key.ts'
import type { KnownHosts } from './known-hosts.ts'

/** The key of a server, as a person may have to judge it. */
export interface ServerKey {
  /** `host:port`. */
  readonly server: string
  /** The RFC 7638 thumbprint of its identity key. */
  readonly thumbprint: string
  /** The same in blocks of four, for people who compare it by voice or on paper. */
  readonly blocks: string
}

/** A ticket with which a session is resumed without RSA. Keep it like a password. */
export interface SavedTicket {
  readonly ticket: string
  /** Base64url. */
  readonly secret: string
  readonly suite: 1 | 2
  /** Unix seconds. */
  readonly expires: number
  readonly userId: string
  /** The server's identity: a ticket is shown to no other. */
  readonly thumbprint: string
}

/** Where a ticket is kept between runs of a program; without one it lives as long as the client. */
export interface TicketStore {
  load(server: string): Promise<SavedTicket | undefined> | SavedTicket | undefined
  /** Undefined: forget it, the server does not take it any more. */
  save(server: string, ticket: SavedTicket | undefined): Promise<void> | void
}

/** How sessions are sealed. */
export interface SealOptions {
  /** The thumbprint of the server's identity key, or its blocks; or several. With a pin nothing is trusted on first use. */
  readonly pin?: string | readonly string[]
  /** Where servers' keys are remembered: a file's path, or an object of your own. Without it: for this process. */
  readonly knownHosts?: string | KnownHosts
  /** The key of this device. Without it one is made, and kept for this process. */
  readonly key?: GivenKey
  /** The suites that this client takes, the best first; `[1, 2]` by default. */
  readonly suites?: readonly (1 | 2)[]
  /** Asked when a server is met for the first time and there is no pin. Without it the key is trusted and remembered. */
  readonly onFirstUse?: (key: ServerKey) => Promise<boolean> | boolean
  /** Told when the server has a new key that the known one signed; it is trusted, and remembered. */
  readonly onRotation?: (key: ServerKey & { readonly previous: string }) => void
  readonly tickets?: TicketStore
}

/** What is known of the sealed session of a connection. */
export interface SealedSession {
  /** The thumbprint of the server's identity key. */
  readonly server: string
  readonly suite: number
  /** Begun with a ticket, without RSA. */
  readonly resumed: boolean
}
