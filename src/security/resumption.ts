/** What a client shows together with a ticket: that it has the ticket's secret. The same on both sides. */
import { createHmac, hkdfSync } from 'node:crypto'
import type { Secret } from './secret.ts'
import { signedText } from './signed-text.ts'

const empty = new Uint8Array(0)
const keyBytes = 32

/** The MAC that ends frame 2 of a resumption, over the offer and the frame up to it. */
export function ticketMac(resumptionSecret: Secret, offerBody: Uint8Array, terminalHead: Uint8Array): Buffer {
  const key = hkdfSync('sha256', resumptionSecret.reveal(), empty, 'parley ticket mac v1', keyBytes)
  return createHmac('sha256', new Uint8Array(key))
    .update(signedText('parley resumption v1', offerBody, terminalHead))
    .digest()
}

/** What the session keys of a resumption come from. */
export function resumptionInputKey(parts: {
  readonly resumptionSecret: Secret
  readonly clientNonce: Uint8Array
  readonly serverNonce: Uint8Array
  /** The hash of the ECDH secret. */
  readonly agreed: Uint8Array
}): Buffer {
  const { resumptionSecret, clientNonce, serverNonce, agreed } = parts
  return Buffer.concat([resumptionSecret.reveal(), clientNonce, serverNonce, agreed])
}
