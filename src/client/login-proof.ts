/** The ways in which a user can prove to be who logs in: what stands in an `AuthRequest`, the cheapest first. */
import type { Credentials } from './session-state.ts'

/** The members of an `AuthRequest` that prove the user. Without any, the ticket of the sealed session does. */
export type LoginProof = { readonly Token: string } | { readonly Password: string } | Record<string, never>

/**
 * What to try, one after the other while the server says `auth_failed`.
 *
 * @param byTicket that the connection was resumed with a ticket of this user
 */
export function loginProofs(credentials: Credentials, byTicket: boolean): readonly LoginProof[] {
  const { token, password } = credentials
  return [
    ...(byTicket ? [{}] : []),
    ...(token === undefined ? [] : [{ Token: token }]),
    ...(password === undefined ? [] : [{ Password: password }]),
  ]
}
