/** The shape of `handshake.json`. Bytes are hex, bodies are their text (ASCII), keys are names in `keys.json`. */
import type { SuiteNumber } from '../../src/security/suites.ts'

/** A whole handshake, with everything that both sides compute on the way. */
export interface HandshakeCase {
  readonly name: string
  readonly suite: SuiteNumber
  /** Unix time in seconds, on both sides. */
  readonly now: number
  readonly client: string
  /** The exact bodies of the three frames. */
  readonly offer: string
  readonly terminal: string
  readonly finish: string
  /** The P-256 private keys; not in suite 3. */
  readonly clientScalar?: string
  readonly serverScalar?: string
  /** The x coordinate of the shared point, 32 bytes; its SHA-256 goes into the input key. */
  readonly sharedX?: string
  /** What is under OAEP in frames 2 and 3; not in a resumption. */
  readonly clientShare?: string
  readonly serverShare?: string
  readonly clientNonce: string
  readonly serverNonce: string
  /** In a resumption. */
  readonly resumption?: {
    readonly ticket: string
    readonly resumptionSecret: string
    readonly ticketMac: string
  }
  /** What HKDF gets. */
  readonly inputKey: string
  /** TH. */
  readonly transcript: string
  /** All 320 bytes, and the same cut up. */
  readonly okm: string
  readonly keys: Readonly<Record<string, string>>
  readonly serverMac: string
  readonly clientMac: string
  /** The frame inside the first record. */
  readonly authFrame: string
  /** The plaintext of the first record, and the record. */
  readonly proof: string
  readonly firstRecord: string
  /** The server's first record: a heartbeat. */
  readonly serverRecord: string
}

/** A frame 1 by itself. */
export interface OfferCase {
  readonly name: string
  readonly now: number
  readonly offer: string
  readonly valid: boolean
  /** The identities before, newest first, as thumbprints: of a valid one. */
  readonly olderIdentities?: readonly string[]
  /** Why our reader refuses it. */
  readonly problem?: string
}

/** A frame 2 that ends the connection, or is answered and comes to nothing. */
export interface TerminalCase {
  readonly name: string
  /** The handshake whose frame 1 it answers. */
  readonly handshake: string
  readonly terminal: string
  /** False: the server answers as ever, and the client's MAC is wrong. */
  readonly refused: boolean
}

/** A frame 3 that a client must refuse. */
export interface FinishCase {
  readonly name: string
  /** The handshake whose frames 1 and 2 it follows. */
  readonly handshake: string
  readonly finish: string
}

/** The file. */
export interface HandshakeVectors {
  readonly description: string
  readonly identity: string
  readonly handshakeKey: string
  /** The ticket keys of `tickets.json` open the tickets in here. */
  readonly handshakes: readonly HandshakeCase[]
  readonly offers: readonly OfferCase[]
  readonly badTerminals: readonly TerminalCase[]
  readonly badFinishes: readonly FinishCase[]
}
