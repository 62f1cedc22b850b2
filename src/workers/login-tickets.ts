/** What the authenticator has to do with sealed sessions: whether a client has its key, and the tickets it comes back with. Runs on: the main thread. */
import type { KnownAccount } from '../mailbox/store-messages.ts'
import { Secret } from '../security/secret.ts'
import { mintTicket, type TicketKeys } from '../security/tickets.ts'
import type { TranscriptProof } from './key-exchange.ts'
import type { LoginAttempt, SealedLogin } from './login-verdict.ts'

/** What it needs of the key exchange. */
export interface SealedLoginOptions {
  readonly isProven: (proof: TranscriptProof, signal?: AbortSignal) => Promise<boolean | 'busy'>
  readonly ticketKeys: () => TicketKeys
  readonly ticketTtlSeconds: number
}

/** Whether the client of a sealed session has shown that the key is its own: by its ticket, or else by its signature. */
export async function clientHasKey(
  sealed: SealedLogin,
  options: SealedLoginOptions,
  signal: AbortSignal | undefined,
): Promise<boolean | 'busy'> {
  if (sealed.resumed !== undefined) return true
  const { suite, clientKey, transcriptHash, proof } = sealed
  if (clientKey === undefined || proof === undefined) return false
  return options.isProven({ suite, clientKey, transcriptHash, signature: proof }, signal)
}

/** Whether somebody wants in with nothing but the ticket that began the session. */
export function isByTicket({ sealed, password, token, register }: LoginAttempt): boolean {
  return sealed?.resumed !== undefined && password === undefined && token === undefined && register !== true
}

/** Whether a ticket lets its user in: not after a change of the account, nor after its key was revoked. */
export function ticketCounts({ userId, sealed }: LoginAttempt, account: KnownAccount | undefined): boolean {
  const resumed = sealed?.resumed
  if (resumed === undefined || account === undefined || resumed.user !== userId) return false
  if (account.disabled || account.generation !== resumed.generation) return false
  return !account.keys.some((key) => key.revoked && key.thumbprint === sealed?.thumbprint)
}

/** Makes the ticket of a session that begins. Undefined where its suite has none. */
export function ticketFor(
  account: KnownAccount,
  sealed: SealedLogin | undefined,
  options: SealedLoginOptions | undefined,
  moment: { readonly now: number; readonly random: (bytes: number) => Uint8Array },
): { readonly text: string; readonly expires: number } | undefined {
  if (sealed === undefined || sealed.suite === 3 || options === undefined) return undefined
  const { suite, thumbprint, resumptionSecret, resumed, deviceId } = sealed
  const expires = moment.now + options.ticketTtlSeconds
  const text = mintTicket(
    options.ticketKeys(),
    {
      user: account.userId,
      device: deviceId ?? resumed?.device ?? '',
      thumbprint,
      role: account.role,
      expires,
      generation: account.generation,
      suite,
      resumptionSecret: new Secret(resumptionSecret),
    },
    moment.random,
  )
  return { text, expires }
}
