/** From what a handshake agreed on to the keys of the session: one HKDF, cut into eight keys. */
import { hkdfSync } from 'node:crypto'
import { Secret } from './secret.ts'

/** All keys of a session, the same on both sides. */
export interface SessionKeys {
  /** 64 bytes each: what records are encrypted under, until the next key update. */
  readonly clientRecordKey: Secret
  readonly serverRecordKey: Secret
  /** 32 bytes each: what nonces and IVs come from, for the whole session. */
  readonly clientIvKey: Secret
  readonly serverIvKey: Secret
  /** 32 bytes each: for the two MACs that end the handshake. */
  readonly clientFinishKey: Secret
  readonly serverFinishKey: Secret
  /** 32 bytes: what a ticket of this session holds. */
  readonly resumptionSecret: Secret
  /** 32 bytes: for messages signed with HS256. */
  readonly signingKey: Secret
}

/** The length of all session keys together, in the order of the table below. */
export const sessionKeyBytes = 320

/** Where each key stands in the 320 bytes. */
const layout = {
  clientRecordKey: [0, 64],
  clientIvKey: [64, 96],
  serverRecordKey: [96, 160],
  serverIvKey: [160, 192],
  clientFinishKey: [192, 224],
  serverFinishKey: [224, 256],
  resumptionSecret: [256, 288],
  signingKey: [288, 320],
} as const

const info = 'parley sealed v1 keys'

/**
 * Derives the keys of a session.
 *
 * @param inputKey what both sides know: shares or the resumption secret, and the hash of the ECDH secret
 * @param transcript the transcript hash, which is the salt
 * @returns the 320 bytes; see `readSessionKeys`
 */
export function deriveSessionKeys(inputKey: Uint8Array, transcript: Uint8Array): Secret {
  return new Secret(new Uint8Array(hkdfSync('sha256', inputKey, transcript, info, sessionKeyBytes)))
}

/**
 * Cuts the 320 bytes into the keys, which are views of them, not copies.
 *
 * @throws RangeError for another length
 */
export function readSessionKeys(packed: Secret | Uint8Array): SessionKeys {
  const bytes = packed instanceof Secret ? packed.reveal() : packed
  if (bytes.length !== sessionKeyBytes) throw new RangeError(`session keys are ${sessionKeyBytes} bytes`)
  const cut = ([start, end]: readonly [number, number]): Secret => new Secret(bytes.subarray(start, end))
  return {
    clientRecordKey: cut(layout.clientRecordKey),
    clientIvKey: cut(layout.clientIvKey),
    serverRecordKey: cut(layout.serverRecordKey),
    serverIvKey: cut(layout.serverIvKey),
    clientFinishKey: cut(layout.clientFinishKey),
    serverFinishKey: cut(layout.serverFinishKey),
    resumptionSecret: cut(layout.resumptionSecret),
    signingKey: cut(layout.signingKey),
  }
}

/** A copy of the resumption secret alone, with which the other keys do not stay in memory. */
export function resumptionSecretOf(packed: Uint8Array): Uint8Array {
  const [start, end] = layout.resumptionSecret
  // A Buffer's own slice would be a view.
  return Uint8Array.prototype.slice.call(packed, start, end)
}

/** Writes keys as the 320 bytes, to hand them to another thread. */
export function packSessionKeys(keys: SessionKeys): Uint8Array {
  const bytes = new Uint8Array(sessionKeyBytes)
  bytes.set(keys.clientRecordKey.reveal(), layout.clientRecordKey[0])
  bytes.set(keys.clientIvKey.reveal(), layout.clientIvKey[0])
  bytes.set(keys.serverRecordKey.reveal(), layout.serverRecordKey[0])
  bytes.set(keys.serverIvKey.reveal(), layout.serverIvKey[0])
  bytes.set(keys.clientFinishKey.reveal(), layout.clientFinishKey[0])
  bytes.set(keys.serverFinishKey.reveal(), layout.serverFinishKey[0])
  bytes.set(keys.resumptionSecret.reveal(), layout.resumptionSecret[0])
  bytes.set(keys.signingKey.reveal(), layout.signingKey[0])
  return bytes
}
