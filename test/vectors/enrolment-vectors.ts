/** The shape of `enrolment.json`. */
import type { KeyLogEntry, PinnedKeyLog } from '../../src/security/key-log.ts'

/** A signature by a new key, or by the one that approves it. */
export interface EnrolmentCase {
  readonly name: string
  readonly valid: boolean
  /** The key of `keys.json` to verify with. */
  readonly key: string
  readonly UserId: string
  readonly DeviceId: string
  /** Thumbprint of the server's identity. */
  readonly Server: string
  /** Thumbprint of the new key. */
  readonly Thumbprint: string
  /** The nonce of the server's first frame. Approvals have none. */
  readonly Nonce?: string
  /** What is signed, as hex. */
  readonly text: string
  readonly signature: string
}

/** A log of a user's keys. */
export interface KeyLogCase {
  readonly name: string
  /** Whether the log is right in itself. */
  readonly valid: boolean
  readonly UserId: string
  readonly entries: readonly KeyLogEntry[]
  /** What a client remembers of it. */
  readonly pinned?: PinnedKeyLog
  /** Of a valid log: what it comes to. */
  readonly result?: {
    readonly extendsPinned: boolean
    readonly head: string
    readonly enrolled: readonly string[]
    readonly revoked: readonly string[]
    readonly beginnings: number
  }
}

/** The file. */
export interface EnrolmentVectors {
  readonly description: string
  readonly enrolments: readonly EnrolmentCase[]
  readonly approvals: readonly EnrolmentCase[]
  /** What the hash of the first entries of the first log is over, as hex. */
  readonly hashedTexts: readonly { readonly text: string; readonly Hash: string }[]
  readonly keyLogs: readonly KeyLogCase[]
  readonly safetyNumbers: readonly {
    readonly users: readonly { readonly userId: string; readonly thumbprints: readonly string[] }[]
    readonly number: string
  }[]
  readonly fingerprints: readonly { readonly thumbprint: string; readonly blocks: string }[]
}
