/** What time demands of a connection. Pure; the acceptor asks for all of them in turn, which is cheaper than a timer for each. */
import type { Connection } from './connection.ts'
import type { AcceptorLimits } from './options.ts'

/**
 * What is due: to end it for want of a login or of a sign of life, to cut it off since it does not take its last bytes, to
 * ask it for a sign of life, or to begin to count its silence anew.
 */
export type Due = 'auth_timeout' | 'idle' | 'cut' | 'ask' | 'listen'

/** Says what is due at a time, in milliseconds on the acceptor's clock. */
export function dueOf(
  connection: Connection,
  now: number,
  limits: Pick<AcceptorLimits, 'heartbeatAfterMs' | 'heartbeatTimeoutMs'>,
): Due | undefined {
  const { state } = connection
  switch (state.kind) {
    case 'greeting':
    case 'offered':
    case 'confirming':
      return now >= state.deadline ? 'auth_timeout' : undefined
    case 'session':
      return heartbeatDue(connection, now, limits)
    case 'closing':
      return now >= state.deadline ? 'cut' : undefined
    case 'exchanging':
    case 'authenticating':
    case 'closed':
      return undefined
    default:
      state satisfies never
      return undefined
  }
}

function heartbeatDue(
  connection: Connection,
  now: number,
  limits: Pick<AcceptorLimits, 'heartbeatAfterMs' | 'heartbeatTimeoutMs'>,
): Due | undefined {
  const { probedAt, lastHeardAt } = connection
  // It is this server that does not listen just now.
  if (connection.paused) return 'listen'
  if (probedAt === 0) return now - lastHeardAt >= limits.heartbeatAfterMs ? 'ask' : undefined
  if (connection.answersHeartbeats) return now - probedAt >= limits.heartbeatTimeoutMs ? 'idle' : undefined
  // It need not answer, and never has: it is only asked again.
  return now - probedAt >= limits.heartbeatAfterMs ? 'listen' : undefined
}
