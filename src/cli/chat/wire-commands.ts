/** Commands of one request over the wire: connect, log in, do it, close. For `--user` of the command line. */
import {
  type BroadcastResult,
  type Client,
  type ConnectOptions,
  type Credentials,
  connect,
  type HistoryOptions,
  type HistoryPage,
  type OnlineUser,
  type SendOptions,
  type SendResult,
} from '../../client/index.ts'

/** Where to log in, and as whom. */
export interface WireOptions {
  readonly connection: ConnectOptions
  readonly credentials: Credentials
}

/**
 * Sends a text to a user.
 *
 * @throws ParleyError, as all functions here: with the server's code, or the client's (`connect_failed`, `timeout`, …)
 */
export function wireSend(
  options: WireOptions & { readonly to: string; readonly message: string; readonly how?: SendOptions },
): Promise<SendResult> {
  return withClient(options, (client) => client.send(options.to, options.message, options.how))
}

/** A page of the conversation of the user with another one. */
export function wireHistory(options: WireOptions & HistoryOptions & { readonly with: string }): Promise<HistoryPage> {
  return withClient(options, (client) => client.history(options.with, options))
}

/** Sends a text to everyone online; for operators. */
export function wireBroadcast(options: WireOptions & { readonly message: string }): Promise<BroadcastResult> {
  return withClient(options, (client) => client.broadcast(options.message))
}

/** What `wireWho` lists. */
export interface WireWhoOptions extends WireOptions {
  /** Only names that begin so. */
  readonly prefix?: string | undefined
  /** Only names after this one. */
  readonly after?: string | undefined
  /** No more than these; all by default. */
  readonly limit?: number | undefined
}

/** Lists who is online, the one who asks included. */
export function wireWho(options: WireWhoOptions): Promise<OnlineUser[]> {
  const { prefix, after, limit = Number.POSITIVE_INFINITY } = options
  return withClient(options, async (client) => {
    const users: OnlineUser[] = []
    for await (const user of client.allUsers({ prefix, after })) {
      if (users.length >= limit) break
      users.push(user)
    }
    return users
  })
}

/** What `wireKick` does. */
export interface WireKickOptions extends WireOptions {
  readonly target: string
  readonly reason?: string | undefined
  readonly banSeconds?: number | undefined
}

/** Ends a user's sessions; for operators. */
export function wireKick(options: WireKickOptions): Promise<void> {
  const { reason, banSeconds } = options
  return withClient(options, (client) => client.kick(options.target, { reason, banSeconds }))
}

async function withClient<Result>(options: WireOptions, act: (client: Client) => Promise<Result>): Promise<Result> {
  // Whoever waits for one command would rather hear of a lost connection than of another try.
  const client = await connect({ ...options.connection, reconnect: false })
  try {
    await client.login(options.credentials)
    return await act(client)
  } finally {
    await client.close()
  }
}
