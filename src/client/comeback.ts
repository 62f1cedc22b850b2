/** Whether and when a client comes back after its connection was lost. Pure. */
import { backoffDelayMs } from './backoff.ts'
import type { ParleyError } from './errors.ts'
import type { ClientOptions } from './options.ts'
import type { SessionState } from './session-state.ts'

/** An online time after which the count of tries begins anew; a server that drops us at once gets growing waits. */
const stableAfterMs = 5_000
/** After these the client never comes back by itself, whatever the server says of retrying. */
const finalCodes: ReadonlySet<string> = new Set(['kicked', 'banned', 'replaced', 'account_changed', 'auth_failed'])

/** The number of the next try when the connection of a state is lost; undefined when there is none after it. */
export function nextAttempt(state: SessionState): number | undefined {
  switch (state.kind) {
    case 'online':
      return Date.now() - state.since >= stableAfterMs ? 1 : state.attempt + 1
    case 'loggingIn':
      // The first login is the application's own.
      return state.attempt > 0 ? state.attempt + 1 : undefined
    case 'connecting':
    case 'open':
    case 'waiting':
    case 'draining':
    case 'closed':
      return undefined
  }
}

/** How long to wait before a try, in milliseconds; undefined: there shall be none after this error. */
export function comebackDelayMs(
  { reconnect, random }: Pick<ClientOptions, 'reconnect' | 'random'>,
  attempt: number,
  error: ParleyError,
): number | undefined {
  if (reconnect === undefined || finalCodes.has(error.code)) return undefined
  if (!error.retryable || attempt > reconnect.attemptsMax) return undefined
  return Math.max(backoffDelayMs(reconnect, attempt - 1, random()), error.retryAfterMs ?? 0)
}
