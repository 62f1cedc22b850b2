/** What the client needs of sealing: a layer over connections that makes them sealed. Types only: a page may load this. */
import type { Secret } from '../security/secret.ts'
import type { LoginTicket } from './answer.ts'
import type { DeviceKey } from './device-key.ts'
import type { SealedSession } from './sealing-options.ts'
import type { Transport, TransportEvents, TransportOptions } from './transport.ts'

/** An open connection that is sealed. Its first body is the login. */
export interface SealedChannel extends Transport {
  readonly session: SealedSession
  /** The nonce of the server's first frame, as it stood there: signatures that enrol keys are bound to it. */
  readonly offerNonce: string
  /** Whose ticket began the session, which then need not log in otherwise. */
  readonly resumedUser: string | undefined
  /** For messages signed with HS256. */
  readonly signingKey: Secret
  /** Whether the first record, with the login in it, has been sent. */
  readonly isProven: boolean
  /** Keeps what resumes this session, for the next connection. */
  keepTicket(ticket: LoginTicket, userId: string): void
}

/** Seals the connections of one client. */
export interface SealingLayer {
  /** The key of this device. */
  readonly key: Promise<DeviceKey>
  /**
   * Connects and makes a sealed session.
   *
   * @throws ParleyError `pin_mismatch`, `sealing_refused`, `sealing_failed`, or what a plain connection throws
   */
  open(options: TransportOptions, events: TransportEvents): Promise<SealedChannel>
}
