/** Logs users in once, for the tokens that later works log in with. */
import type { Outcome, WorkOrder } from './messages.ts'
import { forEachAtOnce, RawConnection } from './raw-connection.ts'
import { openAtOnce, type Work } from './work.ts'

/**
 * Logs all users in and out; the outcome has their tokens in the same order. At no time are more than a hundred
 * connected, so that a server's memory is still that of a server without many connections afterwards.
 */
export async function prepareTokens(order: Extract<WorkOrder, { kind: 'tokens' }>): Promise<Work> {
  const tokens = new Array<string>(order.logins.length)
  await forEachAtOnce(order.logins, openAtOnce, async (login, index) => {
    const connection = await RawConnection.open(order.endpoint, login)
    tokens[index] = connection.token
    await connection.close()
  })
  return {
    done: tokens.length,
    start: () => {},
    stop: async (): Promise<Outcome> => ({
      sent: 0,
      arrivals: { arrived: 0, doubled: 0, disordered: 0, foreign: 0 },
      tokens,
      complaints: [],
    }),
  }
}
