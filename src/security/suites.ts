/** The suites: which algorithms go together under which number. Suite 3 has its differences in a module of its own. */

/** A suite's number, as it stands on the wire. */
export type SuiteNumber = 1 | 2 | 3

/** What a suite consists of. */
export interface Suite {
  readonly number: SuiteNumber
  /** Whether an ephemeral P-256 exchange is part of it: forward secrecy, and with it tickets. */
  readonly ephemeral: boolean
  /** The hash of OAEP, and of its MGF1. */
  readonly oaepHash: 'sha256' | 'sha1'
  /** The client's signature over the transcript, by its JOSE name. */
  readonly signature: 'PS256' | 'RS256'
  readonly records: 'A256GCM' | 'A256CBC-HS512'
}

/** Suite 3's parameters; what is done with them stands in a module of its own. */
export const suite3: Suite = {
  number: 3,
  ephemeral: false,
  oaepHash: 'sha1',
  signature: 'RS256',
  records: 'A256CBC-HS512',
}

const suites: ReadonlyMap<unknown, Suite> = new Map<unknown, Suite>([
  [1, { number: 1, ephemeral: true, oaepHash: 'sha256', signature: 'PS256', records: 'A256GCM' }],
  [2, { number: 2, ephemeral: true, oaepHash: 'sha256', signature: 'PS256', records: 'A256CBC-HS512' }],
  [3, suite3],
])

/** The suite of a number from the wire, or undefined when there is none. */
export function suiteOf(number: unknown): Suite | undefined {
  return suites.get(number)
}
