/** What a client that knows a server's identity makes of the one that it meets: as with SSH, a change stops everything. */
import type { Offer } from './offer.ts'

/**
 * `same`: go on. `rotated`: the pinned identity, or one that it handed over to, signed its way to this one; go on, and pin
 * the new one. `changed`: stop, and tell the person. `unknown`: nothing is pinned yet.
 */
export type PinDecision = 'same' | 'rotated' | 'changed' | 'unknown'

/**
 * Compares an offer with what is pinned.
 *
 * @param pinned the thumbprint that the client keeps for this server; undefined at the first meeting
 */
export function checkPin(
  pinned: string | undefined,
  offer: Pick<Offer, 'identityThumbprint' | 'olderIdentities'>,
): PinDecision {
  if (pinned === undefined) return 'unknown'
  if (pinned === offer.identityThumbprint) return 'same'
  return offer.olderIdentities.includes(pinned) ? 'rotated' : 'changed'
}
