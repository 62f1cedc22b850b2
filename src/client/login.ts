/** One login on one connection: who, and the ways to prove it, shown one after the other until the server takes one. */
import { type LoginResult, type LoginTicket, loginIn, ticketIn } from './answer.ts'
import { ParleyError } from './errors.ts'
import type { IncomingMessage } from './message.ts'
import type { Credentials } from './session-state.ts'

/** The members of an `AuthRequest` that prove the user. Without any, the ticket of the sealed session does. */
type LoginProof = { readonly Token: string } | { readonly Password: string } | Record<string, never>

/** Who logs in, and with what. */
export interface LoginAttempt {
  readonly credentials: Credentials
  /** That the connection was resumed with a ticket of this user. */
  readonly byTicket: boolean
  /** Asks for a new account. */
  readonly register: boolean
  readonly deviceId: string | undefined
  readonly clientName: string
  /** What the request says of the inbox, and of what is to be told. */
  readonly more: object
}

/** What a login needs of its connection, and tells. */
export interface LoginEvents {
  /** Sends an `AuthRequest`. */
  ask(content: object, answered: (message: IncomingMessage) => void, failed: (error: ParleyError) => void): void
  /** Whether it is still to go on. */
  isWanted(): boolean
  /** @param content of the answer */
  welcomed(login: LoginResult, ticket: LoginTicket | undefined, content: unknown): void
  /** The last proof was refused, or there is nobody any more to show one to. */
  refused(error: ParleyError): void
}

/** What to show, the cheapest for the server first. */
export function loginProofs({
  credentials,
  byTicket,
}: Pick<LoginAttempt, 'credentials' | 'byTicket'>): readonly LoginProof[] {
  const { token, password } = credentials
  return [
    ...(byTicket ? [{}] : []),
    ...(token === undefined ? [] : [{ Token: token }]),
    ...(password === undefined ? [] : [{ Password: password }]),
  ]
}

/** Logs in: `welcomed` or `refused` is called, once. */
export function logIn(attempt: LoginAttempt, events: LoginEvents): void {
  show(attempt, loginProofs(attempt), events)
}

function show(attempt: LoginAttempt, [proof = {}, ...others]: readonly LoginProof[], events: LoginEvents): void {
  const { credentials, deviceId, clientName, register, more } = attempt
  const content = {
    UserId: credentials.userId,
    ...proof,
    ...(deviceId === undefined ? {} : { DeviceId: deviceId }),
    Client: clientName,
    Version: 1,
    ...more,
    ...(register ? { Register: true } : {}),
  }
  const refused = (error: ParleyError): void => {
    // Only the first is asked to make the account: there is one by now, or there shall be none.
    if (error.code === 'auth_failed' && others.length > 0 && events.isWanted())
      show({ ...attempt, register: false }, others, events)
    else events.refused(error)
  }
  events.ask(
    content,
    (message) => {
      const result = loginIn(message)
      if (result instanceof ParleyError) refused(result)
      else events.welcomed(result, ticketIn(message), message.content)
    },
    refused,
  )
}
