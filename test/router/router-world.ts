/** A router's core for tests: feeds events to `step`, and reads its effects as a client or an operator would see them. */
import type { ConnectionId } from '../../src/mailbox/router-messages.ts'
import type { Role } from '../../src/mailbox/store-messages.ts'
import type { CommandReply, LoginVerdict, RouterEffect, RouterEvent } from '../../src/router/events.ts'
import { createRouterState, type RouterOptions, type RouterState } from '../../src/router/state.ts'
import { step } from '../../src/router/step.ts'

/** An envelope as it was sent, with its `Content` parsed. */
export interface Said {
  readonly type: string
  readonly callbackId: string | undefined
  readonly content: { readonly [key: string]: unknown }
}

export const routerOptions: RouterOptions = {
  delimiters: { start: 0x02, end: 0x03 },
  sessionPolicy: 'replace',
  userSessionsMax: 2,
  pendingReceiptsMax: 8,
  pendingLookupsMax: 4,
  presenceBatchMax: 100,
  past: { isOn: false, pageBytesMax: 10_000, requestsMax: 2, toldReadMax: 2 },
  receiptAskersMax: 2,
  traceRuns: 16,
  inbox: {
    epoch: 1,
    ackWaitMs: 2000,
    ttlMs: 86_400_000,
    windowBytesMax: 1000,
    windowsBytesMax: 100_000,
    storingBytesMax: 100_000,
    readBytesMax: 100,
    retryMs: 200,
    repeatsMax: 10_000,
    idleMax: 2,
    dropsOldest: false,
  },
  heldBytesMax: 100_000,
  keyRequestsMax: 2,
  pendingKeys: { perUserMax: 2, max: 10, ttlMs: 3_600_000 },
  replays: { windowS: 300, userIdsMax: 100, idsMax: 1000 },
  replayFloor: 0,
}

/** Parses whole frames. */
export function saidIn(frames: Uint8Array): Said[] {
  return Buffer.from(frames)
    .toString('utf8')
    .split('\u0003')
    .filter((frame) => frame !== '')
    .map((frame) => {
      if (!frame.startsWith('\u0002')) throw new Error(`not a frame: ${JSON.stringify(frame)}`)
      const { MsgType, CallbackID, Content } = JSON.parse(frame.slice(1)) as {
        MsgType: string
        CallbackID?: string
        Content: string
      }
      return { type: MsgType, callbackId: CallbackID, content: JSON.parse(Content) as Said['content'] }
    })
}

/** What effects say to one connection, in order. */
export function saidTo(effects: readonly RouterEffect[], connection: ConnectionId): Said[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.connection === connection && 'frames' in effect.message
      ? saidIn(effect.message.frames)
      : [],
  )
}

/** What effects say to all sessions or watchers. */
export function saidToAll(effects: readonly RouterEffect[]): Said[] {
  return ofKind(effects, 'sendAll').flatMap(({ message }) => ('frames' in message ? saidIn(message.frames) : []))
}

/** The effects of one kind. */
export function ofKind<Kind extends RouterEffect['kind']>(
  effects: readonly RouterEffect[],
  kind: Kind,
): Extract<RouterEffect, { kind: Kind }>[] {
  return effects.filter((effect): effect is Extract<RouterEffect, { kind: Kind }> => effect.kind === kind)
}

/** Connections that are told to close, with the reason. */
export function closedBy(effects: readonly RouterEffect[]): { connection: ConnectionId; reason: string }[] {
  return ofKind(effects, 'send').flatMap(({ connection, message }) =>
    message.kind === 'close' ? [{ connection, reason: message.reason }] : [],
  )
}

/** Receipt numbers that effects ask for, with the connection. */
export function receiptsIn(effects: readonly RouterEffect[]): { connection: ConnectionId; receipt: number }[] {
  return ofKind(effects, 'send').flatMap(({ connection, message }) =>
    message.kind === 'deliver' && message.receipt !== 0 ? [{ connection, receipt: message.receipt }] : [],
  )
}

/** See the head of the file. */
export class RouterWorld {
  readonly state: RouterState
  now = 1_700_000_000_000

  constructor(options: Partial<RouterOptions> = {}) {
    this.state = createRouterState({ ...routerOptions, ...options })
  }

  step(event: RouterEvent): RouterEffect[] {
    return step(this.state, event, this.now)
  }

  authenticate(connection: ConnectionId, content: object, callbackId?: string): RouterEffect[] {
    return this.step({
      kind: 'authenticate',
      connection,
      address: '192.0.2.1',
      callbackId,
      content: JSON.stringify(content),
    })
  }

  verdict(connection: ConnectionId, verdict: LoginVerdict): RouterEffect[] {
    return this.step({ kind: 'loginVerdict', connection, verdict })
  }

  /** A whole login; gives the effects of the verdict. */
  login(connection: ConnectionId, user: string, role: Role = 'user'): RouterEffect[] {
    this.authenticate(connection, { UserId: user, Password: 'password' })
    return this.verdict(connection, accepted(user, role))
  }

  relay(connection: ConnectionId, to: string, callbackId?: string, body = '{}'): RouterEffect[] {
    const frames = Buffer.from(`\u0002${body}\u0003`)
    return this.step({
      kind: 'relay',
      connection,
      to,
      callbackIds: callbackId === undefined ? [] : [callbackId],
      isVolatile: false,
      keys: undefined,
      count: 1,
      frames,
    })
  }

  request(connection: ConnectionId, type: string, content: object, callbackId?: string): RouterEffect[] {
    const frame = type === 'BroadcastRequest' ? Buffer.from('\u0002{"broadcast":1}\u0003') : undefined
    return this.step({ kind: 'request', connection, type, callbackId, content: JSON.stringify(content), frame })
  }

  written(receipts: readonly number[], completed = true): RouterEffect[] {
    return this.step({ kind: 'written', receipts, completed })
  }

  closed(connection: ConnectionId): RouterEffect[] {
    return this.step({ kind: 'closed', connection })
  }

  command(command: Extract<RouterEvent, { kind: 'command' }>['command']): CommandReply | undefined {
    return ofKind(this.step({ kind: 'command', id: 1, command }), 'commandReply')[0]?.reply
  }

  /** What the watchers are told at the next turn. */
  tick(): Said[] {
    return saidToAll(this.step({ kind: 'tick' }))
  }
}

export function accepted(user: string, role: Role = 'user'): LoginVerdict {
  return {
    ok: true,
    userId: user,
    role,
    sessionId: `s-${user}`,
    token: `t-${user}`,
    tokenExpires: 1_800_000_000,
    keys: [],
    boundTo: [],
    policies: { signedOnly: false, endToEnd: 'allow' },
  }
}
